// Package console serves the admin listener: probes, metrics, and a JSON API
// to look at the running process and to change the little that may be changed
// at run time.
//
// GET reads and POST changes. Answers are snake_case JSON; times are RFC 3339
// with zone, durations seconds. Host, browser and token checks are made by
// whoever wires the handler to a listener.
package console

import (
	"encoding/json"
	"net/http"
	"net/http/pprof"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
	"github.com/cleengate/cleengate/internal/support/quota"
)

// maxBody bounds what a POST may carry.
const maxBody = 64 << 10

// Options are what the console shows and may do. Metrics, Health and Status
// are required; a nil function of the rest leaves its route out.
type Options struct {
	Metrics http.Handler
	Health  *Health
	// Status returns the answer of GET /api/v1/status.
	Status func() any
	// Limits and Credentials return the lists of their routes.
	Limits      func() any
	Credentials func() any
	// Cache has the stored answers.
	Cache *Cache
	// Quota builds the quota report.
	Quota func() *quota.Report
	// Journal has the exchanges and their events.
	Journal *journal.Journal
	// Bundle returns what the exports and the bundle of a record are made of;
	// nil leaves them out.
	Bundle func(*journal.Record) *support.Bundle
	// SetLogLevel changes the level of the log; the error is shown.
	SetLogLevel func(level string) error
	// Reload reads the configuration anew; the error is shown.
	Reload func() error
	// Pprof adds /debug/pprof/.
	Pprof bool
}

// New returns the handler of the admin listener.
func New(o Options) http.Handler {
	r := probes(o)
	r.Get("/api/v1/status", list("", o.Status))
	if o.Limits != nil {
		r.Get("/api/v1/limits", list("limits", o.Limits))
	}
	if o.Credentials != nil {
		r.Get("/api/v1/credentials", list("credentials", o.Credentials))
	}
	if o.Cache != nil {
		o.Cache.routes(r)
	}
	if o.Quota != nil {
		r.Get("/api/v1/quota", quotaReport(o.Quota))
	}
	if o.Journal != nil {
		exchanges(r, o)
	}
	if o.SetLogLevel != nil {
		r.Post("/api/v1/log-level", logLevel(o.SetLogLevel))
	}
	if o.Reload != nil {
		r.Post("/-/reload", reload(o.Reload))
	}
	if o.Pprof {
		r.HandleFunc("/debug/pprof/*", pprof.Index)
		r.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
		r.HandleFunc("/debug/pprof/profile", pprof.Profile)
		r.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
		r.HandleFunc("/debug/pprof/trace", pprof.Trace)
	}
	return r
}

// NewMetricsOnly returns the handler of metrics_listen: the probes and
// GET /metrics, nothing that shows or changes more.
func NewMetricsOnly(o Options) http.Handler { return probes(o) }

func probes(o Options) *chi.Mux {
	r := chi.NewRouter()
	r.Use(middleware.GetHead) // some balancers probe with HEAD
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "not_found", "There is nothing at this path of the admin listener. GET /api/v1/status is a good beginning.")
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusMethodNotAllowed, "method_not_allowed", "Use GET to read and POST to change.")
	})
	r.Get("/livez", o.Health.live)
	r.Get("/readyz", o.Health.ready)
	r.Get("/healthz", o.Health.ready)
	r.Get("/startupz", o.Health.startup)
	r.Method(http.MethodGet, "/metrics", o.Metrics)
	return r
}

// list serves what read returns, under name if there is one.
func list(name string, read func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		v := read()
		if name != "" {
			v = map[string]any{name: v}
		}
		write(w, http.StatusOK, v)
	}
}

func logLevel(set func(string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Level string `json:"level"`
		}
		if !decode(w, r, &body, `{"level":"debug"}`) {
			return
		}
		if err := set(body.Level); err != nil {
			fail(w, http.StatusBadRequest, "bad_request", err.Error())
			return
		}
		write(w, http.StatusOK, body)
	}
}

func reload(run func() error) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if err := run(); err != nil {
			fail(w, http.StatusBadRequest, "bad_configuration", err.Error())
			return
		}
		write(w, http.StatusOK, map[string]bool{"reloaded": true})
	}
}

// decode reads a JSON body strictly; on failure it answers with an example of
// a right one.
func decode(w http.ResponseWriter, r *http.Request, into any, example string) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		fail(w, http.StatusBadRequest, "bad_request", "The body is not the JSON that belongs here, such as "+example+": "+err.Error()+".")
		return false
	}
	return true
}

// write answers with JSON.
func write(w http.ResponseWriter, status int, v any) { //nolint:unparam // what is created is 201
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		fail(w, http.StatusInternalServerError, "internal", "The answer could not be encoded: "+err.Error()+".")
		return
	}
	send(w, status, "application/json", append(b, '\n'))
}

// fail answers with problem details (RFC 9457).
func fail(w http.ResponseWriter, status int, code, detail string) {
	b, err := json.Marshal(map[string]any{"title": http.StatusText(status), "status": status, "code": code, "detail": detail, "message": detail})
	if err != nil {
		b = []byte(`{"code":"internal"}`)
	}
	send(w, status, "application/problem+json", append(b, '\n'))
}

func send(w http.ResponseWriter, status int, mediaType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may be gone
}
