package git_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/run"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	first := o.commit("main", "first", map[string]string{"a": "1"})
	o.git("tag", "--annotate", "--message", "release", "v1")
	o.git("tag", "light")
	second := o.commit("feature/x", "second", map[string]string{"a": "2"})
	o.git("tag", "both", first)
	o.git("push", "--quiet", "origin", "v1", "light", "both", second+":refs/heads/both", second+":refs/pull/7/head", second+":refs/heads/deep/refs/heads/only")
	r := o.serve().remote(t, "app.git", git.Auth{})
	for _, c := range []struct {
		ref          git.Ref
		commit, full string
	}{
		{git.Ref{}, first, "refs/heads/main"},
		{git.Ref{Name: "main"}, first, "refs/heads/main"},
		{git.Ref{Name: "feature/x"}, second, "refs/heads/feature/x"},
		{git.Ref{Name: "v1"}, first, "refs/tags/v1"},
		{git.Ref{Name: "light"}, first, "refs/tags/light"},
		{git.Ref{Name: "both"}, second, "refs/heads/both"},
		{git.Ref{Full: "refs/tags/both"}, first, "refs/tags/both"},
		{git.Ref{Full: "refs/tags/v1"}, first, "refs/tags/v1"},
		{git.Ref{Full: "refs/pull/7/head"}, second, "refs/pull/7/head"},
	} {
		got, err := resolve(t, r, c.ref)
		if err != nil || got.Commit != c.commit || got.Ref != c.full {
			t.Errorf("%+v: %+v, %v", c.ref, got, err)
		}
	}
	for _, name := range []string{"nope", "x", "only", "Main"} {
		_, err := resolve(t, r, git.Ref{Name: name})
		if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := (git.Resolved{Ref: "refs/heads/a/b"}).Branch(); got != "a/b" {
		t.Errorf("branch %q", got)
	}
	if got, ok := (git.Ref{Commit: first, Name: "main"}).Known(); !ok || got.Commit != first || got.Ref != "refs/heads/main" {
		t.Errorf("%+v", got)
	}
}

