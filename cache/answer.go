package cache

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strconv"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

// answer is how a call is answered from an entry.
type answer struct {
	entry   *entry
	status  int
	body    []byte
	part    rfc9111.Part // of a Range request; zero elsewhere
	verdict rfc9111.Verdict
}

// answer evaluates the call's own conditions and range against the entry. It
// reports false where only the origin can (RFC 9111 section 4.3.2).
func (e *entry) answer(call *Call, verdict rfc9111.Verdict) (answer, bool) {
	a := answer{entry: e, status: e.status, body: e.body, verdict: verdict}
	if e.reply != nil {
		a.body = e.reply.WithID(make([]byte, 0, len(e.body)+16), call.RPC.Calls[call.element].ID)
		return a, true
	}
	switch rfc9111.Conditions(call.Header, e.status, e.header, e.terms.Received) {
	case rfc9111.Forward:
		return a, false
	case rfc9111.NotModified:
		a.status, a.body = http.StatusNotModified, nil
		return a, true
	case rfc9111.Whole:
	}
	if call.Method == http.MethodGet && e.status == http.StatusOK && len(call.Header["Range"]) > 0 {
		a.part = rfc9111.Range(call.Header, e.header, int64(len(e.body)))
		a.status = a.part.Status
		a.body = e.body[a.part.First : a.part.First+a.part.Length]
	}
	return a, true
}

// fill writes the header fields of the answer into h, with Age and Cache-Status.
// The fields that both share with other answers are not copied.
func (a *answer) fill(h http.Header, call *Call, status *rfc9111.Status) {
	e := a.entry
	if a.status == http.StatusNotModified {
		for name, values := range rfc9111.NotModifiedHeader(e.header) {
			h[name] = slices.Clip(values)
		}
	} else {
		for i := range e.shown {
			h[e.shown[i].name] = e.shown[i].values
		}
	}
	if e.elicited {
		if call.asksForETag() {
			h["Etag"] = e.header["Etag"]
		} else {
			delete(h, "Etag")
		}
	}
	if a.part.ContentRange != "" {
		h["Content-Range"] = []string{a.part.ContentRange}
	}
	if a.part.Status != 0 || e.reply != nil {
		h["Content-Length"] = []string{strconv.Itoa(len(a.body))}
	}
	var text [128]byte
	line := status.Append(text[:0])
	n := len(line)
	line = rfc9111.AppendAge(line, a.verdict.Age)
	s := string(line) // one string for both
	call.own[0], call.own[1] = s[:n], s[n:]
	h["Age"] = call.own[1:2:2]
	if before := e.header["Cache-Status"]; len(before) > 0 {
		h["Cache-Status"] = append(slices.Clip(before), call.own[0])
	} else {
		h["Cache-Status"] = call.own[0:1:1]
	}
}

// asksForETag reports whether the app is to see an ETag that comes only with a
// conditional request.
func (call *Call) asksForETag() bool {
	h := call.Header
	return len(h["If-None-Match"]) > 0 || len(h["If-Match"]) > 0 || len(h["If-Range"]) > 0
}

// response makes a response of the answer for r.
func (a *answer) response(r *http.Request, call *Call, status *rfc9111.Status) *http.Response {
	h := make(http.Header, len(a.entry.shown)+4)
	a.fill(h, call, status)
	resp := &http.Response{
		Status: strconv.Itoa(a.status) + " " + http.StatusText(a.status), StatusCode: a.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: http.NoBody, ContentLength: int64(len(a.body)), Request: r,
	}
	if r.Method != http.MethodHead && len(a.body) > 0 {
		resp.Body = io.NopCloser(bytes.NewReader(a.body))
	}
	return resp
}
