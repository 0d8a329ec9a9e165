package git_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/host"
	"github.com/taffrail/taffrail/internal/run"
)

func fromLab(tb testing.TB, name string) string {
	tb.Helper()
	value := os.Getenv(name)
	if value == "" {
		missing(tb, "the lab with "+name)
	}
	return value
}

// missing skips a test that needs more than there is; with CI=true it fails.
func missing(tb testing.TB, part string) {
	tb.Helper()
	if os.Getenv("CI") == "true" {
		tb.Fatalf("%s is not there", part)
	}
	tb.Skipf("needs %s: lab/up.sh test, then its environment from lab/up.sh env", part)
}

// overSSH is the address of a bare repository of this machine through the lab's sshd.
func overSSH(tb testing.TB, o *origin) (url, key string) {
	tb.Helper()
	data, err := os.ReadFile(fromLab(tb, "TAFFRAIL_LAB_SSH_KEY"))
	if err != nil {
		tb.Fatal(err)
	}
	return "ssh://root@" + fromLab(tb, "TAFFRAIL_LAB_HOST0") + o.bare, string(data)
}

// newKey is a private key that nobody knows, and its line in a known_hosts file.
func newKey(tb testing.TB, place string) (private, known string) {
	tb.Helper()
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		tb.Fatal(err)
	}
	p, err := ssh.NewPublicKey(public)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(block)), place + " " + string(ssh.MarshalAuthorizedKey(p))
}

// TestDeployKey reads a repository over SSH: with the key as it is and with the line ends
// of another system, remembering the host's key, and leaving the private key nowhere.
func TestDeployKey(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	url, key := overSSH(t, o)
	lib := newOriginIn(t, filepath.Join(filepath.Dir(o.bare), "lib.git"))
	lib.commit("main", "lib", map[string]string{"l": "1"})
	o.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", "--name", "lib", lib.bare, "lib")
	o.git("config", "--file", ".gitmodules", "submodule.lib.url", "../lib.git")
	commit := o.commit("main", "first", map[string]string{"a": "1"})
	r := remote(t, url, git.Auth{Key: core.NewSecret(strings.ReplaceAll(key, "\n", "\r\n"))})
	if got, err := resolve(t, r, git.Ref{Name: "main"}); err != nil || got.Commit != commit {
		t.Fatalf("%+v, %v", got, err)
	}
	s := newServer(t)
	out := s.good(git.Checkout{Remote: r, Commit: commit, Ref: "refs/heads/main", Tree: "source", Submodules: true, LFS: true})
	if s.read("source/a")+s.read("source/lib/l") != "11" || !strings.Contains(s.read("git/known_hosts"), "ssh-ed25519") {
		t.Error("not checked out, or the host's key was not remembered")
	}
	middle := strings.Split(key, "\n")[2]
	if holds(t, s.remote, middle) || strings.Contains(string(out.spool), middle) {
		t.Error("the key is on disk or in the log")
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "tmp.*", "key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left { // those of tests beside this one are empty
		if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), middle) {
			t.Errorf("%s is left behind", path)
		}
	}
	name, port, err := net.SplitHostPort(fromLab(t, "TAFFRAIL_LAB_HOST0"))
	if err != nil {
		t.Fatal(err)
	}
	stranger, other := newKey(t, "["+name+"]:"+port)
	_, err = resolve(t, remote(t, url, git.Auth{Key: core.NewSecret(stranger)}), git.Ref{})
	if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "refuses the deploy key") {
		t.Errorf("refused key: %v", err)
	}
	_, err = resolve(t, remote(t, url+"x", git.Auth{Key: core.NewSecret(key)}), git.Ref{})
	if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "There is no repository") {
		t.Errorf("no such repository: %v", err)
	}
	// Another key than the pinned one, and another than the one met before.
	_, err = resolve(t, remote(t, url, git.Auth{Key: core.NewSecret(key), HostKeys: other}), git.Ref{})
	if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "another SSH host key") {
		t.Errorf("pinned host key: %v", err)
	}
	pinned := s.read("git/known_hosts")
	if _, err = resolve(t, remote(t, url, git.Auth{Key: core.NewSecret(key), HostKeys: pinned}), git.Ref{}); err != nil {
		t.Errorf("right host key: %v", err)
	}
	if err := os.WriteFile(s.file("git/known_hosts"), []byte(other), 0o600); err != nil {
		t.Fatal(err)
	}
	res := local(t, r.Resolve(git.Ref{}, s.dir()))
	if _, err := r.Read(git.Ref{}, res); err == nil || !strings.Contains(err.Error(), "another SSH host key") {
		t.Errorf("changed host key: %v", err)
	}
}

