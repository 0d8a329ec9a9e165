package git_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

// TestMain lets the test binary play the taffrail binary for the runs it starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "run" {
		// Not os.Exit, with which the race detector waits for a second.
		syscall.Exit(run.Main(context.Background(), os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	goleak.VerifyTestMain(m)
}

const patience = time.Minute

// origin is a bare repository with a working copy to make commits in.
type origin struct {
	tb         testing.TB
	bare, work string
}

func newOrigin(tb testing.TB) *origin {
	tb.Helper()
	dir := tb.TempDir()
	return newOriginIn(tb, filepath.Join(dir, "app.git"))
}

func newOriginIn(tb testing.TB, bare string) *origin {
	tb.Helper()
	o := &origin{tb, bare, tb.TempDir()}
	o.git("init", "--quiet", "--bare", "--initial-branch=main", bare)
	o.git("clone", "--quiet", bare, o.work)
	return o
}

// git runs git in the working copy, with nothing of this machine's configuration.
func (o *origin) git(args ...string) string {
	o.tb.Helper()
	cmd := exec.CommandContext(o.tb.Context(), "git", args...)
	cmd.Dir = o.work
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Ann Author", "GIT_COMMITTER_EMAIL=ann@example.com", "GIT_ALLOW_PROTOCOL=file:https:http:ssh")
	out, err := cmd.CombinedOutput()
	if err != nil {
		o.tb.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files (a target behind "-> " makes a link), pushes them to a branch and
// returns the commit.
func (o *origin) commit(branch, message string, files map[string]string) string {
	o.tb.Helper()
	o.git("checkout", "--quiet", "-B", branch)
	for name, text := range files {
		path := filepath.Join(o.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			o.tb.Fatal(err)
		}
		_ = os.Remove(path)
		var err error
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o644)
		}
		if err != nil {
			o.tb.Fatal(err)
		}
	}
	o.git("add", "--all")
	o.git("commit", "--quiet", "--allow-empty", "--message", message)
	o.git("push", "--quiet", "--force", "origin", "HEAD:refs/heads/"+branch)
	return o.git("rev-parse", "HEAD")
}

// forge serves the folder of a bare repository over HTTP as real servers do.
type forge struct {
	*httptest.Server
	login string              // "user:password"; empty: everybody may read
	asked func(*http.Request) // sees every request
}

// newForge serves a folder. env is added to the environment of git there.
func newForge(tb testing.TB, root string, env ...string) *forge {
	tb.Helper()
	f := &forge{asked: func(*http.Request) {}}
	path, err := exec.CommandContext(tb.Context(), "git", "--exec-path").Output()
	if err != nil {
		tb.Fatal(err)
	}
	backend := filepath.Join(strings.TrimSpace(string(path)), "git-http-backend")
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.asked(r)
		if user, password, _ := r.BasicAuth(); f.login != "" && user+":"+password != f.login {
			w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		handler := cgi.Handler{Path: backend, Stderr: io.Discard, InheritEnv: []string{"PATH"}, Env: append([]string{
			"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1", "HOME=/nonexistent",
			"GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
		}, env...)}
		handler.ServeHTTP(w, r)
	}))
	tb.Cleanup(f.Close)
	return f
}

// serve gives a repository over HTTP.
func (o *origin) serve(env ...string) *forge { return newForge(o.tb, filepath.Dir(o.bare), env...) }

func (f *forge) remote(tb testing.TB, path string, a git.Auth) git.Remote {
	tb.Helper()
	return remote(tb, f.URL+"/"+path, a)
}

func remote(tb testing.TB, url string, a git.Auth) git.Remote {
	tb.Helper()
	r, err := git.Parse(url, git.Options{Plain: true})
	if err != nil {
		tb.Fatal(err)
	}
	out, err := git.NewRemote(r, a)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// local runs a short command as a host does.
func local(tb testing.TB, c host.Command) host.Result {
	tb.Helper()
	cmd := exec.CommandContext(tb.Context(), c.Argv[0], c.Argv[1:]...)
	cmd.Env = run.Environ()
	for name, value := range c.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Stdin = c.Stdin
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		tb.Fatal(err)
	}
	return host.Result{Stdout: stdout.Bytes(), Stderr: stderr.Bytes(), ExitCode: cmd.ProcessState.ExitCode()}
}

