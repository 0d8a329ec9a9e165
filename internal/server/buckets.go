package server

import (
	"context"
	"fmt"
	"net"
	"net/url"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/objects"
)

// buckets reaches S3 for control.
type buckets struct{}

// Probe implements control.Buckets.
func (b buckets) Probe(ctx context.Context, s core.S3Storage, allowHost bool) error {
	if err := b.permitted(ctx, s, allowHost); err != nil {
		return err
	}
	return objects.Check(ctx, bucketOf(s), s.Path)
}

// DeleteObject implements control.Buckets.
func (b buckets) DeleteObject(ctx context.Context, s core.S3Storage, d core.Backup, allowHost bool) error {
	if err := b.permitted(ctx, s, allowHost); err != nil {
		return err
	}
	client, err := objects.Open(bucketOf(s))
	if err != nil {
		return err
	}
	return client.Delete(ctx, s.Key(d.Filename))
}

// permitted refuses a name that stands for this machine itself, where services listen
// that were never meant for a team's members.
func (buckets) permitted(ctx context.Context, s core.S3Storage, allowHost bool) error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || allowHost {
		return err
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return &core.Error{Op: "look up bucket", Code: core.CodeUnavailable, Err: err, Msg: fmt.Sprintf("The name %s is not known.", u.Hostname())}
	}
	for _, a := range found {
		if a = a.Unmap(); a.IsLoopback() || a.IsUnspecified() {
			return core.Errorf(core.CodeBadRequest, "%s stands for the machine of Taffrail itself, which is for teams that are allowed to use the host.", u.Hostname())
		}
	}
	return nil
}

func bucketOf(s core.S3Storage) objects.Bucket {
	return objects.Bucket{Endpoint: s.Endpoint, Region: s.Region, Name: s.Bucket, Access: s.AccessKey.Reveal(), Secret: s.SecretKey}
}