// TestResolveFaults: what goes wrong is told so that a person can mend it.
func TestResolveFaults(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	f := o.serve()
	private := o.serve()
	private.login = "x:y"
	for _, c := range []struct {
		name, url string
		auth      git.Auth
		code      core.Code
		words     string
	}{
		{"empty", f.URL + "/app.git", git.Auth{}, core.CodeBadRequest, "no commits"},
		{"gone", f.URL + "/gone.git", git.Auth{}, core.CodeBadRequest, "There is no repository"},
		{"private", private.URL + "/app.git", git.Auth{}, core.CodeBadRequest, "it is private"},
		{"wrong token", private.URL + "/app.git", git.Auth{Token: core.NewSecret("no")}, core.CodeBadRequest, "it is private"},
		{"no host", "https://no-such-host.invalid/a/b", git.Auth{}, core.CodeUnavailable, "cannot be reached"},
		{"nobody there", "http://127.0.0.1:1/a/b", git.Auth{}, core.CodeUnavailable, "cannot be reached"},
	} {
		_, err := resolve(t, remote(t, c.url, c.auth), git.Ref{})
		if core.CodeOf(err) != c.code || err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestNewRemote(t *testing.T) {
	t.Parallel()
	key, token := core.NewSecret("key"), core.NewSecret("token")
	for _, c := range []struct {
		url  string
		auth git.Auth
		want string
		code core.Code
	}{
		{"https://github.com/a/b", git.Auth{}, "https://github.com/a/b", ""},
		{"https://github.com/a/b", git.Auth{Token: token}, "https://github.com/a/b", ""},
		{"git@github.com:a/b.git", git.Auth{Token: token}, "https://github.com/a/b.git", ""},
		{"https://github.com/a/b", git.Auth{Key: key}, "git@github.com:a/b.git", ""},
		{"ssh://x@host:22/a/b", git.Auth{Key: key}, "ssh://x@host:22/a/b", ""},
		{"git@github.com:a/b", git.Auth{}, "", core.CodeInvalid},
		{"https://github.com/a/b", git.Auth{Key: key, Token: token}, "", core.CodeBadRequest},
		{"https://github.com/a/b", git.Auth{Token: core.NewSecret("a\nhost=evil")}, "", core.CodeBadRequest},
		{"https://github.com/a/b", git.Auth{User: "a\nb", Token: token}, "", core.CodeBadRequest},
	} {
		r, err := git.Parse(c.url, git.Options{})
		if err != nil {
			t.Fatal(err)
		}
		got, err := git.NewRemote(r, c.auth)
		if core.CodeOf(err) != c.code || c.code == "" && got.Repository.URL() != c.want {
			t.Errorf("%s: %s, %v", c.url, got.Repository, err)
		}
	}
}

// TestCheckout follows an application through its deployments.
func TestCheckout(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	first := o.commit("main", "first\n\nwith a body", map[string]string{"a": "1", "gone": "x", "web/Dockerfile": "FROM scratch\n", "run.sh": "#!/bin/sh\n"})
	f := o.serve()
	var asked atomic.Int64
	f.asked = func(*http.Request) { asked.Add(1) }
	s := newServer(t)
	c := git.Checkout{
		Remote: f.remote(t, "app.git", git.Auth{}), Commit: first, Ref: "refs/heads/main", Tree: "source", Submodules: true, LFS: true,
		Inside: []git.Path{{Name: "web", IsDir: true}, {Name: "web/Dockerfile"}},
	}
	s.good(c)
	if s.read("source/a") != "1" || !s.missing("source/.git") {
		t.Error("the checkout is not the files of the commit alone")
	}
	// What a container that had the folder mounted could have left there.
	for _, name := range []string{"source/extra", "source/.git"} {
		if err := os.WriteFile(s.file(name), []byte("gitdir: /elsewhere\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o.git("rm", "--quiet", "gone")
	c.Commit = o.commit("main", "second", map[string]string{"a": "2"})
	s.good(c)
	if s.read("source/a") != "2" || !s.missing("source/gone") || !s.missing("source/extra") || !s.missing("source/.git") {
		t.Error("something of the earlier checkout is left")
	}
	before := asked.Load()
	if out := s.good(c); !strings.Contains(out.log, "on this server already") || asked.Load() != before {
		t.Errorf("the same commit was fetched again:\n%s", out.log)
	}
	c.Commit = first
	s.good(c)
	if s.read("source/gone") != "x" {
		t.Error("an earlier commit is not what was checked out")
	}
	got := git.ParseCommit(string(local(t, git.Describe(s.dir(), first)).Stdout))
	if got.Title() != "first" || got.Message != "first\n\nwith a body" || got.Author != "Ann Author" || got.Email != "ann@example.com" || got.Time.IsZero() {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(s.file("source/a")); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("containers that are not root's cannot read the files: %v %v", info.Mode(), err)
	}
	depth := o.git("--git-dir="+s.file("git/repository"), "rev-list", "--count", c.Commit)
	if depth != "1" {
		t.Errorf("%s commits were fetched", depth)
	}
}

func TestCheckoutFaults(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	commit := o.commit("main", "first", map[string]string{
		"dir/file": "x", "out": "-> /etc", "up": "-> ../../..", "in": "-> dir", "loop": "-> loop", "outfile": "-> /etc/passwd", "git": "-> ../git/repository",
	})
	r := o.serve().remote(t, "app.git", git.Auth{})
	c := git.Checkout{Remote: r, Commit: commit, Ref: "refs/heads/main", Tree: "source"}
	s := newServer(t)
	for _, x := range []struct {
		path  git.Path
		words string
	}{
		{git.Path{Name: "out", IsDir: true}, "leads out of the repository"},
		{git.Path{Name: "up", IsDir: true}, "leads out of the repository"},
		{git.Path{Name: "git", IsDir: true}, "leads out of the repository"},
		{git.Path{Name: "outfile"}, "leads out of the repository"},
		{git.Path{Name: "out/passwd"}, "leads out of the repository"},
		{git.Path{Name: "loop"}, "There is no loop"},
		{git.Path{Name: "nope", IsDir: true}, "There is no folder nope"},
		{git.Path{Name: "no/pe"}, "There is no no/pe"},
		{git.Path{Name: "dir"}, "There is no file dir"},
		{git.Path{Name: "dir/file", IsDir: true}, "There is no folder dir/file"},
	} {
		c.Inside = []git.Path{x.path}
		s.bad(c, "path", x.words)
	}
	c.Inside = []git.Path{{Name: ".", IsDir: true}, {Name: "in", IsDir: true}, {Name: "in/file"}}
	s.good(c)
	c.Inside, c.Commit = nil, strings.Repeat("0a", 20)
	s.bad(c, "fetch", "Commit "+c.Commit+" is not on refs/heads/main")
	c.Ref = ""
	s.bad(c, "fetch", "is not on any branch")
	if s.read("source/dir/file") != "x" {
		t.Error("a fetch that failed took the earlier checkout away")
	}
}

func TestCheckoutRefusesToPlan(t *testing.T) {
	t.Parallel()
	r := remote(t, "https://github.com/a/b", git.Auth{})
	good := git.Checkout{Remote: r, Commit: strings.Repeat("a", 40), Tree: "source"}
	if _, err := good.Steps(); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*git.Checkout){
		"commit":  func(c *git.Checkout) { c.Commit = "--upload-pack=id" },
		"ref":     func(c *git.Checkout) { c.Ref = "-x" },
		"tree":    func(c *git.Checkout) { c.Tree = "../x" },
		"own":     func(c *git.Checkout) { c.Tree = "git/repository" },
		"all":     func(c *git.Checkout) { c.Tree = "." },
		"unclean": func(c *git.Checkout) { c.Tree = "/source" },
		"inside":  func(c *git.Checkout) { c.Inside = []git.Path{{Name: "a/../../b"}} },
		"remote":  func(c *git.Checkout) { c.Remote = git.Remote{} },
	} {
		c := good
		change(&c)
		if _, err := c.Steps(); core.CodeOf(err) != core.CodeBadRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFallback: servers that hand out only what they advertise, and ones that know no
// shallow history, as plain files over HTTP do.
func TestFallback(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	first := o.commit("main", "first", map[string]string{"a": "1"})
	for range 60 {
		o.git("commit", "--quiet", "--allow-empty", "--message", "more")
	}
	middle := o.git("rev-parse", "HEAD~3")
	tip := o.commit("main", "tip", map[string]string{"a": "3"})
	strict := o.serve() // protocol 0, where uploadpack.allowReachableSHA1InWant counts
	strict.asked = func(r *http.Request) { r.Header.Del("Git-Protocol") }
	o.git("--git-dir="+o.bare, "update-server-info")
	plain := httptestFiles(t, filepath.Dir(o.bare))
	for name, url := range map[string]string{"strict": strict.URL, "plain files": plain} {
		s := newServer(t)
		c := git.Checkout{Remote: remote(t, url+"/app.git", git.Auth{}), Tree: "source", Ref: "refs/heads/main"}
		for _, x := range []struct{ commit, want, ref string }{
			{tip, "3", "refs/heads/main"}, {middle, "1", "refs/heads/main"}, {first, "1", "refs/heads/main"}, {tip, "3", ""},
		} {
			c.Commit, c.Ref = x.commit, x.ref
			out := s.good(c)
			if got := s.read("source/a"); got != x.want {
				t.Errorf("%s: %s is %q\n%s", name, x.commit, got, out.log)
			}
		}
		c.Commit, c.Ref = strings.Repeat("0a", 20), "refs/heads/main"
		s.bad(c, "fetch", "was deleted or replaced by a forced push")
	}
}

func TestFullAndKept(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	o.commit("main", "first", map[string]string{"a": "1"})
	tip := o.commit("main", "second", map[string]string{"a": "2"})
	s := newServer(t)
	c := git.Checkout{Remote: o.serve().remote(t, "app.git", git.Auth{}), Commit: tip, Ref: "refs/heads/main", Tree: "source", KeepGit: true}
	s.good(c)
	count := func() string { return o.git("-C", s.file("source"), "rev-list", "--count", "HEAD") }
	if count() != "1" || o.git("-C", s.file("source"), "status", "--porcelain") != "" {
		t.Error("the shallow copy is not a clean checkout of one commit")
	}
	c.Full = true
	s.good(c)
	if count() != "2" || o.git("-C", s.file("source"), "rev-parse", "HEAD") != tip {
		t.Error("the full history is not there")
	}
	// Another repository: nothing of the first may be left.
	other := newOrigin(t)
	c.Remote, c.Commit, c.KeepGit = other.serve().remote(t, "app.git", git.Auth{}), other.commit("main", "other", map[string]string{"b": "1"}), false
	s.good(c)
	if s.read("source/b") != "1" || !s.missing("source/a") || holds(t, s.file("git/repository"), tip) {
		t.Error("something of the first repository is left")
	}
}

// TestBrokenCopy: what a power cut or a killed run left does not stop the next deployment.
func TestBrokenCopy(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	commit := o.commit("main", "first", map[string]string{"a": "1"})
	s := newServer(t)
	c := git.Checkout{Remote: o.serve().remote(t, "app.git", git.Auth{}), Commit: commit, Ref: "refs/heads/main", Tree: "source"}
	s.good(c)
	for _, lock := range []string{"shallow.lock", "index.lock", "config.lock", "HEAD.lock"} {
		if err := os.WriteFile(s.file("git/repository/"+lock), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.good(c)
	if err := os.Truncate(s.file("git/repository/HEAD"), 0); err != nil {
		t.Fatal(err)
	}
	s.good(c)
	if err := os.RemoveAll(s.file("git/repository/objects")); err != nil {
		t.Fatal(err)
	}
	s.checkout(c)
	s.good(c)
}

// TestToken: the credentials reach the repository's host, no other, and nothing else.
func TestToken(t *testing.T) {
	t.Parallel()
	const token = "s3cr3t-t0ken$(id)'\"%40"
	o, evil := newOrigin(t), newOrigin(t)
	stranger := evil.serve()
	stranger.login = "nobody:knows"
	var leaked atomic.Bool
	stranger.asked = func(r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			leaked.Store(true)
		}
	}
	evil.commit("main", "x", nil)
	f := o.serve()
	f.login = "x-access-token:" + token
	commit := o.commit("main", "first", map[string]string{"a": "1"})
	r := f.remote(t, "app.git", git.Auth{Token: core.NewSecret(token)})
	if got, err := resolve(t, r, git.Ref{}); err != nil || got.Commit != commit {
		t.Fatalf("%+v, %v", got, err)
	}
	s := newServer(t)
	c := git.Checkout{Remote: r, Commit: commit, Tree: "source", Submodules: true, LFS: true, KeepGit: true}
	out := s.good(c)
	if s.read("source/a") != "1" {
		t.Error("not checked out")
	}
	if holds(t, s.remote, "s3cr3t") || strings.Contains(string(out.spool), "s3cr3t") {
		t.Error("the token is on disk or in the log")
	}
	steps, err := c.Steps()
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range steps {
		if strings.Contains(strings.Join(step.Argv, " ")+run.Script{Steps: steps}.String(), "s3cr3t") {
			t.Errorf("the token is in the arguments of %s", step.Name)
		}
	}
	o.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", evil.bare, "evil")
	o.git("config", "--file", ".gitmodules", "submodule.evil.url", stranger.URL+"/app.git")
	c.Commit = o.commit("main", "with a submodule of a stranger", nil)
	s.bad(c, "submodules", "could not read Username")
	if leaked.Load() {
		t.Error("another host was told the token")
	}
	if diff := cmp.Diff([]string{token}, reveal(r.Secrets())); diff != "" {
		t.Error(diff)
	}
}

func reveal(secrets []core.Secret) []string {
	var out []string
	for _, s := range secrets {
		out = append(out, s.Reveal())
	}
	return out
}

func TestSubmodules(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o, lib, deep := newOriginIn(t, filepath.Join(root, "team/app.git")), newOriginIn(t, filepath.Join(root, "team/lib.git")), newOriginIn(t, filepath.Join(root, "deep.git"))
	f := newForge(t, root)
	deep.commit("main", "deep", map[string]string{"d": "deep"})
	lib.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", "--name", "deep", deep.bare, "deep")
	lib.git("config", "--file", ".gitmodules", "submodule.deep.url", f.URL+"/deep.git")
	lib.commit("main", "lib", map[string]string{"l": "old"})
	o.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", "--name", "lib", lib.bare, "lib dir")
	o.git("config", "--file", ".gitmodules", "submodule.lib.url", "../lib.git")
	c := git.Checkout{Remote: f.remote(t, "team/app.git", git.Auth{}), Tree: "source", Ref: "refs/heads/main", Submodules: true}
	c.Commit = o.commit("main", "app", map[string]string{"a": "1"})
	lib.commit("main", "lib moves on", map[string]string{"l": "new"})
	s := newServer(t)
	for range 2 {
		s.good(c)
		if s.read("source/lib dir/l") != "old" || s.read("source/lib dir/deep/d") != "deep" || !s.missing("source/lib dir/.git") || !s.missing("source/lib dir/deep/.git") {
			t.Error("submodules are not at their commits, or still point to git's folder")
		}
	}
	t.Run("strict", func(t *testing.T) {
		strict := newForge(t, root)
		strict.asked = func(r *http.Request) { r.Header.Del("Git-Protocol") }
		s, c := newServer(t), c
		c.Remote = strict.remote(t, "team/app.git", git.Auth{})
		s.good(c)
		if s.read("source/lib dir/l") != "old" {
			t.Error("the submodule is not at its commit")
		}
	})
	t.Run("off", func(t *testing.T) {
		s, c := newServer(t), c
		c.Submodules = false
		s.good(c)
		if !s.missing("source/lib dir/l") {
			t.Error("the submodule is there")
		}
	})
	// Nothing of this server, and no program, is a source for submodules.
	for _, url := range []string{deep.bare, "file://" + deep.bare, "ext::sh -c touch% /tmp/taffrail-pwned", "git://127.0.0.1:1/x", "/etc"} {
		o.git("config", "--file", ".gitmodules", "submodule.lib.url", url)
		c.Commit = o.commit("main", "bad submodule", nil)
		s := newServer(t)
		out := s.checkout(c)
		refused := strings.Contains(out.log, "not allowed") || url == "/etc" && strings.Contains(out.log, "does not exist")
		if out.State != run.StateFailed || out.Step != "submodules" || !refused {
			t.Errorf("%s: %+v\n%s", url, out.End, out.log)
		}
	}
	if _, err := os.Stat("/tmp/taffrail-pwned"); err == nil {
		t.Error("a submodule ran a command")
	}
}

// TestHooksAndFilters: what a repository brings along is not run.
func TestHooksAndFilters(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	mark := filepath.Join(t.TempDir(), "ran")
	hook := "#!/bin/sh\ntouch " + mark + "\n"
	commit := o.commit("main", "$(touch "+mark+")", map[string]string{
		".gitattributes": "* filter=evil diff=evil merge=evil\n", ".gitconfig": "[filter \"evil\"]\n\tsmudge = touch " + mark + "\n[core]\n\tfsmonitor = touch " + mark + "\n",
		"hooks/post-checkout": hook, ".githooks/post-checkout": hook, "-x": "y", "$(touch x)": "z", "a\nb": "c",
	})
	s := newServer(t)
	s.good(git.Checkout{Remote: o.serve().remote(t, "app.git", git.Auth{}), Commit: commit, Tree: "source", Submodules: true, LFS: true, KeepGit: true})
	if _, err := os.Stat(mark); err == nil {
		t.Error("something of the repository was run")
	}
	if s.read("source/-x") != "y" || s.read("source/$(touch x)") != "z" || s.read("source/a\nb") != "c" {
		t.Error("odd names did not survive")
	}
}

// TestLFSMissing: with pointers in the repository and no git-lfs, the error says what to do.
func TestLFSMissing(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	commit := o.commit("main", "big", map[string]string{
		"assets/.gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "assets/x.bin": "version https://git-lfs.github.com/spec/v1\n",
	})
	s := newServer(t)
	c := git.Checkout{Remote: o.serve().remote(t, "app.git", git.Auth{}), Commit: commit, Tree: "source", LFS: true}
	steps, err := c.Steps()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir() // all programs but git-lfs
	for _, name := range []string{"sh", "git", "mktemp", "rm", "cat", "mkdir", "dirname", "basename", "grep", "find", "head", "readlink", "ssh"} {
		path, err := filepath.Glob("/usr/bin/" + name)
		if err != nil || len(path) != 1 {
			t.Fatal(name, err)
		}
		if err := os.Symlink(path[0], filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range steps {
		steps[i].Retries = 0
		if len(steps[i].Argv) > 0 {
			if steps[i].Env == nil {
				steps[i].Env = map[string]string{}
			}
			steps[i].Env["PATH"], steps[i].Env["GIT_EXEC_PATH"] = bin, "/usr/lib/git-core"
		}
	}
	out := s.carryOut(steps)
	if out.State != run.StateFailed || out.Step != "lfs" || !strings.Contains(out.log, "install the package git-lfs") {
		t.Errorf("%+v\n%s", out.End, out.log)
	}
	c.LFS = false
	if out := s.good(c); !strings.Contains(out.log, "left as pointers") {
		t.Errorf("nothing is said of the pointers:\n%s", out.log)
	}
}
