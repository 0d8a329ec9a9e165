package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

func TestBuckets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	in := bucketInput()
	in.Endpoint, in.Path = ptr(" https://minio.lan:9000/ "), ptr("/a/b/")
	s := must(w.c.CreateS3Storage(ctx, w.owner, in))(t)
	if s.Endpoint != "https://minio.lan:9000" || s.Path != "a/b" || s.Region != "us-east-1" || s.IsUsable || s.SecretKey.Reveal() != "very-secret" {
		t.Errorf("bucket %+v", s)
	}
	if v := must(w.c.ValidateS3Storage(ctx, w.owner, s.UUID))(t); !v.Valid || v.Message == "" {
		t.Errorf("validated %+v", v)
	}
	usable := func(want bool) {
		t.Helper()
		if got := must(w.c.GetS3Storage(ctx, w.owner, s.UUID))(t).IsUsable; got != want {
			t.Errorf("usable is %v", got)
		}
	}
	usable(true)
	must(w.c.UpdateS3Storage(ctx, w.owner, s.UUID, control.S3Input{Name: ptr("Renamed"), Description: ptr("d")}))(t)
	usable(true)
	s = must(w.c.UpdateS3Storage(ctx, w.owner, s.UUID, control.S3Input{SecretKey: secret("another"), Region: ptr("")}))(t)
	if s.Name != "Renamed" || s.AccessKey.Reveal() != "access" || s.SecretKey.Reveal() != "another" || s.Region != "us-east-1" {
		t.Errorf("changed %+v", s)
	}
	usable(false)
	w.buckets.fault = core.Errorf(core.CodeUnavailable, "The bucket dumps does not exist.")
	if v := must(w.c.ValidateS3Storage(ctx, w.owner, s.UUID))(t); v.Valid || v.Message != "The bucket dumps does not exist." {
		t.Errorf("validated %+v", v)
	}
	w.buckets.fault = errors.New("of no use to a person")
	if _, err := w.c.ValidateS3Storage(ctx, w.owner, s.UUID); core.CodeOf(err) != core.CodeInternal {
		t.Errorf("a fault of ours: %v", err)
	}
	if want := "https://minio.lan:9000 dumps false"; !slices.Equal(w.buckets.probed, []string{want, want, want}) {
		t.Errorf("probed %q", w.buckets.probed)
	}
	if err := w.c.DeleteS3Storage(ctx, w.owner, s.UUID); err != nil {
		t.Error(err)
	}
	if list := must(w.c.ListS3Storages(ctx, w.owner))(t); len(list) != 0 {
		t.Errorf("left %+v", list)
	}
}

func TestBucketsInUseStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnishAll(t, w.owner)
	wantCode(t, w.c.DeleteS3Storage(t.Context(), w.owner, x.data.bucket), core.CodeBadRequest, "")
}

func TestBucketsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	before := w.dump(t)
	_, err := w.c.CreateS3Storage(ctx, w.owner, control.S3Input{})
	wantFields(t, err, "name", "endpoint", "bucket", "key", "secret")
	if strings.Contains(err.Error(), "very-secret") {
		t.Error("the error shows a key")
	}
	bad := map[string][]string{
		"endpoint": append(payloads(), "s3.example.com", "ftp://s3.example.com", "file:///etc/passwd", "gopher://s3.example.com", "https://u:p@s3.example.com",
			"https://good.test@evil.test", "https://evil.test#good.test", "https://evil.test?x=1", "http://169.254.169.254", "http://169.254.169.254/latest/meta-data",
			"http://127.0.0.1:9000", "http://[::1]", "http://[::ffff:127.0.0.1]", "http://[fe80::1]", "http://[fe80::1%25eth0]", "http://localhost:9000",
			"http://LOCALHOST", "http://x.localhost", "http://2130706433", "http://0x7f000001", "http://0177.0.0.1", "http://127.1", "http://0.0.0.0", "http://[::]", "https://s3.example.com/bucket"),
		"bucket": append(payloads(), "", "ab", "Dumps", "a_b", "-ab", "ab-", "a..b", "a/b", strings.Repeat("a", 64)),
		"region": append(payloads(), "eu central", "eu/central", strings.Repeat("a", 64)),
		"path":   append(payloads(), "a//b", "../a", "a/../b", "a/./b", "a b", "a?b", "a#b", strings.Repeat("a", 256)),
		"key":    {"", "a b", "a\nb", "ä", strings.Repeat("a", 1025)},
		"secret": {"", "a b", "a\x00b", strings.Repeat("a", 1025)},
	}
	for field, texts := range bad {
		for _, text := range texts {
			in := bucketInput()
			switch field {
			case "endpoint":
				in.Endpoint = &text
			case "bucket":
				in.Bucket = &text
			case "region":
				in.Region = &text
			case "path":
				in.Path = &text
			case "key":
				in.AccessKey = secret(text)
			case "secret":
				in.SecretKey = secret(text)
			}
			_, err := w.c.CreateS3Storage(ctx, w.owner, in)
			if err == nil {
				t.Errorf("%s %.60q is accepted", field, text)
			}
			wantFields(t, err, field)
		}
	}
	if w.dump(t) != before {
		t.Error("a refused bucket was stored")
	}
}

func TestBucketsNearby(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for _, endpoint := range []string{"http://10.0.0.5:9000", "http://192.168.1.2", "http://[fd00::1]:9000", "https://minio", "https://s3.eu-central-1.amazonaws.com"} {
		in := bucketInput()
		in.Endpoint = &endpoint
		must(w.c.CreateS3Storage(ctx, w.owner, in))(t)
	}
	must(w.c.UpdateTeam(ctx, w.owner, control.TeamPatch{AllowHostAccess: ptr(true)}))(t)
	in := bucketInput()
	in.Endpoint = ptr("http://127.0.0.1:9000")
	s := must(w.c.CreateS3Storage(ctx, w.owner, in))(t)
	must(w.c.ValidateS3Storage(ctx, w.owner, s.UUID))(t)
	if want := []string{"http://127.0.0.1:9000 dumps true"}; !slices.Equal(w.buckets.probed, want) {
		t.Errorf("probed %q", w.buckets.probed)
	}
}
