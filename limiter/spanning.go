package limiter

import "time"

// spanning finds out how long a window is where the provider does not say.
//
// The evidence is what it says about the reset, and what it forgets. The sum of
// what remains and of what we have sent stays constant while nothing is forgotten;
// where it rises, the provider has forgotten calls of ours, and
//
//   - if the reset moved on by d and everything was forgotten at once, the window
//     is fixed and d long;
//   - else calls come back one by one: a sliding window, or a bucket, whose span is
//     the longest reset it ever tells, as that is how long it takes to come back
//     from empty;
//   - and nothing that is forgotten is older than the span.
//
// Until there is evidence a reset of up to a second speaks for a window of a
// second, a longer one for a minute, an hour, a day.
type spanning struct {
	sure    bool // evidence has been seen
	rolling bool // calls come back one by one
	settled bool // the span was measured, and is not to be tried shorter

	atLeast time.Duration // no shorter span agrees with what was counted together

	sum      int64 // remaining plus departures, at the last evidence
	sumHigh  int64 // highest since
	reset    time.Duration
	resetOK  bool
	forgot   time.Duration // when forgetting was last seen; 0 never
	events   int           // times that forgetting was seen
	misfits  int           // times in a row that something younger than the span was forgotten
	resized  time.Duration // when the span was last changed for lack of fit
	trying   bool          // it was made shorter, and calls may not come back that fast
	readings int
	slope    slope
}

// evidence is one reading, and what we know about the call that it answered.
type evidence struct {
	*reading
	ordinal  int64
	sent     time.Duration
	received time.Duration
	departed int64 // ordinal of the newest departure
	abreast  int64 // calls that left within one latency before, and may have arrived after
	flying   int   // calls that have no answer yet
	refused  bool  // the call was throttled, and so did not count
	waiting  bool  // calls are waiting
	history  *history
}

// oldest is how old the oldest of our calls is that the provider counts, at least. If
// it counts more than we know of, that is forever.
func (e *evidence) oldest() time.Duration {
	n := e.used() - e.tolerance()
	if n < 1 {
		return 0
	}
	age := e.history.age(e.received, e.later()+n)
	return min(age, maxBelievable)
}

// used is how many calls the provider counts.
func (e *evidence) used() int64 { return e.limit - e.remaining }

// later is how many calls have left since the one that was answered.
func (e *evidence) later() int64 { return e.departed - e.ordinal }

// tolerance is by how much answers may disagree because calls overtook each other.
func (e *evidence) tolerance() int64 { return 1 + max(e.later(), int64(e.flying), e.abreast) }

// spans that people configure, in seconds.
var spans = [...]float64{1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000}

// guess is the span that a first reset speaks for, unless what got through before
// speaks against it.
func (s *spanning) guess(e *evidence) time.Duration {
	if e.reset == unknown {
		return max(min(time.Minute, s.longest(e)), minSpan)
	}
	for _, span := range []time.Duration{time.Second, time.Minute, time.Hour, 24 * time.Hour} {
		if e.reset-e.grain < span && e.reset <= span+e.grain {
			return max(min(span, s.longest(e)), e.reset-e.grain, minSpan)
		}
	}
	return maxBelievable
}

// longest is the longest span that agrees with what got through. A window that has
// been open since before more calls of ours than the provider counts would count
// them too; and any x seconds touch at most x/span + 2 windows, with limit calls
// in each.
func (s *spanning) longest(e *evidence) time.Duration {
	longest := forever
	if age := e.history.acceptedAge(e.received, e.used()+e.later()+e.tolerance()+1); age < forever {
		longest = age
		if e.reset != unknown {
			longest += e.reset + e.grain // whole seconds are rounded down by some
		}
	}
	for x := 2 * time.Second; x <= e.history.accepted.span; x *= 2 {
		if got := int64(e.history.accepted.since(e.received-x)) - e.later(); got > 2*e.limit {
			longest = min(longest, time.Duration(float64(x)*float64(e.limit)/float64(got-2*e.limit)))
		}
	}
	return longest
}

