package git_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, url, key string }{
		{"https://github.com/owner/repo", "https://github.com/owner/repo", "github.com/owner/repo"},
		{"https://github.com/Owner/Repo.git", "https://github.com/Owner/Repo.git", "github.com/owner/repo"},
		{" https://GitHub.com/owner/repo/ ", "https://github.com/owner/repo", "github.com/owner/repo"},
		{"HTTPS://git.example.com:8443/a/b/c.git", "https://git.example.com:8443/a/b/c.git", "git.example.com/a/b/c"},
		{"owner/repo", "https://github.com/owner/repo", "github.com/owner/repo"},
		{"owner/.github", "https://github.com/owner/.github", "github.com/owner/.github"},
		{"git@github.com:owner/repo.git", "git@github.com:owner/repo.git", "github.com/owner/repo"},
		{"gitea@10.0.0.5:team/sub/repo", "gitea@10.0.0.5:team/sub/repo", "10.0.0.5/team/sub/repo"},
		{"git@host:/srv/git/x.git", "ssh://git@host/srv/git/x.git", "host/srv/git/x"},
		{"ssh://git@host:2222/owner/repo.git", "ssh://git@host:2222/owner/repo.git", "host/owner/repo"},
		{"ssh://host/owner/repo", "ssh://git@host/owner/repo", "host/owner/repo"},
		{"ssh://git@[2001:db8::1]:22/a/b", "ssh://git@[2001:db8::1]:22/a/b", "[2001:db8::1]/a/b"},
		{"https://git.sr.ht/~user/repo", "https://git.sr.ht/~user/repo", "git.sr.ht/~user/repo"},
		{"https://dev.azure.com/org/my%20project/_git/repo", "https://dev.azure.com/org/my%20project/_git/repo", "dev.azure.com/org/my%20project/_git/repo"},
		{"https://git_server.internal/repo", "https://git_server.internal/repo", "git_server.internal/repo"},
	} {
		r, err := git.Parse(c.text, git.Options{})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if r.URL() != c.url || r.Key() != c.key || r.String() != c.url {
			t.Errorf("%q: url %q, key %q; want %q, %q", c.text, r.URL(), r.Key(), c.url, c.key)
		}
	}
}

