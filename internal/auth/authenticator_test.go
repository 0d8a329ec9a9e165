package auth_test

import (
	"cmp"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

// shelf is where the tokens of a test are.
type shelf struct {
	tokens map[int64]core.Token
	err    error
	asked  int
}

func (s *shelf) GetToken(_ context.Context, row int64) (core.Token, error) {
	s.asked++
	if s.err != nil {
		return core.Token{}, s.err
	}
	t, ok := s.tokens[row]
	if !ok {
		return core.Token{}, core.NotFound("Token")
	}
	return t, nil
}

var now = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func clock() time.Time { return now }

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	secret, hash := auth.NewToken()
	stranger, _ := auth.NewToken()
	token := core.Token{RowID: 4, TeamID: 2, UserID: 9, Name: "ci", Hash: hash, Abilities: []string{"read", "deploy"}, Role: core.RoleAdmin}
	for _, c := range []struct {
		name   string
		change func(*core.Token)
		bearer core.Secret
		row    int64
		ok     bool
		say    string
	}{
		{name: "right", ok: true},
		{name: "expires in a second", change: func(t *core.Token) { t.ExpiresAt = now.Add(time.Second) }, ok: true},
		{name: "expires now", change: func(t *core.Token) { t.ExpiresAt = now }},
		{name: "expired a second ago", change: func(t *core.Token) { t.ExpiresAt = now.Add(-time.Second) }},
		{name: "user left the team", change: func(t *core.Token) { t.Role = "" }, say: "Invalid token."},
		{name: "user left the team, expired", change: func(t *core.Token) { t.Role, t.ExpiresAt = "", now }},
		{name: "user left the team, of somebody else", change: func(t *core.Token) { t.Role = "" }, bearer: stranger},
		{name: "revoked", row: 5},
		{name: "of somebody else", bearer: stranger},
		{name: "stored without hash", change: func(t *core.Token) { t.Hash = "" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stored := token
			if c.change != nil {
				c.change(&stored)
			}
			row, bearer := int64(4), secret
			if c.row != 0 {
				row = c.row
			}
			if !c.bearer.Empty() {
				bearer = c.bearer
			}
			var used []int64
			s := &shelf{tokens: map[int64]core.Token{4: stored}}
			a := auth.NewAuthenticator(s, func(row int64, _ time.Time) { used = append(used, row) }, clock)
			p, err := a.Authenticate(t.Context(), auth.TokenText(row, bearer).Reveal(), core.TriggerCLI)
			if !c.ok {
				if core.CodeOf(err) != core.CodeUnauthenticated || err.Error() != cmp.Or(c.say, "Unauthenticated.") || len(used) != 0 {
					t.Fatalf("error %v, used %v", err, used)
				}
				return
			}
			if err != nil || len(used) != 1 || used[0] != 4 {
				t.Fatalf("error %v, used %v", err, used)
			}
			if p.TeamID != 2 || p.UserID != 9 || p.TokenID != 4 || p.Trigger != core.TriggerCLI || p.Role != core.RoleAdmin ||
				p.Actor != (core.Actor{Kind: "token", ID: 4, Name: "ci"}) || !p.Can(auth.Deploy) || p.Can(auth.Write) {
				t.Fatalf("principal %+v", p)
			}
		})
	}
}

func TestAuthenticateDoesNotAskTheDatabaseForRubbish(t *testing.T) {
	t.Parallel()
	secret, hash := auth.NewToken()
	s := &shelf{tokens: map[int64]core.Token{4: {RowID: 4, Hash: hash, Role: core.RoleOwner}}}
	a := auth.NewAuthenticator(s, nil, clock)
	text := auth.TokenText(4, secret).Reveal()
	last := text[len(text)-1]
	for _, bearer := range []string{"", "Bearer", text[:len(text)-1] + string(last^1), hash, "4|" + hash[:40]} {
		if _, err := a.Authenticate(t.Context(), bearer, core.TriggerAPI); core.CodeOf(err) != core.CodeUnauthenticated {
			t.Errorf("%q: %v", bearer, err)
		}
	}
	if s.asked != 0 {
		t.Errorf("the database was asked %d times", s.asked)
	}
}

func TestAuthenticateTellsFaultsOfTheDatabaseFromWrongTokens(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	secret, _ := auth.NewToken()
	a := auth.NewAuthenticator(&shelf{err: broken}, nil, clock)
	_, err := a.Authenticate(t.Context(), auth.TokenText(4, secret).Reveal(), core.TriggerAPI)
	if !errors.Is(err, broken) || core.CodeOf(err) != core.CodeInternal {
		t.Errorf("error %v", err)
	}
}
