package auth

import (
	"slices"
	"strings"

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

// Abilities lists all abilities.
func Abilities() []Ability {
	return []Ability{Root, Read, ReadSensitive, Write, WriteSensitive, Deploy}
}

// ParseAbilities reads the abilities that somebody wants for a token. Faults are
// CodeInvalid errors of the field "abilities". Duplicates are dropped; read:sensitive
// brings read with it, since neither is of use without the other.
func ParseAbilities(names []string) ([]Ability, error) {
	const field = "abilities"
	var out []Ability
	for _, name := range names {
		a := Ability(strings.TrimSpace(name))
		if !slices.Contains(Abilities(), a) {
			return nil, core.Invalid(field, "The ability %q is unknown: choose from %s.", a, list())
		}
		if !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	switch {
	case len(out) == 0:
		return nil, core.Invalid(field, "The abilities field is required: choose from %s.", list())
	case len(out) > 1 && slices.Contains(out, Root):
		return nil, core.Invalid(field, "The ability root includes all others: give it alone.")
	case slices.Contains(out, ReadSensitive) && !slices.Contains(out, Read):
		out = append(out, Read)
	}
	return out, nil
}

func list() string {
	names := make([]string, 0, len(Abilities()))
	for _, a := range Abilities() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}
