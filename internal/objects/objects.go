// Package objects copies files to and from buckets of any service that speaks S3. It is
// used on targets, by runs, and by the controller to check what a person entered.
package objects

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/url"
	"os"
	"strings"
	"sync/atomic"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/taffrail/taffrail/internal/core"
)

const (
	defaultRegion = "us-east-1"
	sumHeader     = "Taffrail-Sha256" // of the object's own metadata
	getTries      = 5                 // times that a broken download is gone on with, without any progress
	tries         = 8                 // of each request, over some seconds
	checkTries    = 2                 // a person waits
)

// Bucket is a bucket and who may use it.
type Bucket struct {
	Endpoint string // URL of the service, without a path: https://s3.example.com
	Region   string // empty: us-east-1
	Name     string
	Access   string // key id
	Secret   core.Secret
}

// Client does things in one bucket. Its errors are *core.Error fit for a person; those
// with core.CodeUnavailable may be gone later. Requests that fail for a moment are tried
// again; redirects are not followed, and no address of a machine's own link is connected
// to, where clouds answer whoever asks with the machine's credentials.
type Client struct {
	bucket Bucket
	core   *minio.Core
}

// Open makes a client. It does not connect yet.
func Open(b Bucket) (*Client, error) { return open(b, tries) }

func open(b Bucket, tries int) (*Client, error) {
	u, err := url.Parse(b.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, core.Errorf(core.CodeBadRequest, "The endpoint of the S3 storage must be a URL such as https://s3.example.com, without a path.")
	}
	b.Endpoint = u.Scheme + "://" + u.Host
	if b.Region == "" {
		b.Region = defaultRegion
	}
	client, err := minio.NewCore(u.Host, &minio.Options{
		Creds:      credentials.NewStaticV4(b.Access, b.Secret.Reveal(), ""),
		Secure:     u.Scheme == "https",
		Region:     b.Region,
		Transport:  newTransport(),
		MaxRetries: tries,
	})
	if err != nil {
		return nil, core.Errorf(core.CodeBadRequest, "The endpoint %s of the S3 storage cannot be used: %v.", b.Endpoint, err)
	}
	return &Client{bucket: b, core: client}, nil
}

// Put writes what is in a file from its beginning on as an object, in parts when it is
// large, and returns its size and SHA-256. sent, which may be nil, counts bytes on their
// way. Nothing is left in the bucket of an upload that fails.
func (c *Client) Put(ctx context.Context, key string, file *os.File, sent *atomic.Int64) (size int64, sum string, err error) {
	hash := sha256.New()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return 0, "", fmt.Errorf("read file: %w", err)
	}
	size, err = io.Copy(hash, contextReader{ctx.Err, file})
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return 0, "", fmt.Errorf("read file: %w", err)
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	err = c.put(ctx, key, file, size, minio.PutObjectOptions{
		UserMetadata: map[string]string{sumHeader: sum},
		Progress:     counter{sent},
	})
	return size, sum, err
}

func (c *Client) put(ctx context.Context, key string, r io.Reader, size int64, o minio.PutObjectOptions) error {
	o.ContentType = "application/octet-stream"
	// Each part travels with its MD5, which all services check; not all know more.
	o.SendContentMd5 = true
	ctx, cancel := withStop(ctx)
	defer cancel(nil)
	info, err := c.core.Client.PutObject(ctx, c.bucket.Name, key, r, size, o)
	if err != nil {
		return c.explain(ctx, "write", key, err)
	}
	if info.Size != size {
		return core.Errorf(core.CodeUnavailable, "Of the object %q only %d of %d bytes have arrived.", key, info.Size, size)
	}
	return nil
}

// counter counts what a reader would have been given.
type counter struct{ *atomic.Int64 }

func (c counter) Read(b []byte) (int, error) {
	if c.Int64 != nil {
		c.Add(int64(len(b)))
	}
	return len(b), nil
}

