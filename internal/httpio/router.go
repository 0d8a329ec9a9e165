package httpio

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Router finds the handler of a path. Where a fixed segment and a parameter both fit,
// the fixed one wins, at every level; net/http's own mux refuses such overlaps
// ("/deployments/services/{uuid}" beside "/deployments/{uuid}/steps"), and existing
// clients rely on them. All routes are added before the first request.
type Router struct {
	root    node
	missing http.Handler
	wrong   func(allowed []string) http.Handler
}

type node struct {
	fixed    map[string]*node
	param    *node
	name     string // of the parameter that leads here
	handlers map[string]http.Handler
}

// NewRouter makes a Router. missing answers unknown paths, wrong answers known paths
// asked with a method they do not have; the Allow header is set by then.
func NewRouter(missing http.Handler, wrong func(allowed []string) http.Handler) *Router {
	return &Router{missing: missing, wrong: wrong}
}

// Handle adds a handler for a method and a pattern such as "/servers/{uuid}". Two
// parameters in the same place must have the same name; it panics otherwise.
func (t *Router) Handle(method, pattern string, h http.Handler) {
	n := &t.root
	for _, segment := range segments(pattern) {
		n = n.child(segment)
	}
	if n.handlers == nil {
		n.handlers = map[string]http.Handler{}
	}
	if n.handlers[method] != nil {
		panic("httpio: route added twice: " + method + " " + pattern)
	}
	n.handlers[method] = h
}

func (n *node) child(segment string) *node {
	if strings.HasPrefix(segment, "{") {
		name := strings.Trim(segment, "{}")
		if n.param == nil {
			n.param = &node{name: name}
		}
		if n.param.name != name {
			panic("httpio: parameter {" + name + "} is {" + n.param.name + "} in another route")
		}
		return n.param
	}
	if n.fixed == nil {
		n.fixed = map[string]*node{}
	}
	if n.fixed[segment] == nil {
		n.fixed[segment] = &node{}
	}
	return n.fixed[segment]
}

// ServeHTTP implements http.Handler.
func (t *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	path := segments(r.URL.EscapedPath())
	allowed := map[string]bool{}
	h := t.root.find(path, method, r, allowed)
	switch {
	case h != nil:
		h.ServeHTTP(w, r)
	case len(allowed) > 0:
		methods := make([]string, 0, len(allowed))
		for m := range allowed {
			methods = append(methods, m)
		}
		slices.Sort(methods)
		w.Header().Set("Allow", strings.Join(methods, ", "))
		t.wrong(methods).ServeHTTP(w, r)
	default:
		t.missing.ServeHTTP(w, r)
	}
}

// find walks down, fixed segments first, and goes back where that leads nowhere.
// The parameters of the way that was taken become path values of r.
func (n *node) find(path []string, method string, r *http.Request, allowed map[string]bool) http.Handler {
	if len(path) == 0 {
		for m := range n.handlers {
			allowed[m] = true
		}
		return n.handlers[method]
	}
	if next := n.fixed[path[0]]; next != nil {
		if h := next.find(path[1:], method, r, allowed); h != nil {
			return h
		}
	}
	if n.param == nil {
		return nil
	}
	h := n.param.find(path[1:], method, r, allowed)
	if value, err := url.PathUnescape(path[0]); h != nil && err == nil {
		r.SetPathValue(n.param.name, value)
	}
	return h
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
