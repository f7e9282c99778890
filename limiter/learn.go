package limiter

import (
	"net/http"
	"slices"
	"time"
)

// Feedback is what became of a call that left.
type Feedback struct {
	// Status and Header are the answer's. The header is read before Answered
	// returns and not kept.
	Status int
	Header http.Header
	// Throttle says that the call was refused because of too many calls. A 429 for
	// any other reason, such as a CAPTCHA, is no throttle and teaches nothing.
	Throttle bool
}

// otherwise tells whether the answer is a 429 for another reason than too many calls.
func (f *Feedback) otherwise() bool {
	return f.Status == http.StatusTooManyRequests && !f.Throttle
}

// learn reads an answer's header. The caller holds b.mu. It reports the hint of
// how long to wait, unknown if there is none, and whether a limit was new or other
// than before.
func (b *Bucket) learn(p *Place, header http.Header, now time.Duration) (hint time.Duration, changed bool) {
	f := fieldsOf(header)
	if f.age && stored(header) {
		return unknown, false
	}
	received := b.base.Round(0).Add(now)
	if date, ok := b.clock.dateOf(f.date); ok {
		b.clock.observe(date, received.Add(p.departed-now), received)
	}
	hint = unknown
	if f.limits > 0 {
		hint, changed = b.learnLimits(p, header, f.limits, received, now)
	}
	b.expireWindows(now)
	return hint, changed
}

// learnLimits reads what an answer tells about limits, in so many fields at most. It
// stands apart since it needs much more of the stack than an answer that tells none.
func (b *Bucket) learnLimits(p *Place, header http.Header, names int, received time.Time, now time.Duration) (hint time.Duration, changed bool) {
	server, uncertain, compared := b.clock.now(received)
	s := parseSignal(header, names, server, uncertain, compared)
	if s.odd != "" {
		b.once(b.log.Warn, "unreadable:"+s.odd, "a field about limits could not be read and counts as absent", "field", s.odd)
	}
	for i := range s.n {
		changed = b.read(&s.readings[i], p, now) || changed
	}
	return s.hint(), changed
}

// read applies one reading to its window and reports whether it has another limit now.
func (b *Bucket) read(r *reading, p *Place, now time.Duration) (changed bool) {
	key := keyOf(r)
	w := b.windowOf(key)
	if r.limit == 0 {
		if w == nil {
			return false // a level without a limit teaches nothing, except as a hint
		}
		r.limit = w.limit
	}
	if w == nil {
		if w = b.openWindow(key, r, now); w == nil {
			return false
		}
		changed = true
	} else if w.level.known && p.ordinal < w.level.ordinal {
		w.older(r, now)
		return false
	}
	if w.limit != r.limit {
		w.limit = r.limit
		w.rebase()
		w.settled, w.slip = false, 0
		w.level.known, w.lows = false, lows{}
		changed = true
	}
	w.read = now
	w.narrow(now)
	if r.remaining == unknown {
		if r.window > 0 {
			w.told = true
			w.resize(now, r.window, &b.history)
		}
		return changed
	}
	e := evidence{
		reading: r, ordinal: p.ordinal, sent: p.departed, received: now,
		departed: b.departed, flying: b.flight.n, refused: p.refused, waiting: b.line.n > 0, history: &b.history,
	}
	e.abreast = int64(b.history.count(now, p.departed-b.latency)) - e.later()
	span := w.span(w.log.span, &e)
	if r.window > 0 {
		w.told, span = true, r.window
	}
	w.resize(now, span, &b.history)
	b.watchForeign(w, &e)
	own := int64(w.log.count(now)) - e.later()
	w.beyond = e.used() > own+e.tolerance()
	if w.apart(r, now) > 0 {
		w.lows = lows{}
	}
	w.lows.add(now, r.remaining)
	w.level = level{
		known: true, remaining: w.lows.since(p.departed) - b.overtaking(p), ordinal: p.ordinal,
		sent: p.departed, resets: now + span,
	}
	if r.reset != unknown {
		w.level.resets, w.level.told = now+r.reset, true
	}
	w.level.expires = now + span
	if r.reset != unknown {
		// Whole seconds are rounded down by some.
		if told := now + r.reset + min(r.grain, max(span/10, r.reset)); w.fixed() || !w.sure && !w.told && told > w.level.expires {
			w.level.expires = told
		}
	}
	w.level.expires = min(w.level.expires, now+b.cfg.MaxPause)
	if w.fixed() && (w.judged == 0 || now-w.judged >= time.Second) && w.level.credit(now, b.departed, 0) < float64(b.line.n) {
		b.later, w.judged = true, now // somebody has to wait for the reset
	}
	return changed
}

