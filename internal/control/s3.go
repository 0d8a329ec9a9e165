package control

import (
	"context"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const (
	defaultRegion = "us-east-1"
	maxKeyLength  = 1024 // bytes of a key of S3, and of what opens it
)

var (
	bucketPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionPattern = regexp.MustCompile(`^[A-Za-z0-9-]{1,63}$`)
	prefixPattern = regexp.MustCompile(`^[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*$`)
)

// S3Input creates or changes a bucket for backups. What is nil takes its default, or
// stays as it is.
type S3Input struct {
	Name        *string
	Description *string
	Endpoint    *string // URL
	Region      *string // default: us-east-1
	Bucket      *string
	Path        *string // prefix of the keys
	AccessKey   *core.Secret
	SecretKey   *core.Secret
}

// S3Validation is what a look at a bucket showed.
type S3Validation struct {
	Valid   bool
	Message string
}

// ListS3Storages returns the buckets of the team. Keys are empty unless p may see secrets.
func (c *Control) ListS3Storages(ctx context.Context, p auth.Principal) ([]core.S3Storage, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Databases.S3.ListS3Storages(ctx, p.TeamID)
	for i := range list {
		list[i] = shownS3(p, list[i])
	}
	return list, err
}

// GetS3Storage returns one bucket.
func (c *Control) GetS3Storage(ctx context.Context, p auth.Principal, id core.ID) (core.S3Storage, error) {
	if err := p.Require(auth.Read); err != nil {
		return core.S3Storage{}, err
	}
	s, err := c.s3(ctx, p, id)
	return shownS3(p, s), err
}

// CreateS3Storage stores a bucket. It is not contacted: see ValidateS3Storage.
func (c *Control) CreateS3Storage(ctx context.Context, p auth.Principal, in S3Input) (core.S3Storage, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.S3Storage{}, err
	}
	s := in.onto(core.S3Storage{UUID: core.NewID(), TeamID: p.TeamID, Region: defaultRegion})
	if err := c.checkS3(ctx, p, s); err != nil {
		return core.S3Storage{}, err
	}
	s, err := c.deps.Databases.S3.CreateS3Storage(ctx, s)
	if err != nil {
		return core.S3Storage{}, err
	}
	c.did(ctx, p, "s3 storage created", s.UUID)
	return shownS3(p, s), nil
}

// UpdateS3Storage changes a bucket, which has to be validated anew then.
func (c *Control) UpdateS3Storage(ctx context.Context, p auth.Principal, id core.ID, in S3Input) (core.S3Storage, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.S3Storage{}, err
	}
	old, err := c.s3(ctx, p, id)
	if err != nil {
		return core.S3Storage{}, err
	}
	s := in.onto(old)
	if err := c.checkS3(ctx, p, s); err != nil {
		return core.S3Storage{}, err
	}
	s.IsUsable = s.IsUsable && sameBucket(s, old)
	if err := c.deps.Databases.S3.UpdateS3Storage(ctx, s); err != nil {
		return core.S3Storage{}, named(err, titleS3)
	}
	c.did(ctx, p, "s3 storage updated", id)
	s, err = c.s3(ctx, p, id)
	return shownS3(p, s), err
}

// DeleteS3Storage forgets a bucket that no schedule and no backup uses.
func (c *Control) DeleteS3Storage(ctx context.Context, p auth.Principal, id core.ID) error {
	if err := p.Require(auth.Write); err != nil {
		return err
	}
	if err := known(id, titleS3); err != nil {
		return err
	}
	if err := c.deps.Databases.S3.DeleteS3Storage(ctx, p.TeamID, id); err != nil {
		return named(err, titleS3)
	}
	c.did(ctx, p, "s3 storage deleted", id)
	return nil
}

// ValidateS3Storage tries a bucket out and notes whether it can be used. That it cannot
// is no error.
func (c *Control) ValidateS3Storage(ctx context.Context, p auth.Principal, id core.ID) (S3Validation, error) {
	if err := p.Require(auth.Write); err != nil {
		return S3Validation{}, err
	}
	s, err := c.s3(ctx, p, id)
	if err != nil {
		return S3Validation{}, err
	}
	out := S3Validation{Valid: true, Message: "The bucket can be used."}
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return S3Validation{}, err
	}
	if fault := c.deps.Databases.Buckets.Probe(ctx, s, team.AllowHostAccess); fault != nil {
		e, ok := person(fault)
		if !ok || ctx.Err() != nil {
			return S3Validation{}, fault
		}
		out = S3Validation{Message: e.Msg}
	}
	s.IsUsable = out.Valid
	return out, named(c.deps.Databases.S3.UpdateS3Storage(ctx, s), titleS3)
}