// TestCancelLeavesNoKey: a fetch that is cancelled while it hangs takes its key along.
func TestCancelLeavesNoKey(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	mute, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	met := make(chan net.Conn, 1)
	go func() {
		if conn, err := mute.Accept(); err == nil {
			met <- conn
		}
		close(met)
	}()
	key, _ := newKey(t, "x")
	middle := strings.Split(key, "\n")[2]
	c := git.Checkout{Remote: remote(t, "ssh://git@"+mute.Addr().String()+"/a/b", git.Auth{Key: core.NewSecret(key)}), Commit: strings.Repeat("a", 40), Tree: "source"}
	steps, err := c.Steps()
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t)
	id := core.NewID()
	dir := filepath.Join(s.remote, "runs", string(id))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Launch(t.Context(), filepath.Dir(dir), run.Script{ID: id, Dir: s.dir(), Steps: steps}, self); err != nil {
		t.Fatal(err)
	}
	conn := <-met
	if conn == nil || !holds(t, dir, middle) {
		t.Error("the key is not where ssh finds it")
	}
	if err := run.Kill(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if holds(t, s.remote, middle) {
		t.Error("the key is left behind")
	}
	if conn != nil {
		_ = conn.Close()
	}
}

// TestLabForge deploys from the lab's git server on one of its hosts: over HTTPS with the
// certificate of the lab, with and without a token, over git:// and over SSH.
func TestLabForge(t *testing.T) {
	t.Parallel()
	name, text, err := net.SplitHostPort(fromLab(t, "TAFFRAIL_LAB_HOST1"))
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := fromLab(t, "TAFFRAIL_LAB_SSH_KEY")
	key, err := os.ReadFile(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	s := core.Server{
		RowID: 1, UUID: core.NewID(), TeamID: 1, Name: "lab", IP: name, Port: port, User: "root", KeyID: 1,
		Settings: core.ServerSettings{RemoteDir: "/tmp/taffrail-test-" + string(core.NewID())},
	}
	pool := host.NewPool(host.Options{
		Keys:   func(context.Context, int64, int64) (core.Secret, error) { return core.NewSecret(string(key)), nil },
		Pin:    func(context.Context, core.Server, string) error { return nil },
		Runner: func(context.Context, string, string) (string, error) { return os.Executable() },
	})
	h, err := pool.Get(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		res, err := h.Run(context.Background(), host.Command{Argv: []string{"rm", "-rf", s.Settings.RemoteDir}})
		if err := errors.Join(err, pool.Close()); err != nil || res.ExitCode != 0 {
			t.Errorf("clean up: %v %+v", err, res)
		}
	})
	cache := filepath.Dir(filepath.Dir(keyFile))
	for _, c := range []struct {
		name, url string
		auth      git.Auth
	}{
		{"https", "https://git.lab/git/web.git", git.Auth{}},
		{"private", "https://git.lab/git/private/web.git", git.Auth{User: "lab", Token: core.NewSecret("secret")}},
		{"git", "git://git.lab/web.git", git.Auth{}},
		{"ssh", "ssh://root@git.lab:2200" + cache + "/git/web.git", git.Auth{Key: core.NewSecret(string(key))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := remote(t, c.url, c.auth)
			folder := filepath.Join(s.Settings.RemoteDir, "applications", c.name)
			res, err := h.Run(t.Context(), r.Resolve(git.Ref{Name: "main"}, folder))
			if err != nil {
				t.Fatal(err)
			}
			at, err := r.Read(git.Ref{Name: "main"}, res)
			if err != nil {
				t.Fatalf("%v\n%s", err, res.Stderr)
			}
			steps, err := git.Checkout{
				Remote: r, Commit: at.Commit, Ref: at.Ref, Tree: "source", Submodules: true, LFS: true, Inside: []git.Path{{Name: "Dockerfile"}},
			}.Steps()
			if err != nil {
				t.Fatal(err)
			}
			out := onHost(t, h, run.Script{ID: core.NewID(), Dir: folder, Steps: steps})
			if out.State != run.StateFinished {
				t.Fatalf("%+v\n%s", out.End, out.log)
			}
			res, err = h.Run(t.Context(), git.Describe(folder, at.Commit))
			if got := git.ParseCommit(string(res.Stdout)); err != nil || got.Title() != "lab files" || got.Author != "lab" {
				t.Errorf("%+v %v", got, err)
			}
		})
	}
	r := remote(t, "https://git.lab/git/private/web.git", git.Auth{})
	res, err := h.Run(t.Context(), r.Resolve(git.Ref{}, ""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(git.Ref{}, res); err == nil || !strings.Contains(err.Error(), "it is private") {
		t.Errorf("without a token: %v", err)
	}
}

// onHost launches a script on a host and follows it to its end.
func onHost(t *testing.T, h host.Host, s run.Script) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := h.Launch(ctx, s); err != nil {
		t.Fatal(err)
	}
	f, err := h.Follow(ctx, s.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	spool, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return decode(t, spool)
}

// TestLFS fetches a file from a server of Git LFS that wants a token, in the repository
// and in a submodule.
func TestLFS(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git-lfs"); err != nil {
		missing(t, "git-lfs on this machine")
	}
	const token = "lfs-t0ken"
	content := "not a pointer\n"
	sum := sha256.Sum256([]byte(content))
	id := hex.EncodeToString(sum[:])
	root := t.TempDir()
	o, lib := newOriginIn(t, filepath.Join(root, "app.git")), newOriginIn(t, filepath.Join(root, "lib.git"))
	files := map[string]string{
		".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
		"x.bin":          fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", id, len(content)),
	}
	lib.commit("main", "lib", files)
	o.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", "--name", "lib", lib.bare, "lib")
	o.git("config", "--file", ".gitmodules", "submodule.lib.url", "../lib.git")
	commit := o.commit("main", "app", files)
	f := newForge(t, root)
	f.login = "x-access-token:" + token
	served := f.Config.Handler
	f.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, password, _ := r.BasicAuth(); {
		case strings.HasPrefix(r.URL.Path, "/objects/"):
			_, _ = io.WriteString(w, content)
		case !strings.HasSuffix(r.URL.Path, "/info/lfs/objects/batch"):
			served.ServeHTTP(w, r)
		case password != token:
			w.Header().Set("LFS-Authenticate", `Basic realm="lfs"`)
			w.WriteHeader(http.StatusUnauthorized)
		default:
			w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
			_, _ = w.Write(batch(t, id, len(content), f.URL))
		}
	})
	s := newServer(t)
	s.good(git.Checkout{
		Remote: f.remote(t, "app.git", git.Auth{Token: core.NewSecret(token)}), Commit: commit, Ref: "refs/heads/main", Tree: "source", LFS: true, Submodules: true,
	})
	if s.read("source/x.bin") != content || s.read("source/lib/x.bin") != content {
		t.Errorf("files are %q and %q", s.read("source/x.bin"), s.read("source/lib/x.bin"))
	}
	if holds(t, s.remote, token) {
		t.Error("the token is on disk")
	}
}

func batch(t *testing.T, id string, size int, url string) []byte {
	var b bytes.Buffer
	err := json.NewEncoder(&b).Encode(map[string]any{"transfer": "basic", "objects": []any{map[string]any{
		"oid": id, "size": size, "authenticated": true, "actions": map[string]any{"download": map[string]any{"href": url + "/objects/" + id}},
	}}})
	if err != nil {
		t.Error(err)
	}
	return b.Bytes()
}