// snap is the usual span next to a measured one, if there is one within its grain.
func snap(measured, grain time.Duration) time.Duration {
	for _, s := range spans {
		if span := time.Duration(s * float64(time.Second)); span >= measured-grain && span <= measured+grain {
			return span
		}
	}
	return max(measured, minSpan)
}

// minSpan bounds the rate that can be concluded from how fast a provider forgets.
const minSpan = 10 * time.Millisecond

// span concludes from a reading how long the window is; the answer is the present
// span where it tells nothing new.
func (s *spanning) span(present time.Duration, e *evidence) time.Duration {
	s.readings++
	sum := e.remaining + e.ordinal
	resets := e.received + e.reset
	moved, movedOK := resets-s.reset, s.resetOK && e.reset != unknown
	if e.reset != unknown {
		s.reset, s.resetOK = resets, true
	}
	if s.readings == 1 {
		s.sum, s.sumHigh = sum, sum
		s.slope.add(point{e.sent, sum, e.ordinal, s.events})
		return s.guess(e)
	}
	if e.refused {
		// What was sent and refused was not counted: the sum begins anew.
		s.rebase()
		if e.reset != unknown && e.reset-e.grain > present {
			return s.longer(e)
		}
		return present
	}
	s.slope.add(point{e.sent, sum, e.ordinal, s.events})
	s.sumHigh = max(s.sumHigh, sum)
	if present > shortSpan && e.reset != unknown {
		s.atLeast = max(s.atLeast, e.reset-e.grain+e.oldest())
	}
	if s.trying {
		if measured, ok := s.outpaced(e); ok {
			return measured
		}
	}
	forgotten := sum-s.sum > 1+2*e.tolerance()
	switch {
	case !forgotten:
		s.sum = min(s.sum, sum)
		if e.reset != unknown && e.reset-e.grain > present {
			present = s.longer(e)
		}
		return s.grow(present, e)
	case movedOK && moved > e.grain+time.Second/2 && e.used() <= sum-s.sum+e.tolerance():
		return s.rolled(present, sum, moved, e)
	}
	return s.slid(present, sum, e)
}

// longer is the span where a reset lies farther away than the present one reaches.
func (s *spanning) longer(e *evidence) time.Duration {
	if s.rolling {
		return snap(e.reset, e.grain)
	}
	return s.guess(e)
}

// rolled concludes from a window that was emptied at once while its reset moved on.
func (s *spanning) rolled(present time.Duration, sum int64, moved time.Duration, e *evidence) time.Duration {
	since := s.forget(sum, e)
	s.sure = true
	length := max(e.reset, min(moved, since))
	if length-e.grain <= shortSpan {
		// Short windows are not followed so closely that they could be told from a
		// sliding one, whose resets are nearer than it is long.
		if present <= shortSpan {
			return present
		}
		return snap(max(length, min(s.atLeast, present), time.Second), e.grain)
	}
	s.rolling = false
	length = max(length, min(s.atLeast, present))
	if present-e.grain <= length && length <= present+e.grain {
		return present
	}
	return snap(length, e.grain)
}

// forget notes that calls were forgotten, and says how long ago that was last seen.
func (s *spanning) forget(sum int64, e *evidence) time.Duration {
	since := forever
	if s.forgot > 0 {
		since = e.sent - s.forgot
	}
	s.sum, s.sumHigh, s.forgot = sum, sum, e.sent
	s.events++
	return since
}

// rebase begins a new sum, since the old one cannot go on.
func (s *spanning) rebase() {
	s.sum, s.sumHigh = 1<<62, 0 // the next reading lowers and raises them
	s.slope, s.misfits, s.forgot, s.atLeast = slope{}, 0, 0, 0
}

// slid concludes from calls that came back without the window being emptied.
func (s *spanning) slid(present time.Duration, sum int64, e *evidence) time.Duration {
	since := s.forget(sum, e)
	if present > shortSpan {
		s.rolling = true
	}
	if e.reset != unknown {
		s.sure = true
		if e.reset-e.grain > present {
			return snap(e.reset, e.grain)
		}
	}
	return s.shrink(present, since, e)
}