func TestParseOptions(t *testing.T) {
	t.Parallel()
	r, err := git.Parse("owner/repo", git.Options{Base: "https://ghe.example.com/"})
	if err != nil || r.URL() != "https://ghe.example.com/owner/repo" {
		t.Errorf("%v, %v", r, err)
	}
	for _, text := range []string{"http://gitea.local:3000/a/b", "git://git.lab/web"} {
		if r, err := git.Parse(text, git.Options{Plain: true}); err != nil || r.URL() != text {
			t.Errorf("%q: %v, %v", text, r, err)
		}
		if _, err := git.Parse(text, git.Options{}); !strings.Contains(faultOf(t, err), "not protected") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// faultOf is what the API says about the field of the repository.
func faultOf(tb testing.TB, err error) string {
	tb.Helper()
	var e *core.Error
	if !errors.As(err, &e) || e.Code != core.CodeInvalid || len(e.Fields[git.FieldRepository]) != 1 {
		tb.Fatalf("no fault of the field: %v", err)
	}
	return e.Fields[git.FieldRepository][0]
}

// notRepositories are refused: for what git would do with them, or as mistakes.
func notRepositories() []string {
	return []string{
		"", " ", "-x", "--upload-pack=id", "ext::sh -c id", "ext::sh", "fd::17", "file:///etc", "file://host/x", "/srv/git/x", "./x", "../x/y", "~/x", `C:\x\y`,
		"ssh://-oProxyCommand=id/x", "ssh://git@-oProxyCommand=id/x", "git@-x:a/b", "git@host:-x", "git@host:a/-x", "-git@host:a/b", "ssh://-x@host/a", "host:-x",
		"https://host/a/b\nc", "https://host/a/b\r\n", "https://ho st/a/b", "https://host/a b", "https://host/a\x00b", "https://hoſt/a/b", "https://host/a/b\u2028c",
		"https://host", "https://host/", "https:///a/b", "https://", "ssh://git@host", "git@host:", "git@:a/b", "@host:a/b", "host:a/b",
		"https://host/../etc/passwd", "https://host/a/..", "https://host/a/./b", "https://host/a//b", "https://host/%2e%2e/a", "https://host/a/%2Fetc", "https://host/a%zz", "https://host/a%0ab",
		"https://host/a/.git", "https://host/a/b?x=1", "https://host/a/b#x", "https://host:0/a/b", "https://host:65536/a/b", "https://host:+80/a/b", "https://host:/a/b", "https://host:x/a", "ssh://git@host:owner/repo",
		"https://host/$(id)", "https://host/a;id", "https://host/a`id`", "https://host/a|id", "https://host/a&id", "https://host/'a'", `https://host/"a"`, "https://host/${IFS}", "https://$(id)/a/b", "git@host:a/$(id)",
		"ftp://host/a/b", "git+ssh://host/a/b", "javascript:alert(1)", "https://a_.b..c/x", "https://-host/a", "https://host-/a", "https://[::1/a", "https://[fe80::1%25eth0]/a", "https://[10.0.0.1]/a",
		"https://" + strings.Repeat("a", 64) + ".test/a/b", "https://host/" + strings.Repeat("a/", 600) + "b",
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range notRepositories() {
		r, err := git.Parse(text, git.Options{})
		if err == nil {
			t.Errorf("%q was taken for %q", text, r)
			continue
		}
		faultOf(t, err)
	}
}

// TestParseSaysWhereCredentialsGo: the error helps, and does not repeat what it must not.
func TestParseSaysWhereCredentialsGo(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"https://user:hunter2@github.com/a/b", "https://hunter2@github.com/a/b", "ssh://git:hunter2@host/a/b", "https://good.test@hunter2@evil.test/x"} {
		_, err := git.Parse(text, git.Options{})
		msg := faultOf(t, err)
		if !strings.Contains(msg, "deploy key") || strings.Contains(err.Error()+msg, "hunter2") {
			t.Errorf("%q: %s", text, msg)
		}
	}
}

func TestParseKnowsPages(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"https://github.com/a/b/tree/main", "https://github.com/a/b/blob/main/README.md", "https://github.com/a/b/pull/7",
		"https://github.com/a/b/-/tree/main", "https://github.com/a/b/src/branch/main",
	} {
		_, err := git.Parse(text, git.Options{})
		if msg := faultOf(t, err); !strings.Contains(msg, "https://github.com/a/b,") {
			t.Errorf("%q: %s", text, msg)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	r, err := git.Parse("git@github.com:Owner/Repo.git", git.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"https://github.com/owner/repo": true, "https://github.com/owner/repo.git": true, "git://github.com/owner/repo.git": true,
		"ssh://git@github.com:22/owner/repo": true, "https://github.com/owner/repo2": false, "https://evil.test/owner/repo": false,
		"https://github.com/owner": false, "": false, "file:///owner/repo": false, "https://github.com.evil.test/owner/repo": false,
	} {
		if r.Same("", address) != want {
			t.Errorf("%q: %v", address, !want)
		}
	}
	if r.FullName() != "Owner/Repo" {
		t.Errorf("full name %q", r.FullName())
	}
}

// FuzzParse: what is accepted is a URL that git cannot take for an option or a helper, and
// means the same when it is read again.
func FuzzParse(f *testing.F) {
	for _, text := range append(notRepositories(), "https://a/b", "git@h:p", "ssh://u@h:1/p", "a/b") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := git.Parse(text, git.Options{Plain: true})
		if err != nil {
			return
		}
		url := r.URL()
		if strings.HasPrefix(url, "-") || strings.Contains(url, "::") && !strings.Contains(url, "[") || strings.ContainsAny(url, " \t\r\n\x00;$`|&'\"\\") {
			t.Fatalf("%q became %q", text, url)
		}
		again, err := git.Parse(url, git.Options{Plain: true})
		if err != nil || again.Key() != r.Key() || again.URL() != url {
			t.Fatalf("%q became %q, and that %q: %v", text, url, again, err)
		}
	})
}

func TestParseRef(t *testing.T) {
	t.Parallel()
	sha := strings.Repeat("0a", 20)
	for _, c := range []struct {
		branch, commit string
		want           git.Ref
	}{
		{"", "", git.Ref{}},
		{"HEAD", "HEAD", git.Ref{}},
		{"main", "", git.Ref{Name: "main"}},
		{"main", "head", git.Ref{Name: "main"}},
		{"main", strings.ToUpper(sha), git.Ref{Name: "main", Commit: sha}},
		{sha, "", git.Ref{Commit: sha}},
		{"refs/pull/7/head", "", git.Ref{Full: "refs/pull/7/head"}},
		{"feature/ünïcode-#1+x=y,z%", "", git.Ref{Name: "feature/ünïcode-#1+x=y,z%"}},
		{"v1.2.3", sha + sha[:24], git.Ref{Name: "v1.2.3", Commit: sha + sha[:24]}},
	} {
		got, err := git.ParseRef(c.branch, c.commit)
		if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
			t.Errorf("%q %q: %v\n%s", c.branch, c.commit, err, diff)
		}
	}
}

