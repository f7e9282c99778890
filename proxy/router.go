package proxy

import (
	"net/http"
	"strings"
	"sync"

	"github.com/go-chi/chi/v5"
)

// router finds the upstream that a path of one listener belongs to, for all
// methods: what the catalogue does not know is forwarded, not refused. chi is
// asked for the pattern only: its own way of serving copies the request and
// notes the path's wildcards in it, which nobody here reads.
type router struct {
	mux      *chi.Mux
	routes   map[string]route // by pattern
	contexts sync.Pool        // of *chi.Context; none is used beyond find
	known    *destinations
}

// route is where a pattern leads.
type route struct {
	up *upstream
	to layer
}

func newRouter() *router {
	return &router{
		mux: chi.NewRouter(), routes: make(map[string]route), known: newDestinations(),
		contexts: sync.Pool{New: func() any { return chi.NewRouteContext() }},
	}
}

// add gives the paths of an upstream to a layer.
func (rt *router) add(up *upstream, to layer) {
	for _, prefix := range append([]string{up.prefix}, up.aliases...) {
		if prefix == "" || strings.HasSuffix(prefix, "/") {
			rt.handle(strings.TrimSuffix(prefix, "/")+"/*", route{up, to})
			continue
		}
		rt.handle(prefix, route{up, to})
		rt.handle(prefix+"/*", route{up, to})
	}
}

func (rt *router) handle(pattern string, to route) {
	rt.mux.Handle(pattern, http.NotFoundHandler()) // never served
	rt.routes[pattern] = to
}

// find reports false for a path of no upstream.
func (rt *router) find(r *http.Request) (destination, bool) {
	return rt.known.find(r.Method, rawTarget(r), func(method, raw string) (destination, bool) {
		to, ok := rt.routes[rt.pattern(raw)]
		if !ok {
			return destination{}, false
		}
		return destinationOf(to.up, to.to, method, raw), true
	})
}

// pattern is that of a raw path. It must not depend on anything else of the request,
// since what it leads to is remembered for all others with this path.
func (rt *router) pattern(raw string) string {
	c, _ := rt.contexts.Get().(*chi.Context)
	defer rt.contexts.Put(c)
	c.Reset()
	return rt.mux.Find(c, http.MethodGet, raw) // chi knows the common methods only, and no route depends on one
}

// route hands the request to the upstream that the listener's router finds.
func (v *view) route(listener string, w *responseWriter, r *http.Request) {
	if rt := v.routers[listener]; rt != nil { // else its upstream went away with a reload
		var found bool
		if w.x.destination, found = rt.find(r); found {
			w.x.to(w, r)
			return
		}
	}
	w.x.closeAfter(r)
	writeProblem(w, r, w.x, &Problem{Code: CodeNotAllowed, Detail: "No upstream is configured for this path. Compare the app's base URL with the prefixes under upstreams in the configuration."})
}