// shrink tries a shorter span where the provider has forgotten calls that are
// younger than the present one. It takes at most one step a second, and only while
// calls wait that would profit.
func (s *spanning) shrink(present, since time.Duration, e *evidence) time.Duration {
	if s.settled || !e.waiting || e.received-s.resized < time.Second || s.trying && e.draining() {
		return present
	}
	bound := max(since, e.youngest())
	if bound > present*9/10 {
		s.misfits = 0
		return present
	}
	if s.misfits++; s.misfits < 2 {
		return present
	}
	s.misfits = 0
	s.resized, s.trying = e.received, true
	if !s.resetOK {
		return max(present/8, bound, minSpan) // it was a guess about nothing
	}
	return max(present*4/5, bound, minSpan)
}

// youngest is how old the youngest call of ours is that was forgotten for certain.
func (e *evidence) youngest() time.Duration {
	return e.history.age(e.received, e.later()+e.used()+e.tolerance()+1)
}

// draining tells whether more is used than is explained by what is under way.
func (e *evidence) draining() bool { return e.used() > e.tolerance()+e.limit/20 }

// outpaced measures a bucket whose tokens are seen to be used faster than they come
// back. In a sliding window that is so for one span after the rate has risen, too,
// so that time is left out; in a fixed one they come back all at once, which shows
// as few events.
func (s *spanning) outpaced(e *evidence) (time.Duration, bool) {
	if s.slope.value <= 0 || s.slope.old.at < s.resized+e.youngest() || !e.draining() {
		return 0, false
	}
	if s.slope.value > s.slope.sent*0.92 {
		s.trying = false // they do come back that fast
		return 0, false
	}
	if s.events-s.slope.old.events < 4 {
		return 0, false
	}
	s.settled, s.trying, s.resized = true, false, e.received
	return s.measured(e), true
}

// measured is the span at which what comes back is what may be sent.
func (s *spanning) measured(e *evidence) time.Duration {
	span := time.Duration(float64(e.limit) / s.slope.value * float64(time.Second))
	return snap(span, span/30) // about what a second or two of counting can tell
}

// grow makes the span longer where the provider still counts calls that should
// have been forgotten, and calls come back more slowly than they are sent.
func (s *spanning) grow(present time.Duration, e *evidence) time.Duration {
	if !s.rolling && present > shortSpan || e.remaining*5 > e.limit || e.received-s.resized < time.Second/2 || s.slope.value <= 0 {
		return present
	}
	if s.slope.old.at < s.slope.began+present {
		return present // calls of a first span are not due to come back yet
	}
	own := int64(e.history.count(e.received, e.sent-present)) - e.later()
	if e.used() <= own+e.tolerance() {
		return present
	}
	measured := s.measured(e)
	if measured < present*21/20 {
		return present
	}
	s.resized, s.settled, s.trying = e.received, true, false
	return min(2*present, measured)
}

// slope measures how fast calls come back, over one to two seconds.
type slope struct {
	value    float64 // calls a second, 0 if not known
	sent     float64 // calls a second that were sent meanwhile
	old, new point
	began    time.Duration // when measuring began
	n        int
}

type point struct {
	at      time.Duration
	sum     int64
	ordinal int64
	events  int
}

func (s *slope) add(p point) {
	switch {
	case s.n == 0:
		s.old, s.new, s.began, s.n = p, p, p.at, 1
	case p.at-s.new.at >= time.Second:
		s.old, s.new = s.new, p
		if p.at-s.old.at > 5*time.Second {
			s.old = p // nothing was sent for long: what came back says little
		}
	}
	if age := (p.at - s.old.at).Seconds(); age >= 1 {
		s.value = max(0, float64(p.sum-s.old.sum)/age)
		s.sent = float64(p.ordinal-s.old.ordinal) / age
	}
}
