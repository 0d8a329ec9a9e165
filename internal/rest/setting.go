package rest

import (
	"context"
	"net/http"
	"slices"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

func (a *API) getSettings(ctx context.Context, p auth.Principal, _ none) (api.InstanceSettings, error) {
	v, err := a.control.Instance(ctx, p)
	return showSettings(v), err
}

type updateSettings struct {
	Body api.InstanceUpdate `in:"body"`
}

func (a *API) updateSettings(ctx context.Context, p auth.Principal, in updateSettings) (api.InstanceSettings, error) {
	v, err := a.control.UpdateInstance(ctx, p, control.InstancePatch{APIEnabled: in.Body.APIEnabled, LegacyGet: in.Body.LegacyGet})
	return showSettings(v), err
}

func showSettings(v core.Instance) api.InstanceSettings {
	return api.InstanceSettings{APIEnabled: !v.APIDisabled, LegacyGet: v.LegacyGet}
}

// enable turns the API on or off.
func (a *API) enable(on bool) handler[none, api.Message] {
	message := "API disabled."
	if on {
		message = "API enabled."
	}
	return func(ctx context.Context, p auth.Principal, _ none) (api.Message, error) {
		return api.Message{Message: message}, a.control.EnableAPI(ctx, p, on)
	}
}

// passable refuses everything while the API is off, but what turns it on again.
func (a *API) passable(ctx context.Context, route Route) error {
	if slices.Contains([]string{"/enable", "/disable", "/settings"}, route.Path) {
		return nil
	}
	set, err := a.control.Gate(ctx)
	if err == nil && set.APIDisabled {
		e := httpio.Refuse(http.StatusForbidden, "API is disabled.")
		e.Body.Success = true // as clients know it
		return e
	}
	return err
}