// Get copies an object to w and returns its size. A connection that breaks is made anew,
// and what came is checked against the checksum that Put left, if it did.
func (c *Client) Get(ctx context.Context, key string, w io.Writer) (int64, error) {
	g := &download{client: c, key: key, to: w, sum: sha256.New()}
	for failed := 0; ; {
		before := g.got
		err := g.attempt(ctx)
		if err == nil {
			break
		}
		if failed++; g.got > before {
			failed = 0
		}
		if ctx.Err() != nil || core.CodeOf(err) != core.CodeUnavailable || failed == getTries {
			return g.got, err
		}
	}
	if g.want != "" && g.want != hex.EncodeToString(g.sum.Sum(nil)) {
		return g.got, core.Errorf(core.CodeBadRequest, "The object %q is not what was written: its SHA-256 is %x, not %s.", key, g.sum.Sum(nil), g.want)
	}
	return g.got, nil
}

// download is a Get over as many connections as it takes.
type download struct {
	client *Client
	key    string
	to     io.Writer
	sum    hash.Hash
	got    int64
	size   int64
	etag   string
	want   string
}

func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := withStop(ctx)
	defer cancel(nil)
	var o minio.GetObjectOptions
	if d.got > 0 {
		if err := errors.Join(o.SetRange(d.got, 0), o.SetMatchETag(d.etag)); err != nil {
			return fmt.Errorf("go on with download: %w", err)
		}
	}
	c := d.client
	body, info, header, err := c.core.GetObject(ctx, c.bucket.Name, d.key, o)
	if err != nil {
		return c.explain(ctx, "read", d.key, err)
	}
	defer func() { _ = body.Close() }()
	if d.got == 0 {
		d.size, d.etag, d.want = info.Size, info.ETag, header.Get("X-Amz-Meta-"+sumHeader)
	}
	n, err := io.Copy(io.MultiWriter(d.to, d.sum), body)
	d.got += n
	if err == nil && d.got != d.size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return c.explain(ctx, "read", d.key, err)
	}
	return nil
}

// Delete removes objects. One that is not there is no fault.
func (c *Client) Delete(ctx context.Context, keys ...string) error {
	ctx, cancel := withStop(ctx)
	defer cancel(nil)
	for _, key := range keys {
		if err := c.core.RemoveObject(ctx, c.bucket.Name, key, minio.RemoveObjectOptions{}); err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchKey {
			return c.explain(ctx, "delete", key, err)
		}
	}
	return nil
}

// Check says whether a bucket can be used for what this package does: it writes an
// object below prefix, finds and reads it, and deletes it again.
func Check(ctx context.Context, b Bucket, prefix string) error {
	c, err := open(b, checkTries)
	if err != nil {
		return err
	}
	key := strings.TrimPrefix(strings.Trim(prefix, "/")+"/taffrail-check-"+string(core.NewID()), "/")
	const text = "Taffrail looks whether it may write here. This can be deleted.\n"
	if err := c.put(ctx, key, strings.NewReader(text), int64(len(text)), minio.PutObjectOptions{}); err != nil {
		return err
	}
	return errors.Join(c.checkRead(ctx, key, text), c.Delete(ctx, key))
}

func (c *Client) checkRead(ctx context.Context, key, want string) error {
	ctx, cancel := withStop(ctx)
	defer cancel(nil)
	list, err := c.core.ListObjectsV2(c.bucket.Name, key, "", "", "", 1)
	if err != nil {
		return c.explain(ctx, "list", key, err)
	}
	var got bytes.Buffer
	if _, err := c.Get(ctx, key, &got); err != nil {
		return err
	}
	if len(list.Contents) != 1 || list.Contents[0].Key != key || got.String() != want {
		return core.Errorf(core.CodeBadRequest, "The bucket %q does not give back what was written into it.", c.bucket.Name)
	}
	return nil
}

// contextReader stops reading when a context has ended.
type contextReader struct {
	endedFunc func() error
	io.Reader
}

func (r contextReader) Read(b []byte) (int, error) {
	if err := r.endedFunc(); err != nil {
		return 0, err
	}
	return r.Reader.Read(b)
}
