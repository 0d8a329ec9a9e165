package run_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/run"
)

// labObject is a step with the bucket of the lab.
func labObject(tb testing.TB, name string, o run.Object) run.Step {
	tb.Helper()
	o.Endpoint, o.Bucket = os.Getenv("TAFFRAIL_LAB_S3"), os.Getenv("TAFFRAIL_LAB_S3_BUCKET")
	o.Access, o.Secret = os.Getenv("TAFFRAIL_LAB_S3_KEY"), os.Getenv("TAFFRAIL_LAB_S3_SECRET")
	if o.Endpoint == "" && os.Getenv("CI") == "true" {
		tb.Fatal("TAFFRAIL_LAB_S3 is not set")
	}
	if o.Endpoint == "" {
		tb.Skip("needs the lab's S3 service: lab/up.sh test, then TAFFRAIL_LAB_S3 from lab/up.sh env")
	}
	return run.Step{Name: name, Title: name, Object: &o}
}

// TestObjects dumps, uploads, deletes the file, downloads, and reads it back.
func TestObjects(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	key := "test/" + string(core.NewID()) + "/x.dmp"
	back := target.file("backups/databases/two/back.dmp")
	read := sh("read", "tail -n 1")
	read.Input = &run.Input{Path: back}
	rec := target.carryOut(target.script(
		target.dump("seq 3000000"), // in two parts
		labObject(t, "put", run.Object{Put: key, Path: target.dumpFile(), Name: "the copy"}),
		run.Step{Name: "forget", Delete: []string{target.dumpFile()}},
		labObject(t, "get", run.Object{Get: key, Path: back}),
		read,
		labObject(t, "delete", run.Object{Delete: []string{key, key + ".none"}}),
	))
	if end := rec.end(); end.State != run.StateFinished {
		t.Fatalf("%+v", end)
	}
	if got := rec.text(run.FrameStdout, 5); got != "3000000\n" {
		t.Errorf("read back %q", got)
	}
	all := rec.artifacts()
	if len(all) != 2 || all[1] != (core.Artifact{Name: "the copy", Path: key, Size: all[0].Size, SHA256: all[0].SHA256}) {
		t.Errorf("artifacts %+v", all)
	}
	said := rec.text(run.FrameInfo, 0)
	for _, want := range []string{"Uploaded 22.9 MB to " + key, "Downloaded 22.9 MB to " + back, "Deleted " + key + " from the bucket"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not in %q", want, said)
		}
	}
	target.assertClosed("backups/databases/two", "backups/databases/two/back.dmp")
	gone := target.carryOut(target.script(labObject(t, "get", run.Object{Get: key, Path: back})))
	if end := gone.end(); !strings.Contains(end.Reason, fmt.Sprintf("There is no object %q in the bucket ", key)) {
		t.Errorf("%+v", end)
	}
	if !there(back)() {
		t.Error("a download that failed took the file that was there")
	}
}

// bucket plays a service.
func bucket(tb testing.TB, o run.Object, handler http.HandlerFunc) run.Step {
	tb.Helper()
	s := httptest.NewServer(handler)
	tb.Cleanup(s.Close)
	o.Endpoint, o.Bucket, o.Access, o.Secret = s.URL, "bucket", "key", "s3cret"
	return run.Step{Name: "copy", Object: &o}
}

// endless answers with data for as long as they are wanted.
func endless(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("ETag", `"tag"`)
	w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
	w.Header().Set("Content-Length", "1000000000000")
	for buf := make([]byte, 64<<10); ; {
		if _, err := w.Write(buf); err != nil {
			return
		}
	}
}

func TestObjectsOnAFullDisk(t *testing.T) {
	t.Parallel()
	target := smallDisk(t, "2m")
	rec := target.carryOut(target.script(bucket(t, run.Object{Get: "k", Path: target.dumpFile()}, endless)))
	if end := rec.end(); end.State != run.StateFailed || !strings.Contains(end.Reason, "the object cannot be stored in "+target.dumpFile()+": no space left on device (") {
		t.Errorf("%+v", end)
	}
	target.assertNoDump()
}

