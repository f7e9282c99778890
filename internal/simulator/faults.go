package simulator

import (
	"io"
	"net/http"
	"time"
)

// plan is what the fault rules decided for one call.
type plan struct {
	fate       *Fault // decides what becomes of the call; nil: nothing does
	delay      time.Duration
	delayAfter time.Duration
	headers    http.Header
	earlyHints bool
}

func (p plan) kind() string {
	if p.fate == nil {
		return ""
	}
	return p.fate.Kind
}

// faultCount is how often a rule was met and struck.
type faultCount struct{ seen, struck int }

// strikes counts a matching call and tells whether the rule strikes it.
func (n *faultCount) strikes(f *Fault, r *random) bool {
	n.seen++
	if n.seen <= f.Skip || f.Count > 0 && n.struck >= f.Count || !r.hit(f.Rate) {
		return false
	}
	n.struck++
	return true
}

// planFaults tries the rules in order. It needs mu.
func (s *Simulator) planFaults(c *call) plan {
	p := plan{headers: http.Header{}}
	for i := range c.knobs.Faults {
		f := &c.knobs.Faults[i]
		decides := f.decides()
		if i >= len(s.faults) || decides && p.fate != nil || !matches(f.Match, c.r.Method, c.r.URL.EscapedPath(), c.template()) {
			continue
		}
		if !s.faults[i].strikes(f, s.random) {
			continue
		}
		s.tally.fault(f.Kind)
		for name, values := range f.Headers {
			p.headers[http.CanonicalHeaderKey(name)] = values
		}
		switch f.Kind {
		case FaultDelay:
			p.delay += f.Delay
		case FaultDelayAfter:
			p.delayAfter += f.Delay
		case FaultEarlyHints:
			p.earlyHints = true
		case FaultHeaders:
		default:
			p.fate = f
		}
	}
	return p
}

// decides tells the kinds of which one call can have only one.
func (f *Fault) decides() bool {
	switch f.Kind {
	case FaultDelay, FaultDelayAfter, FaultEarlyHints, FaultHeaders:
		return false
	default:
		return true
	}
}

// faultBefore applies the fates that strike before the call is carried out. The
// answer is to be delivered if stop is true.
func (c *call) faultBefore() (a answer, stop bool) {
	f := c.plan.fate
	if f == nil {
		return answer{}, false
	}
	if f.Handled && f.Kind != FaultHangBefore && c.route != nil && c.route.raw == nil {
		return answer{}, false // deliver applies it afterwards
	}
	if f.Kind == FaultUnauthorized && c.surface == surfaceRPC {
		return answer{}, false // told inside the body, see rpcCall.elementFault
	}
	switch f.Kind {
	case FaultHangBefore:
		c.hang()
		panic(http.ErrAbortHandler)
	case FaultStatus, FaultThrottle, FaultUnauthorized, FaultRedirect:
		return c.replacement(f), true
	default:
		return answer{}, false
	}
}

// replacement is the answer that a fate puts in the place of the real one.
func (c *call) replacement(f *Fault) answer {
	switch f.Kind {
	case FaultThrottle:
		form := f.Body
		if form == "" {
			form = c.knobs.Quota.Body
		}
		a := c.throttle(form)
		retryAfter(a.header, c.knobs.Quota.RetryAfter, time.Second, time.Now().Add(c.knobs.Clock.Skew))
		return a
	case FaultUnauthorized:
		return c.unauthorized(f.Code, "Unauthorized")
	case FaultRedirect:
		status := f.Status
		if status == 0 {
			status = http.StatusFound
		}
		return answer{status: status, header: http.Header{"Location": {f.Location}}}
	default: // FaultStatus
		if f.Body != "" {
			return answer{status: f.Status, header: http.Header{"Content-Type": {"application/json"}}, body: []byte(f.Body)}
		}
		if f.Status == http.StatusNoContent || f.Status == http.StatusNotModified {
			return answer{status: f.Status, header: http.Header{}}
		}
		return failure(c.surface, f.Status, f.Code, http.StatusText(f.Status))
	}
}

// hang keeps the caller waiting until it leaves or the simulator is closed.
func (c *call) hang() {
	// net/http notices that a caller left only once the body was read.
	_, _ = io.Copy(io.Discard, io.LimitReader(c.r.Body, maxBody))
	select {
	case <-c.r.Context().Done():
	case <-c.sim.closed:
	}
}

// readHalf reads half of the announced body, or one byte of one without length.
func (c *call) readHalf() {
	n := int64(1)
	if c.r.ContentLength > 1 {
		n = c.r.ContentLength / 2
	}
	_, _ = io.CopyN(io.Discard, c.r.Body, n)
}

// full bounds the data, see maxObjects.
func (w *world) full() bool { return w.nextID-firstID >= maxObjects }

const (
	firstID    = 600000000
	maxObjects = 1000000
)