func TestParseRefRefuses(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{
		"--upload-pack=touch /tmp/p", "-x", "a..b", "refs/../x", "HEAD^{/x}", "$(id)", "a\nb", "a b", "a\tb", "a~1", "a^", "a:b", "a?", "a*", "a[b", `a\b`, "@{-1}", "@", "a@{b",
		".a", "a/.b", "a.lock", "a.lock/b", "a/", "/a", "a//b", "a.", "a;id", "a|id", "a&id", "`id`", "a'b", `a"b`, "a\x00b", "a\x7fb", "\xff", "a\u2028b", strings.Repeat("a", 256), "refs/",
	} {
		if ref, err := git.ParseRef(branch, ""); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %+v, %v", branch, ref, err)
		}
	}
	for _, commit := range []string{"abc1234", "main", strings.Repeat("g", 40), strings.Repeat("a", 41), "-" + strings.Repeat("a", 39), strings.Repeat("a", 40) + "\n"} {
		if ref, err := git.ParseRef("main", commit); core.CodeOf(err) != core.CodeInvalid {
			t.Errorf("%q: %+v, %v", commit, ref, err)
		}
	}
}

func TestPullRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		server string
		number int
		want   string
	}{
		{"github", 7, "refs/pull/7/head"}, {"gitea", 8, "refs/pull/8/head"}, {"gitlab", 9, "refs/merge-requests/9/head"},
		{"bitbucket", 1, ""}, {"github", 0, ""}, {"github", -1, ""}, {"", 1, ""},
	} {
		got, ok := git.PullRequest(c.server, c.number)
		if got.Full != c.want || ok != (c.want != "") {
			t.Errorf("%s %d: %+v", c.server, c.number, got)
		}
	}
}

func TestCleanPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"": ".", "/": ".", ".": ".", "./": ".", "//": ".", "/apps/web": "apps/web", "apps/web/": "apps/web", "./Dockerfile": "Dockerfile", "/etc": "etc",
		"a//b/./c": "a/b/c", "docker/Dockerfile.prod": "docker/Dockerfile.prod", "packages/@scope/x": "packages/@scope/x", "größe/x": "größe/x", ".github": ".github",
	} {
		if got, err := git.CleanPath("base_directory", text); got != want || err != nil {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"../../etc/passwd", "a/../../b", "a/..", "..", "/..", "name with blank", "a\nb", "a\x00b", "a;id", "$(id)", "`id`", "a:b", `a\b`, "-x", "a/-x", ".git", ".git/config", "a/.git/x",
		"a'b", `a"b`, "{{.}}", "a\u2028b", strings.Repeat("a", 1025), "a|b", "a>b",
	} {
		got, err := git.CleanPath("base_directory", text)
		var e *core.Error
		if !errors.As(err, &e) || len(e.Fields["base_directory"]) != 1 {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

// FuzzCheckName: whatever passes can stand behind refs/heads/ and is one argument.
func FuzzCheckName(f *testing.F) {
	for _, name := range []string{"main", "a/b", "-x", "a..b", "$(id)", "\n", "a@{"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if git.CheckName(name) == nil && (strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \n\r\x00$`;|&*?[~^:\\") || strings.Contains(name, "..")) {
			t.Fatalf("%q passed", name)
		}
	})
}
