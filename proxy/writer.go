package proxy

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// responseWriter is what every handler writes to. It adds cleengate's own
// fields to the final header, counts the body, and keeps net/http from adding
// a Content-Type that the upstream did not send.
type responseWriter struct {
	http.ResponseWriter
	x       *exchange
	request *http.Request // as it came in, once the answer is over
	status  int
	sent    int64
	length  int64 // of the body as declared, -1 for unknown
	tee     journal.Tee
}

// Unwrap lets http.ResponseController reach the connection.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *responseWriter) WriteHeader(status int) {
	if w.status != 0 {
		return // net/http would log it; ReverseProxy never does it
	}
	if status >= 100 && status < 200 && status != http.StatusSwitchingProtocols {
		stripUpstreamCORS(w.Header())
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.status = status
	w.x.began = true
	if w.x.stay.Err() != nil {
		w.x.lost = true // nobody is there to get it
	}
	w.decorate()
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	if w.x.rec.Excerpt == nil {
		w.tee.Write(p[:n])
	}
	if err == nil && w.sent < w.length {
		w.Flush() // the rest may be long in coming; the last piece goes with the end
	}
	return n, err
}

// Flush implements http.Flusher.
func (w *responseWriter) Flush() {
	if f, ok := w.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Hijack is refused: no upgrade passes, and a hijacked connection would leave
// the guard's limits behind.
func (w *responseWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrNotSupported
}

// decorate sets the response fields that are ours.
func (w *responseWriter) decorate() {
	h, x := w.Header(), w.x
	w.length = -1
	if x.ready {
		x.decorateReady(h)
		return
	}
	x.rec.TeeAnswer(&w.tee)
	if declared, err := strconv.ParseInt(first(h["Content-Length"]), 10, 64); err == nil {
		w.length = declared
	}
	h["X-Request-Id"] = x.own[:]
	if _, set := h["Content-Type"]; !set {
		h["Content-Type"] = nil // keeps net/http from sniffing one
	}
	x.timing[0] = serverTiming(x.rec)
	if theirs := h["Server-Timing"]; len(theirs) > 0 {
		h["Server-Timing"] = append(theirs, x.timing[0])
	} else {
		h["Server-Timing"] = x.timing[:]
	}
	if x.rec.Diagnosis != "" {
		h["Cleengate-Diagnosis"] = []string{x.rec.Diagnosis}
	}
	if x.hangUp {
		h["Connection"] = []string{"close"}
	}
	exposeTo(h, x.origin)
}

// idle is the Server-Timing of an answer that cost nothing upstream.
var idle = []string{serverTiming(&journal.Exchange{})}

// decorateReady sets our fields on an answer of the front desk, without an
// allocation of their own.
func (x *exchange) decorateReady(h http.Header) {
	h["X-Request-Id"] = x.own[:]
	if _, set := h["Content-Type"]; !set {
		h["Content-Type"] = nil
	}
	h["Server-Timing"] = idle[:1:1]
	if x.hangUp {
		h["Connection"] = []string{"close"}
	}
	exposeTo(h, x.origin)
}

// serverTiming renders the field of the W3C Server Timing specification;
// durations are milliseconds.
func serverTiming(rec *journal.Exchange) string {
	f := rec.Figures()
	var text [64]byte
	b := text[:0]
	b = append(b, "queue;dur="...)
	b = appendMillis(b, f.Queue)
	b = append(b, ", upstream;dur="...)
	b = appendMillis(b, f.Upstream)
	b = append(b, ", attempts;desc=\""...)
	b = strconv.AppendInt(b, int64(f.Attempts), 10)
	b = append(b, '"')
	return string(b)
}

// appendMillis writes d in milliseconds with one decimal, rounded.
func appendMillis(b []byte, d time.Duration) []byte {
	tenths := int64(d.Round(100*time.Microsecond) / (100 * time.Microsecond))
	b = strconv.AppendInt(b, tenths/10, 10)
	return append(b, '.', byte('0'+tenths%10))
}
