package objects_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/objects"
)

// labBucket is the bucket of the lab.
func labBucket(tb testing.TB) objects.Bucket {
	tb.Helper()
	b := objects.Bucket{
		Endpoint: os.Getenv("TAFFRAIL_LAB_S3"), Name: os.Getenv("TAFFRAIL_LAB_S3_BUCKET"),
		Access: os.Getenv("TAFFRAIL_LAB_S3_KEY"), Secret: core.NewSecret(os.Getenv("TAFFRAIL_LAB_S3_SECRET")),
	}
	if b.Endpoint != "" {
		return b
	}
	if os.Getenv("CI") == "true" {
		tb.Fatal("TAFFRAIL_LAB_S3 is not set")
	}
	tb.Skip("needs the lab's S3 service: lab/up.sh test, then TAFFRAIL_LAB_S3 from lab/up.sh env")
	return b
}

func open(tb testing.TB, b objects.Bucket) *objects.Client {
	tb.Helper()
	c, err := objects.Open(b)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// file is a file with data.
func file(tb testing.TB, data []byte) *os.File {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = f.Close() })
	return f
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func TestThereAndBack(t *testing.T) {
	t.Parallel()
	b := labBucket(t)
	c := open(t, b)
	for name, size := range map[string]int{"empty": 0, "small": 100, "a part": 16 << 20, "three parts": 33<<20 + 7} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := "test/" + string(core.NewID()) + "/ä b+c&d"
			data := bytes.Repeat([]byte(key), size/len(key)+1)[:size]
			var sent atomic.Int64
			n, got, err := c.Put(t.Context(), key, file(t, data), &sent)
			if err != nil || n != int64(size) || got != sum(data) || sent.Load() < int64(size) {
				t.Fatalf("%d bytes with %s, %d sent: %v", n, got, sent.Load(), err)
			}
			var back bytes.Buffer
			if n, err := c.Get(t.Context(), key, &back); err != nil || n != int64(size) || !bytes.Equal(back.Bytes(), data) {
				t.Errorf("got %d of %d bytes: %v", n, size, err)
			}
			if err := c.Delete(t.Context(), key, key, key+"-none"); err != nil {
				t.Error(err)
			}
			if _, err := c.Get(t.Context(), key, io.Discard); core.CodeOf(err) != core.CodeNotFound {
				t.Errorf("deleted: %v", err)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	b := labBucket(t)
	if err := objects.Check(t.Context(), b, "/some/prefix/"); err != nil {
		t.Error(err)
	}
	if err := objects.Check(t.Context(), b, ""); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		change func(*objects.Bucket)
		want   string
	}{
		"bucket": {func(b *objects.Bucket) { b.Name = "none-such" }, fmt.Sprintf("There is no bucket %q at %s.", "none-such", b.Endpoint)},
		"key":    {func(b *objects.Bucket) { b.Access = "nobody" }, b.Endpoint + ` does not know the access key "nobody".`},
		"secret": {func(b *objects.Bucket) { b.Secret = core.NewSecret("wrong") }, b.Endpoint + ` refuses the secret of the access key "taffrail-lab".`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := b
			c.change(&b)
			err := objects.Check(t.Context(), b, "p")
			if message(err) != c.want || core.CodeOf(err) != core.CodeBadRequest {
				t.Errorf("%q, %v", message(err), err)
			}
		})
	}
}

// message is what a person reads of an error.
func message(err error) string {
	var e *core.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return e.Msg
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"", "s3.test", "ftp://s3.test", "https://", "https://s3.test/path", "https://u:p@s3.test", "https://s3.test?x=y", "https://a b", "://"} {
		if _, err := objects.Open(objects.Bucket{Endpoint: endpoint, Name: "bucket"}); core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
	for _, endpoint := range []string{"https://s3.test", "http://127.0.0.1:9000/", "https://[::1]:9000"} {
		if _, err := objects.Open(objects.Bucket{Endpoint: endpoint, Name: "bucket"}); err != nil {
			t.Errorf("%q: %v", endpoint, err)
		}
	}
}

