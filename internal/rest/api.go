package rest

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
	"github.com/taffrail/taffrail/internal/logs"
)

// Prefix is where the API is. The same paths work below /api, without the version.
const Prefix = "/api/v1"

// Authenticator turns bearer tokens into principals.
type Authenticator interface {
	// Authenticate answers CodeUnauthenticated for whatever is wrong with the token.
	Authenticate(ctx context.Context, bearer string, trigger core.Trigger) (auth.Principal, error)
}

// Deps is what the API works with.
type Deps struct {
	Control   *control.Control
	Auth      Authenticator
	Lines     logs.Store
	Hub       *logs.Hub
	Log       *slog.Logger
	Now       func() time.Time
	RateLimit int // requests of one token or address in a minute; 0 is no limit. A stream counts once.
}

// API serves the routes. Streams end with the context of their request: whoever shuts
// the HTTP server down cancels its base context first.
type API struct {
	deps    Deps
	control *control.Control
	log     *slog.Logger
	limiter *httpio.Limiter
	hooks   *httpio.Limiter // of deliveries, before anything is known of them
	routes  []Route
	inbound []Route // outside of Prefix
	openapi []byte
}

// New makes an API.
func New(d Deps) (*API, error) {
	a := &API{
		deps: d, control: d.Control, log: d.Log,
		limiter: httpio.NewLimiter(d.RateLimit, d.Now), hooks: httpio.NewLimiter(hooksPerRequest*d.RateLimit, d.Now),
	}
	a.routes, a.inbound = a.table(), a.hookTable()
	var err error
	a.openapi, err = marshalDocument(a.documented())
	return a, err
}

// Routes is the whole table.
func (a *API) Routes() []Route { return a.routes }

// Inbound is the table of what is outside of Prefix: addresses for webhooks.
func (a *API) Inbound() []Route { return a.inbound }

func (a *API) documented() []Route { return slices.Concat(a.routes, a.inbound) }

// Handler serves everything: the routes below /api/v1 and /api, webhooks, the
// documentation, and a page at the root that says what this is.
func (a *API) Handler() http.Handler {
	router := httpio.NewRouter(http.HandlerFunc(a.missing), a.wrongMethod)
	for _, route := range a.routes {
		router.Handle(route.Method, Prefix+route.Path, a.endpoint(route))
	}
	for _, route := range a.inbound {
		router.Handle(route.Method, route.Path, a.endpoint(route))
	}
	a.legacy(router)
	a.absent(router)
	for path, h := range a.pages() {
		router.Handle(http.MethodGet, path, h)
	}
	h := httpio.Recover(a.log, unversioned(router))
	return httpio.Access(a.log, httpio.WriteLimit(httpio.SecurityHeaders(httpio.Clean(h))))
}

// unversioned makes /api/… mean /api/v1/….
func unversioned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, below := strings.CutPrefix(r.URL.EscapedPath(), "/api")
		if !below || (rest != "" && rest[0] != '/') || rest == "/v1" || strings.HasPrefix(rest, "/v1/") {
			next.ServeHTTP(w, r)
			return
		}
		r2, u := *r, *r.URL
		u.Path, u.RawPath = Prefix+strings.TrimPrefix(u.Path, "/api"), Prefix+rest
		r2.URL = &u
		next.ServeHTTP(w, &r2)
	})
}

// endpoint admits the caller, decodes, calls the route and writes what comes of it.
func (a *API) endpoint(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, err := a.admit(w, r, route)
		if err == nil && r.Method == http.MethodHead && route.Media == mediaStream {
			w.Header().Set("Content-Type", mediaStream) // a stream without body would have no end
			return
		}
		if err == nil {
			err = route.serve(w, r, p)
		}
		if err != nil {
			httpio.WriteError(w, r, a.log, err)
		}
	})
}

// admit says who asks, if they may. Good tokens have a budget each; bad ones and none
// share that of their address, so that guessing ends without locking anybody out.
func (a *API) admit(w http.ResponseWriter, r *http.Request, route Route) (auth.Principal, error) {
	if route.Ability == "" {
		return auth.Principal{}, nil
	}
	p, err := a.identify(r)
	if core.CodeOf(err) == core.CodeUnauthenticated {
		if limited := a.limiter.Take(w, "address "+httpio.ClientIP(r)); limited != nil {
			return p, limited
		}
	}
	if err != nil {
		return p, err
	}
	if err := a.limiter.Take(w, p.Actor.Kind+" "+tokenName(p)); err != nil {
		return p, err
	}
	if err := a.passable(r.Context(), route); err != nil {
		return p, err
	}
	return p, p.Require(route.Ability)
}

func (a *API) identify(r *http.Request) (auth.Principal, error) {
	p, err := a.deps.Auth.Authenticate(r.Context(), bearer(r), trigger(r))
	p.Address = httpio.ClientIP(r)
	return p, err
}

// bearer is the token of the Authorization header; there is no other way to give one.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// trigger is the way by which a deployment is asked for, as far as the caller says.
func trigger(r *http.Request) core.Trigger {
	switch agent := r.UserAgent(); {
	case strings.HasPrefix(agent, "taffrail-cli"):
		return core.TriggerCLI
	case strings.HasPrefix(agent, "taffrail-mcp"):
		return core.TriggerMCP
	}
	return core.TriggerAPI
}

func (a *API) missing(w http.ResponseWriter, r *http.Request) {
	e := httpio.Refuse(http.StatusNotFound, "Not found.")
	e.Body.Docs = docsPath
	httpio.WriteError(w, r, a.log, e)
}

func (a *API) wrongMethod(allowed []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		message := "This path does not have the method " + r.Method + ". It has: " + strings.Join(allowed, ", ") + "."
		if r.Method == http.MethodGet && len(allowed) == 1 && allowed[0] == http.MethodPost {
			message = "This endpoint has changed to a POST request."
		}
		httpio.WriteError(w, r, a.log, httpio.Refuse(http.StatusMethodNotAllowed, message))
	})
}
