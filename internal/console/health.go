package console

import (
	"net/http"
	"sync/atomic"
)

// Health is what the probes tell. The zero value is a process that has not
// started yet. It is safe for concurrent use.
//
// None of it depends on the upstream: restarting or unplugging a proxy whose
// upstream is away would turn its trouble into ours.
type Health struct {
	state atomic.Int32
}

const (
	starting int32 = iota
	serving
	stopping
)

// Started tells that all listeners are open and the configuration is in force.
func (h *Health) Started() { h.state.CompareAndSwap(starting, serving) }

// Stopping turns readiness off, for good.
func (h *Health) Stopping() { h.state.Store(stopping) }

// Ready reports whether new requests are welcome.
func (h *Health) Ready() bool { return h.state.Load() == serving }

// live is constant: a process that answers at all is alive.
func (h *Health) live(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") }

func (h *Health) ready(w http.ResponseWriter, _ *http.Request) {
	switch h.state.Load() {
	case serving:
		say(w, http.StatusOK, "ok")
	case stopping:
		say(w, http.StatusServiceUnavailable, "stopping")
	default:
		say(w, http.StatusServiceUnavailable, "starting")
	}
}

// startup stays good once it was: a stopping process has started.
func (h *Health) startup(w http.ResponseWriter, _ *http.Request) {
	if h.state.Load() == starting {
		say(w, http.StatusServiceUnavailable, "starting")
		return
	}
	say(w, http.StatusOK, "ok")
}

func say(w http.ResponseWriter, status int, text string) {
	send(w, status, "text/plain; charset=utf-8", []byte(text+"\n"))
}
