// Package web is the interface for people: pages rendered on the server, styles and a
// little script embedded in the program. Everything works without script but live
// updates. It asks control, and so may do what the API may do and no more.
package web

import (
	"context"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/control"
	"github.com/taffrail/taffrail/internal/core"
	"github.com/taffrail/taffrail/internal/httpio"
	"github.com/taffrail/taffrail/internal/logs"
)

// Lines reads logs.
type Lines interface {
	logs.Store
	// GetCursor tells, besides what it is for, the number of the last line.
	GetCursor(ctx context.Context, logID int64) (core.Cursor, int64, error)
}

// Setup guards the first set-up against strangers who come first.
type Setup interface {
	// Right says whether code is the one that was shown to whoever started the controller.
	Right(code string) bool
	// Done takes the code away for good.
	Done()
}

// Deps is what the interface works with.
type Deps struct {
	Control  *control.Control
	Accounts *auth.Accounts
	Setup    Setup
	Lines    Lines
	Hub      *logs.Hub
	Log      *slog.Logger
	Now      func() time.Time
	Version  string
}

// Site serves the interface. Streams end with the context of their request: whoever
// shuts the HTTP server down cancels its base context first.
type Site struct {
	deps     Deps
	control  *control.Control
	pages    map[string]*template.Template
	assets   assets
	attempts *httpio.Limiter // of signing in, by address and by account
	outlines *outlines
}

// attemptLimit is how many passwords or codes an address, and an account, may try in a
// minute.
const attemptLimit = 10

// New makes a Site. It fails only when what is embedded is broken.
func New(d Deps) (*Site, error) {
	s := &Site{
		deps: d, control: d.Control, attempts: httpio.NewLimiter(attemptLimit, d.Now), outlines: newOutlines(d.Lines),
	}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("load the assets of the web interface: %w", err)
	}
	if s.pages, err = parsePages(s.assets); err != nil {
		return nil, fmt.Errorf("parse the pages of the web interface: %w", err)
	}
	return s, nil
}

// route is a path of the interface. Everybody may ask for an open one; the others lead
// those who are not signed in to the login.
type route struct {
	method, path string
	open         bool
	serve        func(*visit) error
}

func get(path string, serve func(*visit) error) route {
	return route{method: http.MethodGet, path: path, serve: serve}
}

func post(path string, serve func(*visit) error) route {
	return route{method: http.MethodPost, path: path, serve: serve}
}

func (r route) public() route {
	r.open = true
	return r
}

// Handler serves the interface. Paths that it does not know get a page that says so.
func (s *Site) Handler() http.Handler {
	router := httpio.NewRouter(s.page(route{open: true, serve: missing}), func([]string) http.Handler {
		return s.page(route{open: true, serve: missing})
	})
	for _, r := range s.routes() {
		router.Handle(r.method, r.path, s.page(r))
	}
	router.Handle(http.MethodGet, assetPrefix+"{version}/{name}", s.assets)
	h := httpio.Recover(s.deps.Log, sameOrigin(router))
	return httpio.Access(s.deps.Log, httpio.WriteLimit(headers(httpio.Clean(compressed(h)))))
}

// page finds out who asks, serves, and shows a page about what went wrong.
func (s *Site) page(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		v := &visit{site: s, w: w, r: req}
		err := v.identify()
		switch {
		case err != nil && core.CodeOf(err) != core.CodeUnauthenticated:
		case r.open:
			err = r.serve(v)
		case !v.signedIn():
			err = v.toLogin()
		default:
			err = r.serve(v)
		}
		if err != nil {
			v.fail(err)
		}
	})
}

func missing(*visit) error {
	return core.Errorf(core.CodeNotFound, "There is no such page. It may have been moved or deleted.")
}