func TestObjectsAreCancelled(t *testing.T) {
	t.Parallel()
	here := make(chan struct{}, 16)
	for name, c := range map[string]struct {
		object  run.Object
		handler http.HandlerFunc
	}{
		"put": {run.Object{Put: "k"}, func(_ http.ResponseWriter, r *http.Request) {
			// Until the body is read, nobody notices that the other side is gone.
			_, _ = io.Copy(io.Discard, r.Body)
			here <- struct{}{}
			<-r.Context().Done()
		}},
		"get": {run.Object{Get: "k"}, func(w http.ResponseWriter, r *http.Request) {
			here <- struct{}{}
			w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 12:00:00 GMT")
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "begin")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			target := newTarget(t)
			c.object.Path = target.dumpFile()
			if c.object.Put != "" {
				target.restore([]byte("data"), run.Input{}, "true")
			}
			s := target.script(bucket(t, c.object, c.handler))
			target.launch(s)
			<-here
			began := time.Now()
			if err := run.Kill(t.Context(), target.dir(s.ID)); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("took %s", took)
			}
			if end := target.follow(s.ID).end(); end.State != run.StateCancelled {
				t.Errorf("%+v", end)
			}
			if c.object.Get != "" {
				target.assertNoDump()
			}
		})
	}
}

// TestObjectsAreTriedAgain when the service was in trouble, not when it refused.
func TestObjectsAreTriedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer string // code
		status int
		warned bool
	}{
		"refused": {"AccessDenied", 403, false},
		"trouble": {"Weird", 501, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			step := bucket(t, run.Object{Delete: []string{"k"}}, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.status)
				_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code></Error>", c.answer)
			})
			step.Retries = 1
			rec := target.carryOut(target.script(step))
			if warned := strings.Contains(rec.text(run.FrameWarning, 1), "attempt 2 of 2"); warned != c.warned || rec.end().State != run.StateFailed {
				t.Errorf("%+v, tried again: %t", rec.end(), warned)
			}
			if strings.Contains(rec.end().Reason, "..") || strings.Contains(rec.end().Reason, "s3cret") {
				t.Errorf("reads %q", rec.end().Reason)
			}
		})
	}
}

func TestObjectsKeepToTheirPlace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		object run.Object
		reason string
	}{
		"put a link":         {run.Object{Put: "k", Path: "REMOTE/services/one/file"}, "cannot be uploaded: "},
		"put through one":    {run.Object{Put: "k", Path: "REMOTE/services/one/out/secret"}, "is a link"},
		"put of another":     {run.Object{Put: "k", Path: "REMOTE/services/one/within/secret"}, "is a link"},
		"put from outside":   {run.Object{Put: "k", Path: "/etc/passwd"}, "the path is not below "},
		"put a pipe":         {run.Object{Put: "k", Path: "REMOTE/services/one/pipe"}, "it is no regular file"},
		"get through a link": {run.Object{Get: "k", Path: "REMOTE/services/one/out/new"}, "is a link"},
		"get outside":        {run.Object{Get: "k", Path: "/tmp/taffrail-test-none"}, "the path is not below "},
		"get into the runs":  {run.Object{Get: "k", Path: "REMOTE/runs/x/started"}, "the path is not a resource's"},
		"two things":         {run.Object{Get: "k", Put: "k"}, "it is to do several things with a bucket, or none"},
		"nothing":            {run.Object{}, "it is to do several things with a bucket, or none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := newTarget(t)
			outside := target.tangle()
			c.object.Path = strings.Replace(c.object.Path, "REMOTE", target.remote, 1)
			step := bucket(t, c.object, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("asked for %s", r.URL) })
			if end := target.carryOut(target.script(step)).end(); end.State != run.StateFailed || !strings.Contains(end.Reason, c.reason) {
				t.Errorf("%+v", end)
			}
			if left, _ := os.ReadDir(outside); len(left) != 1 {
				t.Errorf("outside: %v", left)
			}
		})
	}
}

// TestObjectSecretsStayInside: neither the folder of the run nor what it says has them.
func TestObjectSecretsStayInside(t *testing.T) {
	t.Parallel()
	target := newTarget(t)
	s := target.script(bucket(t, run.Object{Delete: []string{"k"}}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	if end := target.carryOut(s).end(); end.State != run.StateFinished {
		t.Errorf("%+v", end)
	}
	err := filepath.WalkDir(target.dir(s.ID), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte("s3cret")) {
			t.Errorf("%s has it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
