package rest

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"reflect"

	"github.com/taffrail/taffrail/api"
	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/httpio"
)

const docsPath = "/docs"

//go:embed pages
var pageFiles embed.FS

// pages are what there is outside of the API.
func (a *API) pages() map[string]http.Handler {
	serve := func(media, file string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", media)
			http.ServeFileFS(w, r, pageFiles, "pages/"+file)
		})
	}
	bare := func(fn writer[none]) http.Handler {
		return a.endpoint(raw[string](http.MethodGet, "", "", "", mediaHTML, fn))
	}
	return map[string]http.Handler{
		"/":             serve("text/html; charset=utf-8", "root.html"),
		"/docs.css":     serve("text/css; charset=utf-8", "docs.css"),
		Prefix:          serve("text/html; charset=utf-8", "root.html"),
		docsPath:        bare(a.docs),
		"/openapi.json": bare(a.document),
	}
}

func (a *API) document(w http.ResponseWriter, _ *http.Request, _ auth.Principal, _ none) error {
	w.Header().Set("Content-Type", mediaJSON)
	_, err := w.Write(a.openapi)
	return err
}

// docs shows the table to people, on one page that needs nothing from elsewhere.
func (a *API) docs(w http.ResponseWriter, _ *http.Request, _ auth.Principal, _ none) error {
	page, err := template.ParseFS(pageFiles, "pages/docs.html")
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, docsView{Prefix: Prefix, Version: api.Version, Groups: groupsOf(a.documented())}); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the reader is gone: nobody is left to tell
	return nil
}

type docsView struct {
	Prefix, Version string
	Groups          []docsGroup
}

type docsGroup struct {
	Name   string
	Routes []docsRoute
}

type docsRoute struct {
	Route
	ID         string
	Parameters []httpio.Field
	Body       []httpio.Field
	Reply      []httpio.Field
	ReplyType  string
	Refusals   []int
}

func groupsOf(routes []Route) []docsGroup {
	var out []docsGroup
	at := map[string]int{}
	for _, route := range routes {
		tag := tagOf(route)
		i, known := at[tag]
		if !known {
			i = len(out)
			at[tag] = i
			out = append(out, docsGroup{Name: tag})
		}
		out[i].Routes = append(out[i].Routes, docsOf(route))
	}
	return out
}

func docsOf(route Route) docsRoute {
	out := docsRoute{
		Route: route, ID: operationID(route), Refusals: refusals(route),
		Parameters: append(append([]httpio.Field{}, route.In.Path...), route.In.Query...),
	}
	if route.In.Body != nil {
		out.Body = route.In.Body.Fields
	}
	t := route.Out
	if t == nil {
		out.ReplyType = "text"
		return out
	}
	if t.Kind() == reflect.Slice {
		out.ReplyType = "array of "
		t = t.Elem()
	}
	out.ReplyType += t.Name()
	if t.Kind() == reflect.Struct {
		out.Reply = shapeOf(t).Fields
	}
	return out
}
