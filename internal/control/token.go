package control

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

const maxLifetime = 3650 * 24 * time.Hour

// TokenInput is a token that is to be created, for the user who asks.
type TokenInput struct {
	Name      string
	Abilities []string
	Lifetime  time.Duration // 0: it does not expire
}

// CreateToken makes an API token and returns it with the text that its user is to keep
// ("<id>|<secret>"), which nobody can see again. A token grants nothing that p does not
// have, and does not outlive the token that made it.
func (c *Control) CreateToken(ctx context.Context, p auth.Principal, in TokenInput) (core.Token, core.Secret, error) {
	if err := p.Require(auth.Write); err != nil {
		return core.Token{}, core.Secret{}, err
	}
	f := faults{}
	in.Name = strings.TrimSpace(in.Name)
	f.name("name", in.Name)
	if in.Lifetime < 0 || in.Lifetime > maxLifetime {
		f.add("expires_in_days", "The expires in days field must be between 0 and 3650.")
	}
	abilities, err := auth.ParseAbilities(in.Abilities)
	if err := errorOr(f.take(err), f.err()); err != nil {
		return core.Token{}, core.Secret{}, err
	}
	t := core.Token{TeamID: p.TeamID, UserID: p.UserID, Name: in.Name}
	if in.Lifetime > 0 {
		t.ExpiresAt = c.deps.Now().Add(in.Lifetime)
	}
	if err := withinOwn(p, abilities, t.ExpiresAt); err != nil {
		return core.Token{}, core.Secret{}, err
	}
	for _, a := range abilities {
		t.Abilities = append(t.Abilities, string(a))
	}
	return c.storeToken(ctx, p, t)
}

// ListTokens returns the tokens of the team; members see only their own.
func (c *Control) ListTokens(ctx context.Context, p auth.Principal) ([]core.Token, error) {
	if err := p.Require(auth.Read); err != nil {
		return nil, err
	}
	list, err := c.deps.Tokens.ListTokens(ctx, p.TeamID)
	if err != nil {
		return nil, err
	}
	if p.Role == core.RoleMember {
		list = slices.DeleteFunc(list, func(t core.Token) bool { return t.UserID != p.UserID })
	}
	for i := range list {
		list[i].Hash = ""
	}
	return list, nil
}

// DeleteToken revokes a token, from the next request on. A token may revoke itself, and
// those that grant no more than it has.
func (c *Control) DeleteToken(ctx context.Context, p auth.Principal, row int64) error {
	list, err := c.deps.Tokens.ListTokens(ctx, p.TeamID)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(t core.Token) bool { return t.RowID == row })
	if own := p.TokenID != 0 && row == p.TokenID; !own {
		if err := p.Require(auth.Write); err != nil {
			return err
		}
		if i >= 0 {
			err = withinOwn(p, abilitiesOf(list[i]), p.ExpiresAt)
		}
	}
	if i < 0 || err != nil {
		return errorOr(err, core.NotFound("Token"))
	}
	if err := c.deps.Tokens.DeleteToken(ctx, p.TeamID, row); err != nil {
		return named(err, "Token")
	}
	c.did(ctx, p, "token revoked", core.ID(strconv.FormatInt(row, 10)))
	return nil
}

func (c *Control) storeToken(ctx context.Context, p auth.Principal, t core.Token) (core.Token, core.Secret, error) {
	secret, hash := auth.NewToken()
	t.Hash = hash
	t, err := c.deps.Tokens.CreateToken(ctx, t)
	if err != nil {
		return core.Token{}, core.Secret{}, err
	}
	t.Hash = ""
	c.did(ctx, p, "token created", core.ID(strconv.FormatInt(t.RowID, 10)))
	return t, auth.TokenText(t.RowID, secret), nil
}

// withinOwn refuses to grant what p does not have, in kind and in time.
func withinOwn(p auth.Principal, abilities []auth.Ability, expires time.Time) error {
	for _, a := range abilities {
		if err := p.Require(a); err != nil {
			return err
		}
	}
	if !p.ExpiresAt.IsZero() && (expires.IsZero() || expires.After(p.ExpiresAt)) {
		return core.Errorf(core.CodeForbidden, "A token may not outlive the token that makes it, which expires on %s.",
			p.ExpiresAt.UTC().Format(time.DateOnly))
	}
	return nil
}

func abilitiesOf(t core.Token) []auth.Ability {
	out := make([]auth.Ability, 0, len(t.Abilities))
	for _, name := range t.Abilities {
		out = append(out, auth.Ability(name))
	}
	return out
}
