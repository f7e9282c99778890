package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/dunglas/httpsfv"

	"github.com/cleengate/cleengate/internal/cleeng"
)

const defaultUrgency = 3 // RFC 9218 section 4.1

// identify finds out what a request is: its JSON-RPC elements, how patient and how
// urgent it is. A short body is read here, before a place
// in line is asked for. Upstream and endpoint were found by the router.
func (p *Proxy) identify(up *upstream, next layer) layer {
	return func(w *responseWriter, r *http.Request) {
		x := w.x
		x.up = up
		x.rec.Upstream, x.rec.Limit = up.name, up.limit
		x.query = r.URL.RawQuery
		x.urgency = urgencyOf(r.Header)
		x.setPatience(r.Header)
		if refusal := up.checkAllowed(r.Method, x); refusal != nil {
			x.rec.Endpoint = x.ep.Template
			x.closeAfter(r)
			writeProblem(w, r, x, refusal)
			return
		}
		if hasBody(r) {
			r = withExchange(r, x) // it gets another body, and net/http looks at that of its own request
		}
		err := p.takeBody(w, r, x)
		x.rec.Endpoint, x.rec.Shown = x.ep.Template, x.normal && x.ep.LogBodies
		if err != nil {
			p.failed(w, r, x, err)
			return
		}
		x.rec.Batch = x.rpc != nil && x.rpc.Batch
		defer x.body.release()
		next(w, r)
	}
}

func hasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && r.ContentLength != 0
}

// takeBody sets up the spool. JSON-RPC bodies are read whole, since the
// credential goes inside; other short ones are read whole so that a slow
// client holds no place; the rest streams. Time spent here is the client's and
// does not use up its patience.
func (p *Proxy) takeBody(w *responseWriter, r *http.Request, x *exchange) error {
	if !hasBody(r) {
		return nil
	}
	limit := int64(x.view.cfg.Guard.MaxBody)
	x.incoming = &clientBody{
		// It tells the writer of net/http itself to close the connection.
		ReadCloser: http.MaxBytesReader(w.ResponseWriter, r.Body, limit),
		control:    http.NewResponseController(w),
		idle:       x.view.cfg.Timeouts.Idle,
	}
	r.Body = x.incoming
	x.body = newSpool(r.Body, r.ContentLength, &p.buffers)
	rpc := x.up.isRPC(x)
	if !rpc && (r.ContentLength < 0 || r.ContentLength > spoolSize) {
		x.streamed = true
		x.rec.TeeRequest(&x.incoming.tee)
		return nil
	}
	began := time.Now()
	err := x.body.fill(limit)
	x.deadline = x.deadline.Add(time.Since(began))
	if err != nil {
		x.body.release()
		return err
	}
	if rpc {
		x.parseRPC()
	}
	return nil
}

// parseRPC reads the elements of a JSON-RPC body. A body that is no call
// passes untouched, and the log says so.
func (x *exchange) parseRPC() {
	rpc, err := cleeng.ParseRPC(x.body.bytes())
	if err != nil {
		x.rec.Mark = "malformed_rpc"
		x.rec.Note(time.Now(), "rpc", err.Error())
		return
	}
	x.rpc = rpc
	x.ep = rpc.Endpoint()
}

// setPatience takes how long the app will wait: what it asks for with Prefer
// (RFC 7240 section 4.3), what is configured for the caller, or the default.
func (x *exchange) setPatience(h http.Header) {
	cfg := x.view.cfg.Patience
	x.patience = cfg.Default
	if x.caller.patience > 0 {
		x.patience = x.caller.patience
	}
	if x.ep.Kind == cleeng.KindRefresh {
		x.patience = max(x.patience, cfg.Refresh)
	}
	if wait, ok := preferWait(h["Prefer"]); ok {
		x.patience = min(wait, cfg.Max)
	}
	x.deadline = x.rec.Start.Add(x.patience)
}

// preferWait finds the first wait preference. Zero and less are no wait that
// any answer could meet, and are taken as not sent.
func preferWait(fields []string) (time.Duration, bool) {
	for _, field := range fields {
		for preference := range strings.SplitSeq(field, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err != nil || seconds == 0 {
				return 0, false
			}
			return time.Duration(seconds) * time.Second, true
		}
	}
	return 0, false
}

// urgencyOf reads the Priority field (RFC 9218 section 4). What cannot be read
// is ignored, as section 4 demands.
func urgencyOf(h http.Header) int {
	fields := h["Priority"]
	if len(fields) == 0 {
		return defaultUrgency
	}
	dict, err := httpsfv.UnmarshalDictionary(fields)
	if err != nil {
		return defaultUrgency
	}
	member, ok := dict.Get("u")
	if !ok {
		return defaultUrgency
	}
	if item, isItem := member.(httpsfv.Item); isItem {
		if u, isInt := item.Value.(int64); isInt && u >= 0 && u <= 7 {
			return int(u)
		}
	}
	return defaultUrgency
}
