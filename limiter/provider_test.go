package limiter_test

import (
	"time"
)

// verdict is what a provider says about one arrival.
type verdict struct {
	ok        bool
	limit     int
	remaining int
	window    time.Duration
	reset     time.Duration // until the window ends, the oldest call leaves, or the bucket is full
	retry     time.Duration // until the next call would be admitted
}

// provider is a limiter as an API runs it. The three below share no code, so that a
// misunderstanding in one does not repeat itself.
type provider interface {
	arrive(now time.Time) verdict
	change(limit int)
}

// fixedWindow counts arrivals in windows that begin at whole multiples of their
// length, plus an offset.
type fixedWindow struct {
	limit  int
	length time.Duration
	offset time.Duration
	window int64
	count  int
}

func (p *fixedWindow) arrive(now time.Time) verdict {
	since := now.UnixNano() - int64(p.offset)
	if w := since / int64(p.length); w != p.window {
		p.window, p.count = w, 0
	}
	end := time.Duration((p.window+1)*int64(p.length) - since)
	v := verdict{limit: p.limit, window: p.length, reset: end, retry: end}
	if p.count < p.limit {
		p.count++
		v.ok = true
	}
	v.remaining = max(0, p.limit-p.count)
	return v
}

func (p *fixedWindow) change(limit int) { p.limit = limit }

// slidingLog remembers each admitted arrival for as long as the window is.
type slidingLog struct {
	limit  int
	length time.Duration
	log    []time.Time
}

func (p *slidingLog) arrive(now time.Time) verdict {
	for len(p.log) > 0 && now.Sub(p.log[0]) >= p.length {
		p.log = p.log[1:]
	}
	v := verdict{limit: p.limit, window: p.length, ok: len(p.log) < p.limit}
	if v.ok {
		p.log = append(p.log, now)
	}
	v.remaining = max(0, p.limit-len(p.log))
	v.reset = p.log[0].Add(p.length).Sub(now)
	if v.remaining == 0 {
		v.retry = p.log[len(p.log)-p.limit].Add(p.length).Sub(now)
	}
	return v
}

func (p *slidingLog) change(limit int) { p.limit = limit }

// tokenBucket holds tokens that drip in at a steady rate.
type tokenBucket struct {
	capacity float64
	perSec   float64
	tokens   float64
	last     time.Time
}

func (p *tokenBucket) arrive(now time.Time) verdict {
	if p.last.IsZero() {
		p.tokens = p.capacity
	} else {
		p.tokens = min(p.capacity, p.tokens+now.Sub(p.last).Seconds()*p.perSec)
	}
	p.last = now
	drip := func(tokens float64) time.Duration { return time.Duration(tokens / p.perSec * float64(time.Second)) }
	v := verdict{limit: int(p.capacity), window: drip(p.capacity)}
	if p.tokens >= 1-1e-9 {
		p.tokens--
		v.ok = true
	} else {
		v.retry = drip(1 - p.tokens)
	}
	v.remaining = max(0, int(p.tokens+1e-9))
	v.reset = drip(p.capacity - p.tokens)
	return v
}

func (p *tokenBucket) change(limit int) {
	p.perSec *= float64(limit) / p.capacity
	p.capacity = float64(limit)
	p.tokens = min(p.tokens, p.capacity)
}

// twoLimits admits what both of its limits admit, and tells the tighter one.
type twoLimits struct{ second, minute provider }

func (p *twoLimits) arrive(now time.Time) verdict {
	a, b := p.second.arrive(now), p.minute.arrive(now)
	v := a
	if b.remaining*a.limit < a.remaining*b.limit {
		v = b
	}
	v.ok, v.retry = a.ok && b.ok, max(a.retry, b.retry)
	return v
}

func (p *twoLimits) change(limit int) { p.second.change(limit) }
