package proxy

import (
	"net/http"

	"github.com/cleengate/cleengate/internal/journal"
)

// What the journal is told of the messages of an exchange. It copies as little
// as possible: the app's header and a body in the spool live as long as the
// request is served, and what passes by is seen by a Tee that is part of what
// is made for the request anyway. The journal masks all of it in the sink,
// before the request ends, and forgets it then.

// Describe implements [journal.App]: it tells what the app sent, and what it got.
func (w *responseWriter) Describe(rec *journal.Exchange) {
	x, r := w.x, w.request
	sent := x.sentBody()
	if x.body.finished() { // before that it may still be written to
		sent.Trailer = r.Trailer
	}
	rec.AppSent(journal.Head{Method: r.Method, Path: rawTarget(r), Query: r.URL.RawQuery, Proto: r.Proto, Header: r.Header}, sent)
	if w.status == 0 {
		return // it left before it got anything
	}
	header, trailer := splitTrailer(w.Header())
	cut := w.length > w.sent && r.Method != http.MethodHead
	rec.AppGot(journal.Head{Status: w.status, Proto: r.Proto, Header: header}, journal.Content{Tee: &w.tee, Cut: cut, Trailer: trailer})
}

// sentBody is the body of the app's request: as the spool holds it, or as it
// passed by.
func (x *exchange) sentBody() journal.Content {
	if x.body == nil {
		return journal.Content{}
	}
	s := x.body
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.streamed {
		return journal.Content{Tee: &x.incoming.tee, Cut: s.read < s.length}
	}
	return journal.Content{Bytes: s.kept, Size: s.read, Cut: s.read < s.length}
}

// captureSending tells what an attempt sends.
func (x *exchange) captureSending(index int, out *http.Request) {
	if x.rec.Captures() {
		x.rec.Sending(index, journal.Head{Method: out.Method, Base: x.up.baseURL, Path: x.path, Query: x.query, Proto: out.Proto, Header: out.Header}, x.sends)
	}
}

// captureAnswer tells what an attempt got, and lets the journal see the body.
func (x *exchange) captureAnswer(index int, resp *http.Response, body *answerBody) {
	if x.rec.Captures() {
		x.rec.Tee(&body.tee)
		x.rec.Answered(index, journal.Head{Status: resp.StatusCode, Proto: resp.Proto, Header: resp.Header}, &body.tee)
	}
}

// splitTrailer parts the announced trailers from the header, where net/http
// wants both in one map.
func splitTrailer(h http.Header) (header, trailer http.Header) {
	announced := h["Trailer"]
	if len(announced) == 0 {
		return h, nil
	}
	header, trailer = h.Clone(), make(http.Header)
	for _, name := range announced {
		if values, sent := header[name]; sent {
			trailer[name] = values
			delete(header, name)
		}
	}
	return header, trailer
}
