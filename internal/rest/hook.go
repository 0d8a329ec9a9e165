package rest

import (
	"errors"
	"io"
	"net/http"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
)

const (
	// hooksPath is where code hosts send what happened. It is outside of the API: there is
	// no token, the signature says who sends.
	hooksPath = "/webhooks"
	// maxHook is the longest delivery in bytes.
	maxHook = 10 << 20
	// hooksPerRequest is how many deliveries may come from an address for each request that
	// a token may make: one code host sends for many.
	hooksPerRequest = 10
)

// hookTable has what senders know, and one address for each application for everybody else.
// GitHub is there twice: as an App, and set up by hand in one repository.
func (a *API) hookTable() []Route {
	const source = hooksPath + "/source"
	return []Route{
		hook(source+"/github/events", "Take a delivery of a GitHub App", a.hook(control.Delivery{Provider: "github"})),
		hook(source+"/github/events/manual", "Take a delivery of GitHub", a.hook(control.Delivery{Provider: "github"})),
		hook(source+"/gitlab/events/manual", "Take a delivery of GitLab", a.hook(control.Delivery{Provider: "gitlab"})),
		hook(source+"/bitbucket/events/manual", "Take a delivery of Bitbucket", a.hook(control.Delivery{Provider: "bitbucket"})),
		hook(source+"/gitea/events/manual", "Take a delivery of Gitea or Forgejo", a.hook(control.Delivery{Provider: "gitea"})),
		hook(hooksPath+"/applications/{uuid}", "Take a delivery of any other sender, signed as X-Taffrail-Signature says", a.applicationHook),
	}
}

func hook[In any](path, summary string, fn writer[In]) Route {
	return raw[[]api.HookResult](http.MethodPost, path, "", summary, mediaJSON, fn,
		http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests)
}

func (a *API) hook(d control.Delivery) writer[none] {
	return func(w http.ResponseWriter, r *http.Request, _ auth.Principal, _ none) error {
		return a.takeHook(w, r, d)
	}
}

func (a *API) applicationHook(w http.ResponseWriter, r *http.Request, _ auth.Principal, in one) error {
	return a.takeHook(w, r, control.Delivery{Provider: "generic", Application: core.ID(in.UUID)})
}

// takeHook hands a delivery on as it came: signatures are over bytes. Those that prove
// nothing share the small budget of their address, so that guessing ends.
func (a *API) takeHook(w http.ResponseWriter, r *http.Request, d control.Delivery) error {
	caller := httpio.ClientIP(r)
	if err := a.hooks.Take(w, "address "+caller); err != nil {
		return err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxHook))
	if err != nil {
		return unreadableHook(err)
	}
	d.Header, d.Body = r.Header, body
	results, err := a.control.HandleWebhook(r.Context(), d)
	if core.CodeOf(err) == core.CodeUnauthenticated {
		if limited := a.limiter.Take(w, "address "+caller); limited != nil {
			return limited
		}
	}
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list(results, showHook))
}

func unreadableHook(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return httpio.Refuse(http.StatusRequestEntityTooLarge, "The delivery must not be larger than 10 MiB.")
	}
	return core.Errorf(core.CodeBadRequest, "The delivery could not be read.")
}

func showHook(h control.HookResult) api.HookResult {
	out := api.HookResult{
		ApplicationUUID: text(h.Application), ApplicationName: text(h.Name), DeploymentUUID: text(h.Deployment),
		Message: h.Message, Status: "skipped",
	}
	if h.Deployment != "" {
		out.Status = "success"
	}
	return out
}
