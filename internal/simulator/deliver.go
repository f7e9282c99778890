package simulator

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// deliver writes an answer, bent by the fate of the call.
func (c *call) deliver(a answer) {
	f := c.plan.fate
	if f != nil {
		switch f.Kind {
		case FaultResetBefore, FaultResetAfter:
			c.reset()
			return
		case FaultHangAfter:
			c.hang()
			panic(http.ErrAbortHandler)
		case FaultStatus, FaultThrottle, FaultUnauthorized, FaultRedirect:
			if c.handled && (f.Kind != FaultUnauthorized || c.surface != surfaceRPC) {
				a = c.replacement(f)
			}
		case FaultBody, FaultGarbage, FaultHTML:
			a = c.substitute(f)
		}
	}
	h := c.w.Header()
	if c.plan.earlyHints {
		h.Set("Link", "</style.css>; rel=preload; as=style")
		c.w.WriteHeader(http.StatusEarlyHints)
		h.Del("Link")
	}
	maps.Copy(h, a.header)
	c.commonHeaders(h, a.status)
	c.compress(h, &a)
	c.settle(a.status)
	c.write(a)
}

// substitute is a body that takes the place of the real one after handling.
func (c *call) substitute(f *Fault) answer {
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	switch f.Kind {
	case FaultHTML:
		return html(status, "Service maintenance")
	case FaultGarbage:
		n := int64(512)
		if f.Bytes > 0 {
			n = min(f.Bytes, 1<<20)
		}
		return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: c.sim.random.bytes(int(n))}
	default:
		return answer{status: status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(f.Body)}
	}
}

// commonHeaders sets what every answer carries: date, CORS, limits, knobs, faults.
func (c *call) commonHeaders(h http.Header, status int) {
	now := time.Now()
	server := now.Add(c.knobs.Clock.Skew)
	if c.knobs.Clock.NoDate {
		h["Date"] = nil
	} else {
		h.Set("Date", server.Add(c.knobs.Clock.DateSkew).UTC().Format(http.TimeFormat))
	}
	c.cors(h)
	rateHeaders(h, c.knobs.Quota, c.readings, now, server, status == http.StatusTooManyRequests)
	if status < 400 {
		setAll(h, c.knobs.HTTP.Headers)
	}
	setAll(h, c.plan.headers)
}

func setAll(h http.Header, fields map[string][]string) {
	for name, values := range fields {
		h[http.CanonicalHeaderKey(name)] = values
	}
}

func (c *call) cors(h http.Header) {
	origin := c.r.Header.Get("Origin")
	switch c.knobs.HTTP.CORS {
	case "none":
		return
	case "open":
		h.Set("Access-Control-Allow-Origin", "*")
	default:
		h.Add("Vary", "Origin")
		if origin != "" {
			h.Set("Access-Control-Allow-Origin", origin)
		}
		if c.knobs.HTTP.CORS == "credentials" {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	}
	h.Set("Access-Control-Expose-Headers", "x-total-count")
	if c.r.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, X-Requested-By, X-Publisher-Token")
		h.Set("Access-Control-Max-Age", "600")
	}
}

func (c *call) compress(h http.Header, a *answer) {
	if !c.knobs.HTTP.Gzip || len(a.body) == 0 || !strings.Contains(c.r.Header.Get("Accept-Encoding"), "gzip") {
		return
	}
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	_, err := z.Write(a.body)
	if closeErr := z.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return // cannot happen: the buffer takes everything
	}
	a.body = buf.Bytes()
	h.Set("Content-Encoding", "gzip")
	h.Add("Vary", "Accept-Encoding")
}

// write sends status, header and body, bent as the fate asks.
func (c *call) write(a answer) {
	w, f := c.w, c.plan.fate
	bodiless := c.r.Method == http.MethodHead || a.status == http.StatusNoContent || a.status == http.StatusNotModified
	if f != nil && !bodiless {
		switch f.Kind {
		case FaultCutBody:
			c.cut(a, len(a.body))
		case FaultLongLength:
			// Half of the doubled body is the whole one.
			c.cut(answer{status: a.status, body: append(bytes.Clone(a.body), a.body...)}, len(a.body)+100)
		case FaultShortLength, FaultTwoLengths:
			c.crooked(a, f.Kind)
			return
		case FaultSlowBody:
			c.slow(a, f.BytesPerSecond)
			return
		case FaultStallBody:
			c.announce(a.status, len(a.body))
			c.put(a.body[:len(a.body)/2])
			c.hang()
			panic(http.ErrAbortHandler)
		case FaultHuge:
			c.huge(a.status, f.Bytes)
			return
		case FaultTrailers:
			w.Header().Set("Trailer", "X-Sim-Digest, X-Sim-Bytes")
			w.WriteHeader(a.status)
			c.put(a.body)
			w.Header().Set("X-Sim-Digest", digest(a.body))
			w.Header().Set("X-Sim-Bytes", strconv.Itoa(len(a.body)))
			return
		case FaultChunked:
			w.WriteHeader(a.status)
			for part := range chunks(a.body, 64) {
				c.put(part)
			}
			return
		}
	}
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if !bodiless {
		c.put(a.body)
	}
}

func (c *call) announce(status, length int) {
	c.w.Header().Set("Content-Length", strconv.Itoa(length))
	c.w.WriteHeader(status)
}

// put writes and flushes. A caller that left is no concern of the server.
func (c *call) put(b []byte) {
	_, _ = c.w.Write(b) //nolint:gosec // the point is to send what a test asked for
	_ = http.NewResponseController(c.w).Flush()
}

// cut announces length bytes, sends half of the body, and closes the connection.
func (c *call) cut(a answer, length int) {
	c.announce(a.status, length)
	c.put(a.body[:len(a.body)/2])
	panic(http.ErrAbortHandler)
}

func (c *call) slow(a answer, perSecond int64) {
	if perSecond <= 0 {
		perSecond = 1024
	}
	c.announce(a.status, len(a.body))
	size := max(1, int(perSecond/10))
	for part := range chunks(a.body, size) {
		c.put(part)
		c.sim.pause(c.r.Context().Done(), time.Duration(float64(len(part))/float64(perSecond)*float64(time.Second)))
	}
}

func (c *call) huge(status int, n int64) {
	if n <= 0 {
		n = 1 << 30
	}
	c.w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
	c.w.WriteHeader(status)
	_, _ = io.CopyN(c.w, pattern{}, n) // the caller may leave
}

// crooked writes a response by hand that net/http would not let through.
func (c *call) crooked(a answer, kind string) {
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	h := c.w.Header().Clone()
	h.Del("Content-Length")
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = h.Write(&out) // a buffer takes everything
	if kind == FaultTwoLengths {
		fmt.Fprintf(&out, "Content-Length: %d\r\n", len(a.body))
	}
	fmt.Fprintf(&out, "Content-Length: %d\r\n\r\n", len(a.body)/2)
	out.Write(a.body)
	// The caller may have left; nobody is left to tell.
	_, _ = conn.Write(out.Bytes())
	_ = conn.Close()
}
