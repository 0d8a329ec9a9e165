package rest

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/httpio"
)

// Route is one line of the table: what there is, who may ask, what goes in and out.
type Route struct {
	Method  string
	Path    string       // below Prefix
	Ability auth.Ability // that the token needs; empty: no token is needed
	Summary string
	Status  int           // of success
	In      *httpio.Input // what is read of the request
	Out     reflect.Type  // body of success; for streams, of an event's data; nil: text
	Media   string        // content type of success
	Also    []int         // refusals beyond those that follow from the rest

	serve func(w http.ResponseWriter, r *http.Request, p auth.Principal) error
}

// Content types of success.
const (
	mediaJSON   = "application/json"
	mediaText   = "text/plain"
	mediaHTML   = "text/html"
	mediaStream = "text/event-stream"
)

// none is the input of routes that read nothing.
type none struct{}

// one is the input of routes about one thing.
type one struct {
	UUID string `path:"uuid"`
}

// handler is a route as a plain function.
type handler[In, Out any] = func(ctx context.Context, p auth.Principal, in In) (Out, error)

// writer is a route that writes its own reply.
type writer[In any] = func(w http.ResponseWriter, r *http.Request, p auth.Principal, in In) error

func get[In, Out any](path string, ability auth.Ability, summary string, fn handler[In, Out], also ...int) Route {
	return plain(http.MethodGet, path, ability, http.StatusOK, summary, fn, also)
}

func post[In, Out any](path string, ability auth.Ability, status int, summary string, fn handler[In, Out], also ...int) Route {
	return plain(http.MethodPost, path, ability, status, summary, fn, also)
}

func patch[In, Out any](path string, ability auth.Ability, status int, summary string, fn handler[In, Out], also ...int) Route {
	return plain(http.MethodPatch, path, ability, status, summary, fn, also)
}

func remove[In, Out any](path string, ability auth.Ability, summary string, fn handler[In, Out], also ...int) Route {
	return plain(http.MethodDelete, path, ability, http.StatusOK, summary, fn, also)
}

// plain is a route that answers with JSON.
func plain[In, Out any](method, path string, ability auth.Ability, status int, summary string, fn handler[In, Out], also []int) Route {
	route := raw[Out](method, path, ability, summary, mediaJSON, func(w http.ResponseWriter, r *http.Request, p auth.Principal, in In) error {
		out, err := fn(r.Context(), p, in)
		if err != nil {
			return err
		}
		return httpio.WriteJSON(w, status, out)
	}, also...)
	route.Status = status
	return route
}

// raw is a route that writes its own reply. Out is what the reply holds, for the
// documentation; string is text.
func raw[Out, In any](method, path string, ability auth.Ability, summary, media string, fn writer[In], also ...int) Route {
	input := httpio.NewInput(reflect.TypeFor[In]())
	out := reflect.TypeFor[Out]()
	if out.Kind() == reflect.String {
		out = nil
	}
	return Route{
		Method: method, Path: path, Ability: ability, Summary: summary,
		Status: http.StatusOK, In: input, Out: out, Media: media, Also: also,
		serve: func(w http.ResponseWriter, r *http.Request, p auth.Principal) error {
			var in In
			if err := input.Decode(w, r, &in); err != nil {
				return err
			}
			return fn(w, r, p, in)
		},
	}
}

func tokenName(p auth.Principal) string { return strconv.FormatInt(p.TokenID, 10) }
