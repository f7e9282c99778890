package limiter

import (
	"math"
	"testing"
	"time"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b) }

// The curve after a cut is the one that the package comment tells.
func TestAdaptiveCurve(t *testing.T) {
	a := newAdaptive(20, 0)
	a.rate = 160
	a.throttled(100, true)
	for _, tt := range []struct {
		demand time.Duration
		want   float64
	}{
		{0, 80}, {restAfter / 2, 94}, {restAfter, 96}, {restAfter + tryAfter, 112},
	} {
		a.grown = 0
		a.updated = 0
		a.advance(tt.demand, true)
		if !near(a.rate, tt.want) {
			t.Errorf("after %v of demand the rate is %v, want %v", tt.demand, a.rate, tt.want)
		}
		if tt.demand > 0 {
			if back := a.grownTo(a.rate); (back - tt.demand).Abs() > time.Millisecond {
				t.Errorf("a rate of %v is said to be reached after %v, not %v", a.rate, back, tt.demand)
			}
		}
	}
	beyond := restAfter
	for ; a.cubic(beyond) < 100; beyond += 10 * time.Millisecond {
	}
	if extra := beyond - restAfter; extra < 18*time.Second || extra > 20*time.Second {
		t.Errorf("the old rate is reached after another %v", extra)
	}
}

// Without waiting calls a rate neither doubles nor grows; idle, it decays to its start.
func TestAdaptiveNeedsDemand(t *testing.T) {
	a := newAdaptive(20, 0)
	for now := time.Duration(0); now < 10*time.Second; now += 100 * time.Millisecond {
		a.used = now
		a.advance(now, false)
	}
	if a.rate != 20 {
		t.Errorf("without demand the rate became %v", a.rate)
	}
	doublings := 0
	for now, rate := 10*time.Second, a.rate; now <= 15*time.Second; now += 10 * time.Millisecond {
		a.used = now
		a.advance(now, true)
		if a.rate > rate {
			rate = a.rate
			doublings++
		}
	}
	if doublings != 5 || a.rate != 640 {
		t.Errorf("%d doublings to %v in 5 s of demand", doublings, a.rate)
	}
	a.advance(a.used+3*decay+time.Second, false)
	if a.rate != 80 {
		t.Errorf("after three idle minutes the rate is %v, want an eighth", a.rate)
	}
	a.advance(a.used+time.Hour, false)
	if a.rate != 20 {
		t.Errorf("after an idle hour the rate is %v, want its start", a.rate)
	}
}

// What got through from pause to pause measures a limit that one probe did not end.
func TestAdaptiveLongPause(t *testing.T) {
	a := newAdaptive(20, 0)
	a.rate = 1000
	a.throttled(1000, true)
	a.accepted = 600
	a.resume(time.Minute, 50*time.Second, 5)
	if rest := a.cubic(restAfter); !near(rest, 10) {
		t.Errorf("600 calls in a minute make the rate rest at %v", rest)
	}
	a.throttled(0, true)
	if a.rate < minRate {
		t.Errorf("rate %v", a.rate)
	}
}

func TestPacerSpacesAndCatchesUp(t *testing.T) {
	var p pacer
	p.set(0, 100, 1)
	p.depart(0, 0)
	if got := p.earliest(); got > 10*time.Millisecond || got < 5*time.Millisecond {
		t.Errorf("the next departure conforms at %v", got)
	}
	// A timer that is late by less than the tolerance loses nothing.
	p.tat = 10 * time.Millisecond
	p.depart(13*time.Millisecond, 0)
	if got := p.earliest(); got != 20*time.Millisecond {
		t.Errorf("after a late departure the next conforms at %v, want 20ms", got)
	}
	// One that is later makes up for one call.
	p.depart(time.Second, 0)
	if got := p.earliest(); got != time.Second {
		t.Errorf("after a very late departure the next conforms at %v", got)
	}
	p.depart(time.Second, 0)
	if got := p.earliest(); got != time.Second+10*time.Millisecond {
		t.Errorf("after the one that was made up for the next conforms at %v", got)
	}
	// A call that came late has nothing to make up for.
	p.depart(2*time.Second, 2*time.Second)
	if got := p.earliest(); got != 2*time.Second+10*time.Millisecond {
		t.Errorf("after a call to an idle bucket the next conforms at %v", got)
	}
	// What is owed is owed in intervals.
	p.tat = 2 * time.Second
	p.set(2*time.Second-10*time.Millisecond, 50, 1)
	if got := p.earliest(); got != 2*time.Second+10*time.Millisecond {
		t.Errorf("at half the rate the next departure conforms at %v", got)
	}
	p.set(3*time.Second, 100, 5)
	p.tat = 0
	for range 5 {
		if p.earliest() > 3*time.Second {
			t.Error("a burst of five does not conform")
		}
		p.depart(3*time.Second, 3*time.Second)
	}
	if p.earliest() <= 3*time.Second {
		t.Error("six at once conform to a burst of five")
	}
	// Absurd rates do not overflow.
	p.set(0, 1e-300, 1)
	p.depart(0, 0)
	if p.interval <= 0 || p.earliest() < 0 || p.after(0, 1000) < 0 {
		t.Errorf("interval %v", p.interval)
	}
}