// overtaking counts the calls that left before p, but may arrive after it: those
// that have no answer yet and left not long before.
func (b *Bucket) overtaking(p *Place) int64 {
	n := int64(0)
	for q := b.flight.tail; q != nil && q.departed >= p.departed-2*b.latency; q = q.prev {
		if q.ordinal < p.ordinal {
			n++
		}
	}
	return n
}

func (b *Bucket) windowOf(key windowKey) *window {
	for _, w := range b.windows {
		if w.key == key {
			return w
		}
	}
	return nil
}

// openWindow makes a window for a limit that was not known. Where a nameless limit
// only changed its figure, what is known of its span is taken over.
func (b *Bucket) openWindow(key windowKey, r *reading, now time.Duration) *window {
	if len(b.windows) >= 2*maxWindows {
		b.once(b.log.Warn, "windows", "the provider reports more limits than are kept; the rest is ignored", "kept", len(b.windows))
		return nil
	}
	w := &window{key: key, limit: r.limit, log: newLedger(time.Second)}
	for _, old := range b.windows {
		if key.policy == "" && old.key.family == key.family && old.key.policy == "" &&
			(r.reset == unknown || old.log.span > shortSpan == (r.reset > shortSpan) && r.reset <= old.log.span+r.grain) {
			w.spanning, w.log = old.spanning, newLedger(old.log.span)
			w.rebase()
			w.settled = false
			break
		}
	}
	if r.window > 0 {
		w.log = newLedger(r.window)
	}
	b.history.replay(now, &w.log)
	b.windows = append(b.windows, w)
	if b.known == 0 {
		b.known = now
	}
	b.once(b.log.Info, "learned", "the provider tells its limits", "fields", key.family, "policy", key.policy, "calls", r.limit)
	return w
}

// stale is how long a limit holds that is not told any more.
const stale = 24 * time.Hour

// expireWindows forgets nameless limits whose figure was replaced by another, once
// a whole span has passed without their being told, and those that have not been
// told for a day.
func (b *Bucket) expireWindows(now time.Duration) {
	if len(b.windows) == 0 {
		return
	}
	b.windows = slices.DeleteFunc(b.windows, func(w *window) bool {
		if now-w.read > stale {
			return true
		}
		return now-w.read > w.log.span && slices.ContainsFunc(b.windows, func(other *window) bool {
			return other != w && w.key.policy == "" && other.key.policy == "" &&
				other.key.family == w.key.family && other.read > w.read
		})
	})
}

// foreignConsumer is what is known of others that use the same quota.
type foreignConsumer struct {
	calls int64         // that it used in the window it was seen in
	seen  time.Duration // when last; 0 never
	floor int64         // what the provider always counts beyond ours
	ready bool          // floor is known
}

// watchForeign looks for calls that the provider counts and we did not send.
func (b *Bucket) watchForeign(w *window, e *evidence) {
	f := &b.foreign
	// Within a window what remains sinks by what we send, and no faster.
	if drop := w.sumHigh - (e.remaining + e.ordinal); drop > e.tolerance()+e.limit/100 {
		f.calls, f.seen = drop, e.received
		return
	}
	// In a sliding window others' calls come and go with ours, and show only as a
	// count above our own, once all of ours are known to be counted.
	if e.sent < w.log.span || w.resized > 0 && e.received-w.resized < w.log.span {
		return
	}
	own := int64(e.history.count(e.received, e.sent-w.log.span)) - e.later()
	excess := e.used() - own
	if !f.ready || excess < f.floor {
		f.floor, f.ready = excess, true
	}
	if excess-max(f.floor, 0) > e.tolerance()+e.limit/50 {
		f.calls, f.seen = excess, e.received
	}
}