// service plays a service that answers as handler does.
func service(tb testing.TB, handler http.HandlerFunc) objects.Bucket {
	tb.Helper()
	s := httptest.NewServer(handler)
	tb.Cleanup(s.Close)
	return objects.Bucket{Endpoint: s.URL, Name: "bucket", Access: "key", Secret: core.NewSecret("s3cret")}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("followed to %s", r.URL) }))
	t.Cleanup(elsewhere.Close)
	for name, c := range map[string]struct {
		status int
		body   string
		want   string // with %s for the endpoint
		code   core.Code
	}{
		"denied":       {403, "<Error><Code>AccessDenied</Code><Message>internal detail</Message></Error>", `%s does not let the access key "key" write in the bucket "bucket".`, core.CodeBadRequest},
		"no words":     {403, "", `%s does not let the access key "key" write in the bucket "bucket".`, core.CodeBadRequest},
		"clock":        {403, "<Error><Code>RequestTimeTooSkewed</Code></Error>", "The clock of this server is too far from that of %s.", core.CodeBadRequest},
		"redirect":     {307, "", `%s could not write "key" in the bucket "bucket": it answers with status 307 (307 Temporary Redirect).`, core.CodeBadRequest},
		"no S3 at all": {200, "<html>internal detail</html>", "", ""},
		"odd code":     {400, "<Error><Code>" + strings.Repeat("x\tä", 100) + "</Code></Error>", `%s could not write "key" in the bucket "bucket": it answers with status 400 (` + strings.Repeat("x", 60) + `).`, core.CodeBadRequest},
		"in trouble":   {503, "<Error><Code>Weird</Code></Error>", `%s could not write "key" in the bucket "bucket": it answers with status 503 (Weird).`, core.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := service(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", elsewhere.URL+"/bucket/key")
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			_, _, err := open(t, b).Put(t.Context(), "key", file(t, []byte("data")), nil)
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
				// What is put there is not there: a check finds out.
				err = objects.Check(t.Context(), b, "")
				if err == nil || strings.Contains(message(err), "internal detail") {
					t.Errorf("checked: %v", err)
				}
				return
			}
			if want := strings.Replace(c.want, "%s", b.Endpoint, 1); message(err) != want || core.CodeOf(err) != c.code {
				t.Errorf("%s %q, want %q", core.CodeOf(err), message(err), want)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for name, c := range map[string]struct {
		endpoint, want string
		code           core.Code
	}{
		"nobody there":        {gone.URL, gone.URL + " cannot be reached: dial tcp ", core.CodeUnavailable},
		"no such name":        {"http://nothing.invalid", "http://nothing.invalid cannot be reached: ", core.CodeUnavailable},
		"unknown certificate": {secure.URL, "The certificate of " + secure.URL + " is not trusted: x509: ", core.CodeBadRequest},
		"no TLS":              {strings.Replace(plain.URL, "http", "https", 1), "cannot be reached: tls: first record does not look like a TLS handshake.", core.CodeUnavailable},
		"metadata":            {"http://169.254.169.254", "http://169.254.169.254 is not used: addresses of the link itself", core.CodeBadRequest},
		"metadata, as IPv6":   {"http://[::ffff:169.254.169.254]", "is not used: addresses of the link itself", core.CodeBadRequest},
		"metadata of IPv6":    {"http://[fd00:ec2::254]", "is not used: addresses of the link itself", core.CodeBadRequest},
		"link-local":          {"http://[fe80::1]:80", "is not used: addresses of the link itself", core.CodeBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			err := objects.Check(t.Context(), objects.Bucket{Endpoint: c.endpoint, Name: "bucket"}, "")
			if !strings.Contains(message(err), c.want) || core.CodeOf(err) != c.code {
				t.Errorf("%s %q, want %q", core.CodeOf(err), message(err), c.want)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// TestTroubleForAMoment: what fails is tried again.
func TestTroubleForAMoment(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var got atomic.Pointer[string]
	b := service(t, func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		data, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		text := string(data)
		got.Store(&text)
	})
	if _, _, err := open(t, b).Put(t.Context(), "key", file(t, []byte("all of it")), nil); err != nil {
		t.Fatal(err)
	}
	if text := got.Load(); text == nil || !strings.Contains(*text, "all of it") || asked.Load() != 3 {
		t.Errorf("asked %d times, got %v", asked.Load(), text)
	}
}

// breaking serves data, but breaks off each connection after some bytes.
func breaking(tb testing.TB, data []byte, step int, header map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		from := 0
		if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil && r.Header.Get("Range") != "" {
			tb.Error(err)
		}
		w.Header().Set("ETag", `"tag"`)
		w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
		w.Header().Set("Content-Length", strconv.Itoa(len(data)-from))
		for name, value := range header {
			w.Header().Set(name, value)
		}
		status := http.StatusOK
		if from > 0 {
			status = http.StatusPartialContent
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			if r.Header.Get("If-Match") != `"tag"` {
				tb.Errorf("goes on with %q", r.Header.Get("If-Match"))
			}
		}
		w.WriteHeader(status)
		_, _ = w.Write(data[from:min(from+step, len(data))])
	}
}

func TestDownloadGoesOn(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("0123456789"), 1000)
	for name, c := range map[string]struct {
		step int
		sum  string
		want string
	}{
		"after many breaks":         {900, sum(data), ""},
		"without a sum":             {5000, "", ""},
		"not when nothing comes":    {0, sum(data), " cannot be reached: unexpected EOF."},
		"to something else in fact": {900, sum(nil), `The object "key" is not what was written`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := service(t, breaking(t, data, c.step, map[string]string{"X-Amz-Meta-Taffrail-Sha256": c.sum}))
			var got bytes.Buffer
			_, err := open(t, b).Get(t.Context(), "key", &got)
			if c.want == "" && (err != nil || !bytes.Equal(got.Bytes(), data)) || c.want != "" && !strings.Contains(message(err), c.want) {
				t.Errorf("%d of %d bytes, %v", got.Len(), len(data), err)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	here, release := make(chan struct{}, 16), make(chan struct{})
	b := service(t, func(_ http.ResponseWriter, r *http.Request) {
		here <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	t.Cleanup(func() { close(release) })
	cause := errors.New("enough of it")
	for name, act := range map[string]func(context.Context, *objects.Client) error{
		"put": func(ctx context.Context, c *objects.Client) error {
			_, _, err := c.Put(ctx, "key", file(t, []byte("data")), nil)
			return err
		},
		"get": func(ctx context.Context, c *objects.Client) error {
			_, err := c.Get(ctx, "key", io.Discard)
			return err
		},
		"delete": func(ctx context.Context, c *objects.Client) error { return c.Delete(ctx, "key") },
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() { <-here; cancel(cause) }()
		began := time.Now()
		if err := act(ctx, open(t, b)); !errors.Is(err, cause) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s took %s", name, took)
		}
		cancel(nil)
	}
}
