// Package auth says who asks and what they may do: principals, API tokens, abilities.
package auth

import (
	"slices"

	"github.com/taffrail/taffrail/internal/core"
)

// Ability is a permission of a token.
type Ability string

// The abilities, as existing clients know them. Root includes all others.
const (
	Root           Ability = "root"
	Read           Ability = "read"
	ReadSensitive  Ability = "read:sensitive"
	Write          Ability = "write"
	WriteSensitive Ability = "write:sensitive"
	Deploy         Ability = "deploy"
)

// Principal is whoever makes a request, for one team.
type Principal struct {
	TeamID    int64
	UserID    int64
	TokenID   int64
	Role      core.Role
	Abilities []Ability
	Actor     core.Actor
	Trigger   core.Trigger
}

// Can says whether p has ability a.
func (p Principal) Can(a Ability) bool {
	return slices.Contains(p.Abilities, Root) || slices.Contains(p.Abilities, a)
}

// SeesSecrets says whether secret values may be shown to p.
func (p Principal) SeesSecrets() bool {
	return p.Can(ReadSensitive) && (p.Role == core.RoleAdmin || p.Role == core.RoleOwner)
}

// Require returns a CodeForbidden error when p lacks ability a.
func (p Principal) Require(a Ability) error {
	if p.Can(a) {
		return nil
	}
	return core.Errorf(core.CodeForbidden, "Missing required permissions: %s", a)
}
