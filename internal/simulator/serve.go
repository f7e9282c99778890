package simulator

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// ServeHTTP answers a call as the package comment describes.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_sim" || strings.HasPrefix(r.URL.Path, "/_sim/") {
		s.control(w, r)
		return
	}
	c := s.newCall(w, r)
	l := c.knobs.Latency
	// A call that is under way arrives whether or not its sender still waits.
	s.pause(nil, s.random.latency(l.Uplink, l.UplinkJitter, l.Distribution))
	c.tick()
	c.arrived = c.now
	s.mu.Lock()
	c.world = s.world
	c.credential = c.nameCredential()
	c.plan = s.planFaults(c)
	s.mu.Unlock()
	c.seq = s.tally.arrive(c.now, c.name, c.credential)
	defer c.settle(0)
	c.serve()
}

// settle closes the books of a call, once, and before its caller can know the
// outcome, so that a caller that reads the counters next finds itself in them.
// Status 0 is a call that gets no answer.
func (c *call) settle(status int) {
	if c.settled {
		return
	}
	c.settled = true
	c.sim.tally.leave()
	if status != 0 {
		c.sim.tally.status(c.name, status)
	}
	a := Arrival{
		Seq: c.seq, At: c.arrived, Method: c.r.Method, URI: c.r.RequestURI, Endpoint: c.name, Credential: c.credential,
		RequestID: c.r.Header.Get("X-Request-Id"), Status: status, Handled: c.handled, Took: time.Since(c.arrived),
	}
	if c.plan.fate != nil {
		a.Fault = c.plan.fate.Kind
	}
	c.sim.tally.record(a)
}

func (c *call) serve() {
	if c.plan.kind() == FaultResetBefore && !c.plan.fate.Handled {
		c.reset()
		return
	}
	c.sim.pause(c.r.Context().Done(), c.plan.delay)
	if preflight(c.r) {
		c.deliver(answer{status: http.StatusNoContent, header: http.Header{}})
		return
	}
	if c.plan.kind() == FaultResetDuring {
		c.readHalf()
		c.reset()
		return
	}
	if c.route != nil && c.route.raw != nil {
		c.serveRaw()
		return
	}
	if err := c.readBody(maxBody); err != nil {
		if errors.Is(err, errTooLarge) {
			c.deliver(failure(c.surface, http.StatusRequestEntityTooLarge, "REQ0001", "Request body is too large"))
		}
		return // the sender broke off: there is nobody to answer
	}
	if a, stop := c.faultBefore(); stop {
		c.deliver(a)
		return
	}
	a := c.process()
	c.travelBack()
	c.deliver(a)
}

// process weighs the call against the quotas, checks its credential and carries
// it out, all at one instant.
func (c *call) process() answer {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	c.tick()
	c.world = c.sim.world
	if c.knobs.Quota.BeforeAuth {
		if a, refused := c.weigh(); refused {
			return a
		}
	}
	if c.route == nil {
		return c.notFound()
	}
	if a, refused := c.authenticate(); refused {
		return a
	}
	if !c.knobs.Quota.BeforeAuth {
		if a, refused := c.weigh(); refused {
			return a
		}
	}
	if c.world.full() {
		return failure(c.surface, http.StatusInternalServerError, "S0001", "the simulator holds as much as it may; POST /_sim/reset")
	}
	c.handled = true
	c.sim.tally.handled(c.name)
	a := c.route.handle(c)
	if c.route.writes() && a.status < 400 {
		c.sim.tally.wrote(c.digest(), c.naturalKeys(c.fields()))
	}
	return a
}

// serveRaw runs an endpoint that writes its own answer, after the quotas.
func (c *call) serveRaw() {
	if a, stop := c.faultBefore(); stop {
		c.deliver(a)
		return
	}
	c.sim.mu.Lock()
	c.tick()
	c.world = c.sim.world
	a, refused := c.weigh()
	c.sim.mu.Unlock()
	if refused {
		c.deliver(a)
		return
	}
	c.handled = true
	c.sim.tally.handled(c.name)
	c.travelBack()
	c.commonHeaders(c.w.Header(), http.StatusOK)
	c.settle(c.rawStatus())
	c.route.raw(c)
}

func (c *call) weigh() (answer, bool) {
	ok, readings := c.sim.quotas.admit(c.knobs.Quota, c.limits(), c.subject(), c.weight(), c.now)
	c.readings = readings
	if ok {
		return answer{}, false
	}
	return c.throttle(c.knobs.Quota.Body), true
}

// throttle is the 429 of a quota, with what the limits have to tell.
func (c *call) throttle(body string) answer {
	a := throttledAnswer(body)
	captcha := body == "captcha_required" || body == "captcha_failed"
	c.sim.tally.add(func(n *Counters) {
		if captcha {
			n.Captchas++
		} else {
			n.Throttled++
		}
	})
	return a
}

// limits are those that apply to this call.
func (c *call) limits() []Limit {
	var list []Limit
	for _, l := range c.sim.limits {
		elsewhere := len(l.Surfaces) > 0 && !slices.Contains(l.Surfaces, string(c.surface))
		if elsewhere || !matches(l.Match, c.r.Method, c.r.URL.EscapedPath(), c.template()) {
			continue
		}
		list = append(list, l)
	}
	return list
}

func (c *call) travelBack() {
	l := c.knobs.Latency
	d := c.sim.random.latency(l.Downlink, l.DownlinkJitter, l.Distribution) + c.sim.random.slow(l) + c.plan.delayAfter
	c.sim.pause(c.r.Context().Done(), d)
}

// pause waits for d, or less if done or the simulator is closed.
func (s *Simulator) pause(done <-chan struct{}, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-done:
	case <-s.closed:
	}
}
