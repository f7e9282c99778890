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
			if c.handled && !(f.Kind == FaultUnauthorized && c.surface == surfaceRPC) {
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
	_, _ = c.w.Write(b)                         //nolint:errcheck // see above
	_ = http.NewResponseController(c.w).Flush() //nolint:errcheck // see above
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
	_, _ = io.CopyN(c.w, pattern{}, n) //nolint:errcheck // the caller may leave
}

// crooked writes a response by hand that net/http would not let through.
func (c *call) crooked(a answer, kind string) {
	conn, rw, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close() //nolint:errcheck // nobody is left to tell
	h := c.w.Header().Clone()
	h.Del("Content-Length")
	fmt.Fprintf(rw, "HTTP/1.1 %d %s\r\n", a.status, http.StatusText(a.status))
	_ = h.Write(rw) //nolint:errcheck // Flush reports it
	switch kind {
	case FaultShortLength:
		fmt.Fprintf(rw, "Content-Length: %d\r\n", len(a.body)/2)
	default:
		fmt.Fprintf(rw, "Content-Length: %d\r\nContent-Length: %d\r\n", len(a.body), len(a.body)/2)
	}
	fmt.Fprint(rw, "\r\n")
	_, _ = rw.Write(a.body) //nolint:errcheck // Flush reports it
	_ = rw.Flush()          //nolint:errcheck // the caller may have left
}
