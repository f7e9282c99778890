package simulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"
)

// testRoutes are plain HTTP endpoints that tell what arrived or send a body of a
// given kind. They pass quotas and faults as every other call does.
func testRoutes() []*route {
	r := func(template string, raw func(*call)) *route {
		return &route{method: "*", template: template, surface: surfaceSim, raw: raw}
	}
	return []*route{
		r("/sim/echo", (*call).echo),
		r("/sim/echo/*", (*call).echo),
		r("/sim/upload", (*call).upload),
		r("/sim/download", (*call).download),
		r("/sim/stream", (*call).stream),
		r("/sim/trailers", (*call).trailers),
		r("/sim/interim", (*call).interim),
		r("/sim/status/{status}", (*call).statusOnly),
		r("/sim/headers", (*call).repeatedHeaders),
	}
}

// Echo is what /sim/echo answers: the request as it arrived.
type Echo struct {
	Method           string      `json:"method"`
	URI              string      `json:"uri"` // raw request target
	Proto            string      `json:"proto"`
	Host             string      `json:"host"`
	Header           http.Header `json:"header"`
	ContentLength    int64       `json:"content_length"` // -1: chunked
	TransferEncoding []string    `json:"transfer_encoding"`
	Trailer          http.Header `json:"trailer"`
	BodyBytes        int64       `json:"body_bytes"`
	BodyDigest       string      `json:"body_digest"` // SHA-256, hexadecimal
	// Body is the beginning of the body as text, or BodyBase64 if it is none.
	Body       string `json:"body,omitempty"`
	BodyBase64 string `json:"body_base64,omitempty"`
	RemoteAddr string `json:"remote_addr"`
	Cut        bool   `json:"cut"` // the body ended before its announced length
}

const echoBody = 64 << 10

func (c *call) readEcho(keep int64) Echo {
	r := c.r
	e := Echo{
		Method: r.Method, URI: r.RequestURI, Proto: r.Proto, Host: r.Host, Header: r.Header, ContentLength: r.ContentLength,
		TransferEncoding: r.TransferEncoding, RemoteAddr: r.RemoteAddr,
	}
	h := sha256.New()
	head, err := io.ReadAll(io.LimitReader(io.TeeReader(r.Body, h), keep))
	n := int64(len(head))
	if err == nil {
		var rest int64
		rest, err = io.Copy(h, r.Body)
		n += rest
	}
	e.Cut, e.BodyBytes, e.BodyDigest, e.Trailer = err != nil, n, hex.EncodeToString(h.Sum(nil)), r.Trailer
	if utf8.Valid(head) {
		e.Body = string(head)
	} else {
		e.BodyBase64 = base64.StdEncoding.EncodeToString(head)
	}
	return e
}

func (c *call) sendJSON(v any) {
	a := jsonAnswer(http.StatusOK, v)
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	c.w.WriteHeader(http.StatusOK)
	c.put(a.body)
}

func (c *call) echo() { c.sendJSON(c.readEcho(echoBody)) }

// upload reads a body of any size in constant memory and tells its digest.
func (c *call) upload() { c.sendJSON(c.readEcho(0)) }

// number reads a query parameter.
func (c *call) number(name string, fallback int64) int64 {
	n, err := strconv.ParseInt(c.r.URL.Query().Get(name), 10, 64)
	if err != nil || n < 0 {
		return fallback
	}
	return n
}

// download sends ?bytes= of a fixed pattern, with its length or ?chunked=1, at
// ?rate= bytes a second.
func (c *call) download() {
	n, rate := c.number("bytes", 1<<20), c.number("rate", 0)
	c.w.Header().Set("Content-Type", "application/octet-stream")
	if c.number("chunked", 0) == 0 {
		c.w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	}
	c.w.WriteHeader(http.StatusOK)
	if c.r.Method == http.MethodHead {
		return
	}
	body := io.LimitReader(&patternStream{}, n)
	if rate == 0 {
		_, _ = io.Copy(c.w, body) // the caller may leave
		return
	}
	buf := make([]byte, max(1, rate/10))
	for {
		k, err := io.ReadFull(body, buf)
		c.put(buf[:k])
		if err != nil || c.r.Context().Err() != nil {
			return
		}
		c.sim.pause(c.r.Context().Done(), time.Second/10)
	}
}

// patternStream reads the pattern on from where it stopped.
type patternStream struct{ at int }

func (p *patternStream) Read(b []byte) (int, error) {
	for i := 0; i < len(b); {
		k := copy(b[i:], patternText[p.at:])
		i, p.at = i+k, (p.at+k)%len(patternText)
	}
	return len(b), nil
}

// stream sends ?chunks= lines, each flushed, ?interval= milliseconds apart.
func (c *call) stream() {
	n, gap := c.number("chunks", 5), time.Duration(c.number("interval", 100))*time.Millisecond
	c.w.Header().Set("Content-Type", "text/event-stream")
	c.w.WriteHeader(http.StatusOK)
	for i := range n {
		if i > 0 {
			c.sim.pause(c.r.Context().Done(), gap)
		}
		if c.r.Context().Err() != nil {
			return
		}
		c.put(fmt.Appendf(nil, "data: %d\n\n", i))
	}
}

// trailers sends an announced trailer field and one that was not announced.
func (c *call) trailers() {
	h := c.w.Header()
	h.Set("Trailer", "X-Sim-Digest")
	h.Set("Content-Type", "text/plain")
	c.w.WriteHeader(http.StatusOK)
	body := []byte("body before the trailers\n")
	c.put(body)
	h.Set("X-Sim-Digest", digest(body))
	h.Set(http.TrailerPrefix+"X-Sim-Unannounced", "yes")
}

// interim sends ?count= answers with status 103, then 200.
func (c *call) interim() {
	h := c.w.Header()
	for i := range c.number("count", 1) {
		h.Set("Link", fmt.Sprintf("</style-%d.css>; rel=preload; as=style", i))
		c.w.WriteHeader(http.StatusEarlyHints)
	}
	h.Del("Link")
	c.sendJSON(object{"interim": c.number("count", 1)})
}

// rawStatus is the status that a test endpoint is going to answer with.
func (c *call) rawStatus() int {
	text, asked := c.vars["status"]
	if !asked {
		return http.StatusOK
	}
	status, err := strconv.Atoi(text)
	if err != nil || status < 200 || status > 599 {
		return http.StatusBadRequest
	}
	return status
}

// statusOnly answers with the status in the path and a short body where one is allowed.
func (c *call) statusOnly() {
	status := c.rawStatus()
	c.w.WriteHeader(status)
	if status != http.StatusNoContent && status != http.StatusNotModified {
		c.put([]byte(http.StatusText(status) + "\n"))
	}
}

// repeatedHeaders sends fields that occur more than once, in odd cases and empty.
func (c *call) repeatedHeaders() {
	h := c.w.Header()
	h["X-Sim-Repeated"] = []string{"one", "two", "three"}
	h["x-sim-lower"] = []string{"case kept"}
	h["X-Sim-Empty"] = []string{""}
	h["Set-Cookie"] = []string{"a=1; Path=/", "b=2; Path=/; HttpOnly"}
	h.Add("Link", `<https://example.com/1>; rel="next"`)
	h.Add("Link", `<https://example.com/2>; rel="last"`)
	c.sendJSON(object{"headers": "repeated"})
}