// resolve asks the remote from this machine.
func resolve(tb testing.TB, r git.Remote, ref git.Ref) (git.Resolved, error) {
	tb.Helper()
	return r.Read(ref, local(tb, r.Resolve(ref, "")))
}

// server is a remote folder with the folder of one application.
type server struct {
	tb     testing.TB
	remote string
}

func newServer(tb testing.TB) *server {
	tb.Helper()
	return &server{tb, tb.TempDir()}
}

func (s *server) dir() string             { return filepath.Join(s.remote, "applications", "app") }
func (s *server) file(name string) string { return filepath.Join(s.dir(), name) }

func (s *server) read(name string) string {
	s.tb.Helper()
	data, err := os.ReadFile(s.file(name))
	if err != nil {
		s.tb.Fatal(err)
	}
	return string(data)
}

func (s *server) missing(name string) bool {
	_, err := os.Lstat(s.file(name))
	return errors.Is(err, os.ErrNotExist)
}

// outcome is how a run ended and all that it wrote.
type outcome struct {
	run.End
	log   string
	spool []byte
}

// checkout carries the steps out in a run of their own, without waiting between attempts.
func (s *server) checkout(c git.Checkout) outcome {
	s.tb.Helper()
	steps, err := c.Steps()
	if err != nil {
		s.tb.Fatal(err)
	}
	for i := range steps {
		steps[i].Retries = 0
	}
	return s.carryOut(steps)
}

func (s *server) carryOut(steps []run.Step) outcome {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(s.tb.Context(), patience)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		s.tb.Fatal(err)
	}
	script := run.Script{ID: core.NewID(), Dir: s.dir(), Steps: steps}
	dir := filepath.Join(s.remote, "runs", string(script.ID))
	s.tb.Cleanup(func() {
		if err := run.Kill(context.Background(), dir); err != nil {
			s.tb.Errorf("clean up: %v", err)
		}
	})
	if _, err := run.Launch(ctx, filepath.Dir(dir), script, self); err != nil {
		s.tb.Fatal(err)
	}
	var spool bytes.Buffer
	if err := run.Follow(ctx, dir, 0, &spool, nil); err != nil {
		s.tb.Fatalf("follow: %v", err)
	}
	return decode(s.tb, spool.Bytes())
}

func decode(tb testing.TB, spool []byte) outcome {
	tb.Helper()
	out := outcome{spool: spool}
	var log strings.Builder
	reader := run.NewReader(bytes.NewReader(spool), 0)
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			out.log = log.String()
			return out
		}
		if err != nil {
			tb.Fatal(err)
		}
		switch f.Kind {
		case run.FrameStdout, run.FrameStderr, run.FrameInfo, run.FrameWarning:
			log.Write(f.Data)
		case run.FrameEnd:
			end, err := f.End()
			if err != nil {
				tb.Fatal(err)
			}
			out.End = *end
		}
	}
}

// good wants a run that finished.
func (s *server) good(c git.Checkout) outcome {
	s.tb.Helper()
	out := s.checkout(c)
	if out.State != run.StateFinished {
		s.tb.Fatalf("%+v\n%s", out.End, out.log)
	}
	return out
}

// bad wants a run that failed at a step with words in its log.
func (s *server) bad(c git.Checkout, step, words string) outcome {
	s.tb.Helper()
	out := s.checkout(c)
	if out.State != run.StateFailed || out.Step != step || !strings.Contains(out.log, words) {
		s.tb.Fatalf("want %q at %q: %+v\n%s", words, step, out.End, out.log)
	}
	return out
}

// holds says whether any file below a folder has text in it.
func holds(tb testing.TB, dir, text string) bool {
	tb.Helper()
	found := false
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		found = found || strings.Contains(path, text) || bytes.Contains(data, []byte(text))
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// httptestFiles serves plain files, which is all that the oldest kind of server does.
func httptestFiles(tb testing.TB, dir string) string {
	tb.Helper()
	s := httptest.NewServer(http.FileServer(http.Dir(dir)))
	tb.Cleanup(s.Close)
	return s.URL
}
