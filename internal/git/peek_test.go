package git_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/host"
)

func peek(tb testing.TB, r git.Remote, commit, folder, base string, files ...string) (git.Peek, error) {
	tb.Helper()
	return r.ReadPeek(base, local(tb, r.Peek(commit, "refs/heads/main", folder, base, files...)))
}

// TestPeek looks into a commit: the first of the files, and all names, without fetching
// what is in the others where the server knows how.
func TestPeek(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	huge := strings.Repeat(fmt.Sprint("incompressible ", t.Name()), 10_000)
	commit := o.commit("main", "first", map[string]string{
		"apps/shop/compose.yml": "services: {}\n\n", "apps/shop/web/Dockerfile": "FROM x", "apps/shop/conf/a b\n.txt": "1", "apps/shop/link": "-> /etc", "other": huge,
	})
	var f *forge
	for _, filters := range []bool{true, false} {
		if filters {
			f = o.serve("GIT_CONFIG_COUNT=2", "GIT_CONFIG_KEY_1=uploadpack.allowFilter", "GIT_CONFIG_VALUE_1=true")
		} else {
			f = o.serve()
		}
		r := f.remote(t, "app.git", git.Auth{})
		p, err := peek(t, r, commit, "", "apps/shop", "apps/shop/docker-compose.yaml", "apps/shop/compose.yml", "other")
		if err != nil || p.Name != "apps/shop/compose.yml" || p.Commit.Message != "first" || string(p.Text) != "services: {}\n\n" || len(p.ID) != 12 {
			t.Fatalf("filters %v: %+v, %v", filters, p, err)
		}
		for at, want := range map[string]git.EntryKind{
			".": git.EntryFolder, "web": git.EntryFolder, "web/Dockerfile": git.EntryFile, "conf/a b\n.txt": git.EntryFile, "missing": "", "other": "", "web/x/y": "",
		} {
			if e, known := p.At(at); !known || e.Kind != want || (e.ID == "") != (want == "") {
				t.Errorf("%q: %+v %v", at, e, known)
			}
		}
		for _, at := range []string{"link", "link/passwd"} {
			if e, known := p.At(at); known {
				t.Errorf("%s: %+v", at, e)
			}
		}
	}
	r := f.remote(t, "app.git", git.Auth{})
	p, err := peek(t, r, commit, "", ".", "docker-compose.yaml")
	if e, _ := p.At("apps/shop/web"); err != nil || p.Name != "" || e.Kind != git.EntryFolder {
		t.Errorf("%+v %v", p, err)
	}
	for want, at := range map[string][2]string{
		"There is no folder apps/missing": {"apps/missing", "x"}, "apps/shop/link is no file": {"apps/shop", "apps/shop/link"}, "apps/shop/web is no file": {"apps/shop", "apps/shop/web"},
	} {
		if _, err := peek(t, r, commit, "", at[0], at[1]); core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v", at, err)
		}
	}
	gone := strings.Repeat("0123", 10)
	if _, err := peek(t, r, gone, "", ".", "x"); core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "is not in the repository") {
		t.Errorf("gone: %v", err)
	}
	if _, err := peek(t, f.remote(t, "none.git", git.Auth{}), commit, "", ".", "x"); core.CodeOf(err) != core.CodeBadRequest {
		t.Errorf("no repository: %v", err)
	}
}

// TestPeekHere: what was fetched by a deployment is not fetched again.
func TestPeekHere(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	commit := o.commit("main", "first", map[string]string{"compose.yml": "a"})
	f := o.serve()
	s, r := newServer(t), f.remote(t, "app.git", git.Auth{})
	s.good(git.Checkout{Remote: r, Commit: commit, Ref: "refs/heads/main", Tree: "source"})
	f.asked = func(r *http.Request) { t.Errorf("asked for %s", r.URL) }
	if p, err := peek(t, r, commit, s.dir(), ".", "compose.yml"); err != nil || string(p.Text) != "a" {
		t.Errorf("%+v %v", p, err)
	}
}

// TestPeekAnswers: nothing that a server may answer makes a panic, and what is cut off is
// no list.
func TestPeekAnswers(t *testing.T) {
	t.Parallel()
	r := remote(t, "https://git.test/ann/app", git.Auth{})
	for _, answer := range []string{"", "tree", "tree x", "tree x\nmessage 0\nfile", "tree x\nmessage -1\n", "tree x\nmessage 3\na", "tree x\nmessage 0\nfile -1 a\n", "tree x\nmessage 0\nfile 1 a b\n", "tree x\nmessage 0\nnone",
		"tree 0123456789abcdef\nmessage 0\nnone\nrubbish"} {
		p, err := r.ReadPeek(".", host.Result{Stdout: []byte(answer)})
		if _, known := p.At("a"); known && err == nil {
			t.Errorf("%q: %+v", answer, p)
		}
	}
	if p, err := r.ReadPeek(".", host.Result{Stdout: []byte("tree x\nmessage 0\nfile 9 a\n1234")}); err != nil || string(p.Text) != "1234" || p.Entries != nil {
		t.Errorf("%+v %v", p, err)
	}
}