const titleS3 = "S3 storage"

func (c *Control) s3(ctx context.Context, p auth.Principal, id core.ID) (core.S3Storage, error) {
	if err := known(id, titleS3); err != nil {
		return core.S3Storage{}, err
	}
	s, err := c.deps.Databases.S3.GetS3Storage(ctx, p.TeamID, id)
	return s, named(err, titleS3)
}

func (in S3Input) onto(s core.S3Storage) core.S3Storage {
	trim(&s.Name, in.Name)
	trim(&s.Description, in.Description)
	trim(&s.Endpoint, in.Endpoint)
	trim(&s.Region, in.Region)
	trim(&s.Bucket, in.Bucket)
	trim(&s.Path, in.Path)
	set(&s.AccessKey, in.AccessKey)
	set(&s.SecretKey, in.SecretKey)
	s.Endpoint, s.Path = strings.TrimRight(s.Endpoint, "/"), strings.Trim(s.Path, "/")
	if s.Region == "" {
		s.Region = defaultRegion
	}
	return s
}

func (c *Control) checkS3(ctx context.Context, p auth.Principal, s core.S3Storage) error {
	team, err := c.deps.Teams.GetTeam(ctx, p.TeamID)
	if err != nil {
		return err
	}
	f := faults{}
	f.name("name", s.Name)
	f.description(s.Description)
	f.endpoint(s.Endpoint, team.AllowHostAccess)
	if f.required("bucket", s.Bucket) && (!bucketPattern.MatchString(s.Bucket) || strings.Contains(s.Bucket, "..")) {
		f.add("bucket", "The bucket field must have 3 to 63 small letters, digits, dots and hyphens.")
	}
	if !regionPattern.MatchString(s.Region) {
		f.add("region", "The region field may only contain letters, digits and hyphens.")
	}
	if s.Path != "" && (!prefixPattern.MatchString(s.Path) || path.Clean(s.Path) != s.Path || strings.HasPrefix(s.Path, "..") || len(s.Path) > maxText) {
		f.add("path", "The path field may only contain letters, digits and . _ ~ - between its slashes.")
	}
	f.credential("key", s.AccessKey)
	f.credential("secret", s.SecretKey)
	return f.err()
}

// endpoint checks the address of a bucket. The address that is dialled in the end is
// checked again there: a name can mean another one by then.
func (f faults) endpoint(text string, allowHost bool) {
	const field = "endpoint"
	if !f.required(field, text) {
		return
	}
	u, err := url.Parse(text)
	if err != nil || !validURL(text) || u.Path != "" {
		f.add(field, "The endpoint field must look like https://host.example, with a port if need be. The bucket is a field of its own.")
		return
	}
	if allowHost {
		return
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	a, err := netip.ParseAddr(host)
	a = a.Unmap()
	if host == core.LocalhostIP || strings.HasSuffix(host, ".localhost") || err == nil && (a.IsLoopback() || a.IsLinkLocalUnicast()) {
		f.add(field, "Addresses of this machine and of its own network link are for teams that are allowed to use the host.")
	}
}

func (f faults) credential(field string, value core.Secret) {
	text := value.Reveal()
	switch {
	case !f.required(field, text):
	case len(text) > maxKeyLength || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		f.add(field, "The %s field must be at most %d visible ASCII characters.", words(field), maxKeyLength)
	}
}

// sameBucket says whether what a validation depends on is the same.
func sameBucket(a, b core.S3Storage) bool {
	return a.Endpoint == b.Endpoint && a.Region == b.Region && a.Bucket == b.Bucket && a.Path == b.Path &&
		a.AccessKey == b.AccessKey && a.SecretKey == b.SecretKey
}

func shownS3(p auth.Principal, s core.S3Storage) core.S3Storage {
	if !p.SeesSecrets() {
		s.AccessKey, s.SecretKey = core.Secret{}, core.Secret{}
	}
	return s
}
