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
	layers   map[string]layer // by pattern
	contexts sync.Pool        // of *chi.Context; none is used beyond find
}

func newRouter() *router {
	return &router{mux: chi.NewRouter(), layers: make(map[string]layer), contexts: sync.Pool{New: func() any { return chi.NewRouteContext() }}}
}

// add gives the paths of an upstream to a layer.
func (rt *router) add(up *upstream, to layer) {
	for _, prefix := range append([]string{up.prefix}, up.aliases...) {
		if prefix == "" || strings.HasSuffix(prefix, "/") {
			rt.handle(strings.TrimSuffix(prefix, "/")+"/*", to)
			continue
		}
		rt.handle(prefix, to)
		rt.handle(prefix+"/*", to)
	}
}

func (rt *router) handle(pattern string, to layer) {
	rt.mux.Handle(pattern, http.NotFoundHandler()) // never served
	rt.layers[pattern] = to
}

// find returns nil for a path of no upstream.
func (rt *router) find(r *http.Request) layer {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	if path == "" {
		path = "/"
	}
	c, _ := rt.contexts.Get().(*chi.Context)
	defer rt.contexts.Put(c)
	c.Reset()
	return rt.layers[rt.mux.Find(c, r.Method, path)]
}

// route hands the request to the upstream that the listener's router finds.
func (v *view) route(listener string, w *responseWriter, r *http.Request) {
	if rt := v.routers[listener]; rt != nil { // else its upstream went away with a reload
		if to := rt.find(r); to != nil {
			to(w, r)
			return
		}
	}
	w.x.closeAfter(r)
	writeProblem(w, r, w.x, &Problem{Code: CodeNotAllowed, Detail: "No upstream is configured for this path. Compare the app's base URL with the prefixes under upstreams in the configuration."})
}
