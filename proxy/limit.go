package proxy

import (
	"errors"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
	"github.com/cleengate/cleengate/limiter"
)

// limited makes each attempt wait for its place in line. The limiter knows
// nothing of Cleeng or of this proxy; what it needs to know of a call is told
// here.
func (p *Proxy) limited(up *upstream, next http.RoundTripper, set *limiter.Set, throttled int) http.RoundTripper {
	if set == nil || up.limit == "" {
		return next
	}
	credential := ""
	if up.cred != nil {
		credential = up.cred.cred.Name()
	}
	handle := set.Handle(up.limit, credential)
	return &limiter.Transport{
		Next:      next,
		Retries:   throttled,
		Bucket:    func(*http.Request) *limiter.Bucket { return handle.Bucket() },
		Describe:  func(r *http.Request) limiter.Call { return exchangeOf(r.Context()).call() },
		Throttle:  isThrottle,
		Again:     throttledAgain,
		Departed:  p.departed,
		Refused:   func(r *http.Request, refused *limiter.Refused) { noteRefusal(r, refused) },
		Throttled: noteThrottle,
	}
}

// call describes the exchange to the limiter. A customer's refresh has first
// claim on quota, and waits out every throttle that its patience allows: one that
// is refused logs the customer out.
func (x *exchange) call() limiter.Call {
	c := limiter.Call{
		Caller: x.caller.name, Own: x.caller.known, Share: x.caller.share, Urgency: x.urgency,
		Deadline: x.deadline, Endpoint: x.ep.Template, Head: x.head, NoWait: x.noWait,
	}
	if x.ep.Kind == cleeng.KindRefresh {
		c.Urgency, c.Claim = 0, true
		c.Persist = !x.login // a session of ours has a plan of its own, and sends its body once
	}
	c.Login = x.login
	x.head = false
	return c
}

// isThrottle tells a throttle from a 429 that asks for a human check: that one
// passes at once and touches nothing (cleeng-api.md section 3.3).
func isThrottle(resp *http.Response) bool {
	x := exchangeOf(resp.Request.Context())
	body, readable := peekBlame(resp)
	code := cleeng.ClassifyBody(x.up.surface, resp.StatusCode, body)
	x.refusal = code
	if !readable && asksHumans(x.ep) {
		return false // it may be a human check, which repeating makes worse
	}
	return cleeng.IsThrottle(resp.StatusCode, code)
}

// asksHumans reports the endpoints that answer a 429 with a human check.
func asksHumans(ep *cleeng.Endpoint) bool {
	switch ep.Kind {
	case cleeng.KindLogin, cleeng.KindRegister, cleeng.KindPassword:
		return true
	}
	return false
}

// throttledAgain allows a throttled call to go again: it was refused before it
// was handled (cleeng-api.md section 9). A payment goes again only where that
// is configured.
func throttledAgain(r *http.Request) (*http.Request, bool) {
	x := exchangeOf(r.Context())
	if !x.body.replayable() || (x.ep.Payment && !x.view.cfg.Retry.Payments) {
		return nil, false
	}
	x.reason = journal.ReasonThrottled
	return r, true // inject gives it a fresh body
}

func (p *Proxy) departed(r *http.Request, place *limiter.Place) {
	x := exchangeOf(r.Context())
	x.place = place
	waited := place.Waited()
	x.rec.Waited(waited)
	p.metrics.QueueWait(x.up.limit, waited)
	if action, wait := place.Observed(); action != "" {
		p.metrics.Observed(string(action))
		x.rec.Note(time.Now(), "would_"+string(action), wait.Round(time.Millisecond).String())
	}
}

func noteRefusal(r *http.Request, refused *limiter.Refused) {
	exchangeOf(r.Context()).rec.Note(time.Now(), "refused", string(refused.Reason)+", retry in "+refused.RetryAfter.Round(time.Millisecond).String())
}

func noteThrottle(r *http.Request, _ *http.Response, o limiter.Outcome) {
	x := exchangeOf(r.Context())
	d := &o.Diagnosis
	x.throttle = &support.Throttle{Cause: string(d.Cause), Limit: d.Limit, Window: d.Window, Sent: d.Sent, Foreign: d.Foreign, Until: o.PausedUntil}
	detail := x.throttle.Cause
	x.rec.Throttled(journal.Throttle{Limit: x.up.limit, Cause: detail, PausedUntil: o.PausedUntil})
	if !o.PausedUntil.IsZero() {
		detail += ", paused until " + o.PausedUntil.UTC().Format(time.RFC3339)
	}
	x.rec.Note(time.Now(), "throttled", detail)
}

// refusedProblem maps a refusal of the limiter to an answer with its true
// Retry-After.
func refusedProblem(err error, x *exchange) *Problem {
	refused, ok := errors.AsType[*limiter.Refused](err)
	if !ok {
		return nil
	}
	p := &Problem{Err: err, RetryAfter: refused.RetryAfter}
	wait := refused.RetryAfter.Round(100 * time.Millisecond).String()
	switch refused.Reason {
	case limiter.QueueFull:
		p.Code, p.Detail = CodeQueueFull, "Too many calls are waiting for Cleeng already (limits."+refused.Limit+".queue). Behind them, a call like this one can leave in "+wait+"."
	case limiter.Paused:
		p.Code, p.Detail = CodePaused, "Cleeng throttled this quota and asked for a pause that is longer than this call may wait ("+x.patience.String()+"). It ends in "+wait+"."
	case limiter.Draining:
		p.Code, p.Detail = CodeDraining, "cleengate is shutting down and takes no more calls. Send it again to another instance, or later."
	default:
		p.Code, p.Detail = CodePatienceExceeded, "The call's turn comes in "+wait+", later than it may wait ("+x.patience.String()+"). Try again then, or allow more time with Prefer: wait=SECONDS."
	}
	return p
}

// LimitConfigs turns the configured limits into the limiter's own form.
func LimitConfigs(cfg *config.Config) []limiter.Config {
	list := make([]limiter.Config, 0, len(cfg.Limits))
	for name, l := range cfg.Limits {
		c := limiter.Config{
			Name: name, Start: l.Start.PerSecond(), Queue: l.Queue, Concurrency: l.Concurrency,
			Reserve: l.Reserve.Fraction(), MaxPause: l.MaxPause, Burst: int(l.Burst), Observe: cfg.Mode == config.Observe,
		}
		if !l.Rate.Auto() {
			c.Rate = l.Rate.PerSecond()
		}
		list = append(list, c)
	}
	return list
}
