package rest

import (
	"time"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/core"
)

// text is null for empty text.
func text[S ~string](s S) *string {
	if s == "" {
		return nil
	}
	out := string(s)
	return &out
}

// reveal is null for an empty secret; control empties those that may not be shown.
func reveal(s core.Secret) *string { return text(s.Reveal()) }

func at(t time.Time) api.Time { return api.At(t) }

// list shows each element; it is never null.
func list[T, U any](in []T, show func(T) U) []U {
	out := make([]U, 0, len(in))
	for _, v := range in {
		out = append(out, show(v))
	}
	return out
}

// secret wraps a text that is to be changed; nil stays nil.
func secret(s *string) *core.Secret {
	if s == nil {
		return nil
	}
	out := core.NewSecret(*s)
	return &out
}

// newID reads an id that is to be changed; nil stays nil.
func newID(s *string) *core.ID {
	if s == nil {
		return nil
	}
	out := core.ID(*s)
	return &out
}
