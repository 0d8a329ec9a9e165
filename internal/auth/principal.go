// Package auth says who asks and what they may do: principals, API tokens, abilities.
package auth

import (
	"slices"
	"time"

	"github.com/taffrail/taffrail/internal/core"
)

// Principal is whoever makes a request, for one team.
type Principal struct {
	TeamID    int64
	UserID    int64
	TokenID   int64 // 0 when no token was used
	Role      core.Role
	Abilities []Ability
	Actor     core.Actor
	Trigger   core.Trigger
	ExpiresAt time.Time // of the credentials; zero: never
	Address   string    // that the request came from; empty: there is none
}

// ForUser is the principal of a person who is signed in to a team, with all that the
// person's role allows.
func ForUser(team int64, u core.User, trigger core.Trigger) Principal {
	return Principal{
		TeamID:    team,
		UserID:    u.RowID,
		Role:      u.Role,
		Abilities: []Ability{Root},
		Actor:     core.Actor{Kind: "user", ID: u.RowID, Name: u.Name},
		Trigger:   trigger,
	}
}

// Can says whether p has ability a. Members can do nothing but read, whatever their
// token says: a token lends what its user has now, and never more.
func (p Principal) Can(a Ability) bool {
	return p.granted(a) && (a == Read || p.leads())
}

// SeesSecrets says whether secret values may be shown to p.
func (p Principal) SeesSecrets() bool { return p.Can(ReadSensitive) }

// Require returns a CodeForbidden error when p lacks ability a.
func (p Principal) Require(a Ability) error {
	switch {
	case p.Can(a):
		return nil
	case p.granted(a):
		return core.Errorf(core.CodeForbidden, "Missing required team role.")
	default:
		return core.Errorf(core.CodeForbidden, "Missing required permissions: %s", a)
	}
}

func (p Principal) granted(a Ability) bool {
	return slices.Contains(p.Abilities, Root) || slices.Contains(p.Abilities, a)
}

func (p Principal) leads() bool {
	return p.Role == core.RoleAdmin || p.Role == core.RoleOwner
}
