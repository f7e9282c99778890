package proxy

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

const (
	maxRequestID = 128
	// swallowTimeout is how long a client may go on sending a body that was
	// refused, so that it reads the refusal instead of a reset.
	swallowTimeout = time.Second
)

// layer is one above ReverseProxy. It finds the exchange in w. That spares
// answers from memory the copy of the request that a context with it would take.
type layer func(w *responseWriter, r *http.Request)

// record is the outermost layer: it opens the exchange, serves the request
// with the view of this instant, and hands the finished record to the sinks.
func (p *Proxy) record(next layer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o := p.served.take()
		x, rec := &o.x, &o.rec
		rec.Begin(time.Now())
		rec.Method = r.Method
		rec.Source = journal.SourceUpstream
		rec.RequestID, rec.OwnID = requestID(r.Header)
		x.own[0] = rec.RequestID
		rec.TraceID = traceID(first(r.Header["Traceparent"]))
		x.rec, x.view, x.reason = rec, p.view.Load(), journal.ReasonFirst
		x.stay = r.Context()
		o.w = responseWriter{ResponseWriter: w, x: x}
		p.journal.Open(rec, &o.w)

		defer p.finish(r, o)
		next(&o.w, r)
	})
}

// served is what lives as long as a request is served, in one allocation.
type served struct {
	x   exchange
	rec journal.Exchange
	w   responseWriter
}

// servedList lends them. Only what was used for a call without a body that the front
// desk answered comes back: nothing else has heard of it (a body is read by way of the
// writer) but the answer's header, which net/http copies when it is written. The zero
// value is ready; it is safe for concurrent use.
type servedList struct{ pool sync.Pool }

func (l *servedList) take() *served {
	if o, ok := l.pool.Get().(*served); ok {
		return o
	}
	return new(served)
}

func (l *servedList) giveBack(o *served) {
	*o = served{}
	l.pool.Put(o)
}

// finish closes the record. It runs for a panic as well: http.ErrAbortHandler is
// ReverseProxy's way to break a connection off whose answer cannot be
// completed, and goes on to net/http; any other is a fault of ours and becomes
// a 500.
func (p *Proxy) finish(r *http.Request, o *served) {
	x, w := &o.x, &o.w
	fault := recover()
	aborted := fault == http.ErrAbortHandler //nolint:errorlint // panics with this very value
	if fault != nil && !aborted {
		p.log.Error("A request made cleengate fail; please report this.", "request_id", x.rec.RequestID, "endpoint", x.rec.Endpoint, "fault", faultText(fault))
		if w.status == 0 {
			writeProblem(w, r, x, &Problem{Code: CodeInternal, Detail: "cleengate failed on this call. Its log names the fault under the request id."})
		}
	}
	x.rec.Status = finalStatus(x, w.status)
	if aborted && r.Context().Err() != nil {
		x.rec.Status = journal.StatusClientGone
	}
	x.rec.Sent = w.sent
	x.rec.Duration = time.Since(x.rec.Start)
	if x.hangUp && !x.body.finished() {
		// net/http swallows what is left of the body before it closes; a
		// client that does not send it must not hold the connection.
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(swallowTimeout))
	}
	x.rec.Path, w.request = rawTarget(r), r
	p.sink(x.rec)
	x.rec.Release()
	if x.ready {
		p.cachedCalls.giveBack(x)
	}
	if aborted {
		panic(http.ErrAbortHandler)
	}
	if fault == nil && x.ready && x.body == nil {
		p.served.giveBack(o)
	}
}

// requestID takes over the app's X-Request-Id if it is short and plain, so that it
// can stand in a log, a header and a file name; else it makes one of its own.
func requestID(h http.Header) (id string, own bool) {
	if id := first(h["X-Request-Id"]); id != "" && len(id) <= maxRequestID && isPlainID(id) {
		return id, false
	}
	return newID(), true
}

func isPlainID(id string) bool {
	for i := range len(id) {
		c := id[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("-._~:+/=", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// traceID is the trace-id of a traceparent field (W3C Trace Context, section
// 3.2.2.3), for the log; the field itself passes unchanged.
func traceID(traceparent string) string {
	if traceparent == "" {
		return ""
	}
	parts := strings.SplitN(traceparent, "-", 4)
	if len(parts) < 4 || len(parts[1]) != 32 {
		return ""
	}
	for _, c := range parts[1] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return ""
		}
	}
	return parts[1]
}
