package control_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// login is how a client with this token is seen.
func (w *world) login(t testing.TB, text core.Secret, now time.Time) (auth.Principal, error) {
	t.Helper()
	a := auth.NewAuthenticator(w.db, nil, func() time.Time { return now })
	return a.Authenticate(t.Context(), text.Reveal(), core.TriggerAPI)
}

func TestTokensWorkUntilTheyDoNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	token, text, err := w.c.CreateToken(ctx, w.owner, control.TokenInput{Name: "ci", Abilities: []string{"read", "deploy"}, Lifetime: time.Hour})
	if err != nil || token.Hash != "" || !regexp.MustCompile(`^\d+\|\w+$`).MatchString(text.Reveal()) {
		t.Fatalf("token %+v, %q, %v", token, text.Reveal(), err)
	}
	_, secret, _ := strings.Cut(text.Reveal(), "|")
	if strings.Contains(w.dump(t), secret) {
		t.Error("the token is in the database")
	}
	p, err := w.login(t, text, start)
	if err != nil || p.TeamID != w.owner.TeamID || !p.Can(auth.Deploy) || p.Can(auth.Write) || p.Actor.Name != "ci" || !p.ExpiresAt.Equal(start.Add(time.Hour)) {
		t.Errorf("principal %+v, %v", p, err)
	}
	if _, err := w.login(t, text, start.Add(time.Hour)); core.CodeOf(err) != core.CodeUnauthenticated {
		t.Errorf("an expired token: %v", err)
	}
	if err := w.c.DeleteToken(ctx, p, token.RowID); err != nil {
		t.Errorf("a token cannot revoke itself: %v", err)
	}
	if _, err := w.login(t, text, start); core.CodeOf(err) != core.CodeUnauthenticated {
		t.Errorf("a revoked token: %v", err)
	}
}

func TestTokensFollowTheRoleOfTheirUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, text, err := w.c.CreateToken(t.Context(), w.owner, control.TokenInput{Name: "root", Abilities: []string{"root"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Raw().ExecContext(t.Context(), `UPDATE team_user SET role = 'member'`); err != nil {
		t.Fatal(err)
	}
	p, err := w.login(t, text, start)
	if err != nil || p.Can(auth.Write) || p.SeesSecrets() || !p.Can(auth.Read) {
		t.Errorf("the token of a member: %+v, %v", p, err)
	}
	if _, err := w.db.Raw().ExecContext(t.Context(), `DELETE FROM team_user`); err != nil {
		t.Fatal(err)
	}
	if _, err := w.login(t, text, start); core.CodeOf(err) != core.CodeUnauthenticated || err.Error() != "Invalid token." {
		t.Errorf("the token of one who left: %v", err)
	}
}

func TestTokensGrantNoMoreThanTheirCreatorHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	root, _, err := w.c.CreateToken(ctx, w.owner, control.TokenInput{Name: "root", Abilities: []string{"root"}})
	if err != nil {
		t.Fatal(err)
	}
	writer := as(w.owner, core.RoleAdmin, auth.Write, auth.Read)
	short := writer
	short.ExpiresAt = start.Add(time.Hour)
	before := w.dump(t)
	for _, c := range []struct {
		p    auth.Principal
		in   control.TokenInput
		code core.Code
	}{
		{writer, control.TokenInput{Name: "n", Abilities: []string{"root"}}, core.CodeForbidden},
		{writer, control.TokenInput{Name: "n", Abilities: []string{"read:sensitive"}}, core.CodeForbidden},
		{writer, control.TokenInput{Name: "n", Abilities: []string{"read", "deploy"}}, core.CodeForbidden},
		{short, control.TokenInput{Name: "n", Abilities: []string{"read"}}, core.CodeForbidden},
		{short, control.TokenInput{Name: "n", Abilities: []string{"read"}, Lifetime: 2 * time.Hour}, core.CodeForbidden},
		{w.owner, control.TokenInput{Name: "", Abilities: []string{"admin"}, Lifetime: -1}, core.CodeInvalid},
	} {
		if _, _, err := w.c.CreateToken(ctx, c.p, c.in); core.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.in, err)
		}
	}
	wantCode(t, w.c.DeleteToken(ctx, writer, root.RowID), core.CodeForbidden, "Missing required permissions: root")
	if w.dump(t) != before {
		t.Error("a refused call changed the database")
	}
	_, _, err = w.c.CreateToken(ctx, w.owner, control.TokenInput{Name: "a;b", Abilities: []string{"root", "read"}, Lifetime: 1e6 * time.Hour})
	wantFields(t, err, "name", "abilities", "expires_in_days")
	if _, _, err := w.c.CreateToken(ctx, short, control.TokenInput{Name: "n", Abilities: []string{"read"}, Lifetime: time.Hour}); err != nil {
		t.Errorf("a token as good as its maker: %v", err)
	}
}

func TestListTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	if _, _, err := w.c.CreateToken(ctx, w.owner, control.TokenInput{Name: "mine", Abilities: []string{"read"}}); err != nil {
		t.Fatal(err)
	}
	list := must(w.c.ListTokens(ctx, w.owner))(t)
	if len(list) != 1 || list[0].Hash != "" || list[0].Name != "mine" {
		t.Errorf("tokens %+v", list)
	}
	other := as(w.owner, core.RoleMember, auth.Root)
	other.UserID = 4711
	if list := must(w.c.ListTokens(ctx, other))(t); len(list) != 0 {
		t.Errorf("a member sees the tokens of others: %+v", list)
	}
	if list := must(w.c.ListTokens(ctx, w.otherTeam(t)))(t); list == nil || len(list) != 0 {
		t.Errorf("another team sees %+v", list)
	}
}

func TestTeams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	team := must(w.c.UpdateTeam(ctx, w.owner, control.TeamPatch{Name: ptr(" Crew "), Description: ptr("all hands")}))(t)
	if team.Name != "Crew" || team.Description != "all hands" || team.AllowHostAccess {
		t.Errorf("team %+v", team)
	}
	if list := must(w.c.ListTeams(ctx, w.owner))(t); len(list) != 1 || list[0] != team {
		t.Errorf("teams %+v", list)
	}
	for _, m := range must(w.c.CurrentMembers(ctx, w.owner))(t) {
		if !m.Password.Empty() || m.Role == "" {
			t.Errorf("member %+v", m)
		}
	}
	_, err := w.c.UpdateTeam(ctx, w.owner, control.TeamPatch{Name: ptr("")})
	wantFields(t, err, "name")
}
