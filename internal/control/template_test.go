package control_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
)

// TestCreateServiceFromTemplate: every template of the catalogue makes a service with its
// variables and an address, by its key and by each alias.
func TestCreateServiceFromTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	for _, one := range must(w.c.ListTemplates(t.Context(), w.owner))(t) {
		for _, key := range append([]string{one.Key}, one.Aliases...) {
			in := x.serviceInput()
			in.Name, in.Type, in.Compose = "", key, core.Secret{}
			s, err := w.c.CreateService(t.Context(), w.owner, in)
			if err != nil {
				t.Errorf("%s: %v", key, err)
				continue
			}
			if s.Service.Type != one.Key || s.Service.ComposeRaw.Reveal() != one.Compose || !strings.HasPrefix(s.Service.Name, one.Key+"-") {
				t.Errorf("%s: made %q of type %q", key, s.Service.Name, s.Service.Type)
			}
			if len(s.Domains) != 1 || len(s.Warnings) != 0 {
				t.Errorf("%s: domains %q, warnings %q", key, s.Domains, s.Warnings)
			}
		}
	}
}

func TestUnknownTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.furnish(t, w.owner)
	in := x.serviceInput()
	in.Type, in.Compose = "no-such-thing", core.Secret{}
	_, create := w.c.CreateService(t.Context(), w.owner, in)
	_, get := w.c.GetTemplate(t.Context(), w.owner, in.Type)
	for _, err := range []error{create, get} {
		var unknown *control.UnknownTypeError
		if !errors.As(err, &unknown) || core.CodeOf(err) != core.CodeNotFound || !slices.Contains(unknown.Valid, "grafana") {
			t.Errorf("got %v", err)
		}
	}
	deployer := as(w.owner, core.RoleOwner, auth.Deploy)
	if _, err := w.c.ListTemplates(t.Context(), deployer); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("a token that may not read: %v", err)
	}
	if _, err := w.c.GetTemplate(t.Context(), deployer, "grafana"); core.CodeOf(err) != core.CodeForbidden {
		t.Errorf("a token that may not read: %v", err)
	}
}
