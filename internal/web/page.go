package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"strings"

	"github.com/taffrail/taffrail/internal/auth"
	"github.com/taffrail/taffrail/internal/core"
)

//go:embed templates
var templateFiles embed.FS

// view is a page: what all have in common, and its own Data.
type view struct {
	Title   string
	Section string // of the navigation
	Crumbs  []crumb
	Status  int // of the reply; 0: 200
	Notice  string
	Data    any

	visit *visit
}

type crumb struct{ Name, Path string }

// SignedIn says whether there is a navigation to show.
func (v view) SignedIn() bool { return v.visit.signedIn() }

// User is who looks.
func (v view) User() core.User { return v.visit.session.User }

// Theme is light, dark, or "" for what the system says.
func (v view) Theme() string { return v.visit.theme() }

// Here is the address of the page.
func (v view) Here() string { return v.visit.r.URL.RequestURI() }

// Version is the program's.
func (v view) Version() string { return v.visit.site.deps.Version }

// MayWrite says whether the visitor may change things.
func (v view) MayWrite() bool { return v.visit.p.Can(auth.Write) }

// MayDeploy says whether the visitor may deploy, stop and cancel.
func (v view) MayDeploy() bool { return v.visit.p.Can(auth.Deploy) }

// Nav is the navigation.
func (v view) Nav() []navItem {
	return []navItem{
		{"Overview", "/", "home", "overview"}, {"Projects", "/projects", "layers", "projects"},
		{"Deployments", "/deployments", "history", "deployments"}, {"Servers", "/servers", "server", "servers"},
		{"Keys", "/security/keys", "key", "keys"}, {"API tokens", "/security/tokens", "token", "tokens"},
		{"Team", "/team", "users", "team"},
	}
}

type navItem struct{ Name, Path, Icon, Section string }

// parsePages parses every page with the frame around it.
func parsePages(a assets) (map[string]*template.Template, error) {
	frame, err := template.New("").Funcs(functions(a)).ParseFS(templateFiles, "templates/layout.html", "templates/parts.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	pages := map[string]*template.Template{}
	for _, file := range names {
		name := strings.TrimSuffix(strings.TrimPrefix(file, "templates/"), ".html")
		if name == "layout" || name == "parts" {
			continue
		}
		t, err := frame.Clone()
		if err == nil {
			t, err = t.ParseFS(templateFiles, file)
		}
		if err != nil {
			return nil, err
		}
		pages[name] = t
	}
	return pages, nil
}

// show renders a page whole before anything of it is sent, so that an error is an error
// page and not half a page.
func (v *visit) show(name string, page view) error {
	page.visit = v
	if page.Notice == "" {
		page.Notice = v.notice()
	}
	var b bytes.Buffer
	if err := v.site.pages[name].ExecuteTemplate(&b, "layout", page); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if page.Status == 0 {
		page.Status = http.StatusOK
	}
	v.w.WriteHeader(page.Status)
	_, _ = v.w.Write(b.Bytes()) // the reader is gone: nobody is left to tell
	return nil
}

// form is a form with what was given and what is wrong with it.
type form struct {
	Values map[string]string
	Errors map[string][]string
	Text   string // what is wrong with the whole
}

// formOf keeps what was given, but for what must not come back (passwords).
func (v *visit) formOf(err error, names ...string) form {
	f := form{Values: map[string]string{}, Errors: map[string][]string{}}
	for _, name := range names {
		f.Values[name] = v.raw(name)
	}
	if err == nil {
		return f
	}
	if at, ok := fields(err); ok {
		f.Errors, f.Text = at, "Some fields need another look."
	} else {
		f.Text = message(err)
	}
	return f
}

// known says whether an error belongs on the form rather than on a page of its own.
func known(err error) bool { return message(err) != "" && core.CodeOf(err) != core.CodeUnauthenticated }
