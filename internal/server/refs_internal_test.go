package server

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/git"
	"github.com/taffrail/taffrail/internal/host"
)

// answering is a machine that answers every command the same.
type answering struct {
	host.Host
	answer host.Result
	argv   []string
	env    map[string]string
	stdin  string
}

func (a *answering) Run(_ context.Context, c host.Command) (host.Result, error) {
	a.argv, a.env = c.Argv, c.Env
	if c.Stdin != nil {
		text, err := io.ReadAll(c.Stdin)
		if err != nil {
			return host.Result{}, err
		}
		a.stdin = string(text)
	}
	return a.answer, nil
}

func TestResolve(t *testing.T) {
	t.Parallel()
	g := newFakeGitHub(t)
	p := newPaper(t, g.URL)
	if _, err := p.db.Raw().ExecContext(t.Context(), `UPDATE teams SET allow_host_access = TRUE`); err != nil {
		t.Fatal(err)
	}
	machine := &answering{answer: host.Result{Stdout: []byte(commit + "\trefs/heads/main\n")}}
	r := refs{apps: newGitHubApps(p.db), store: p.db, hosts: func(context.Context, core.Server) (host.Host, error) { return machine, nil }}
	ref, err := git.ParseRef("main", "")
	ok(t, err)
	for what, c := range map[string]struct {
		source core.Source
		url    string
		check  func() bool
	}{
		"App": {p.a.Source, "https://git.example.com/acme/shop", func() bool { return machine.env["TAFFRAIL_GIT_TOKEN"] == "ghs_ofTheFake" }},
		"key": {core.Source{Repository: "https://git.example.com/acme/shop", KeyID: p.app.KeyID}, "git@git.example.com:acme/shop.git", func() bool {
			return strings.TrimSpace(machine.stdin) == strings.TrimSpace(rsaPEM())
		}},
		"public": {core.Source{Repository: "https://git.example.com/acme/shop"}, "https://git.example.com/acme/shop", func() bool {
			return machine.stdin == "" && machine.env["TAFFRAIL_GIT_TOKEN"] == ""
		}},
	} {
		a := p.a
		a.Source = c.source
		found, err := r.Resolve(t.Context(), p.server, a, ref)
		if err != nil || found.Commit != commit || found.Branch != "main" || !slices.Contains(machine.argv, c.url) || !c.check() {
			t.Errorf("%s: %+v, %v, asked %q with %v", what, found, err, machine.argv[3:], machine.env)
		}
		if text := strings.Join(machine.argv, " "); strings.Contains(text, "ghs_") || strings.Contains(text, "PRIVATE") {
			t.Errorf("%s: a secret is an argument", what)
		}
	}
	machine.answer = host.Result{ExitCode: 128, Stderr: []byte("fatal: repository not found")}
	_, err = r.Resolve(t.Context(), p.server, p.a, ref)
	if core.CodeOf(err) != core.CodeBadRequest || !strings.Contains(err.Error(), "There is no repository") {
		t.Errorf("of nothing: %v", err)
	}
}
