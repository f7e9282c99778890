package totals

// ring counts events by their second or minute, in any order, as long as they are
// told before its length has passed. What comes later begins its slot anew: that
// costs one count and heals a clock that was set back.
type ring struct {
	slots []slot // a power of two
}

type slot struct{ at, n int64 }

func newRing(size int) ring { return ring{make([]slot, size)} }

// add counts n events and returns how many there are at that time.
func (r *ring) add(at int64, n int64) int64 {
	s := &r.slots[at&int64(len(r.slots)-1)]
	if s.at != at {
		*s = slot{at: at}
	}
	s.n += n
	return s.n
}

// meter finds the busiest second and minute. Calls are told when they end, up to
// their patience and their answer's length after they arrived: the ring of
// seconds covers more than four minutes.
type meter struct{ seconds, minutes ring }

func newMeter() meter { return meter{newRing(256), newRing(8)} }

func (m *meter) add(second, n int64, into *Peaks) {
	inHour := int32(second % 3600)
	if count := m.seconds.add(second, n); count > into.Second {
		into.Second, into.SecondAt = count, inHour
	}
	if count := m.minutes.add(second/60, n); count > into.Minute {
		into.Minute, into.MinuteAt = count, inHour-inHour%60
	}
}

// meters are those of one limit.
type meters struct{ sent, demand meter }

// peaks counts the calls of s where they belong: demand when it arrived, sent when
// each departed. h is the hour in which s ended, and l its limit's figures there.
func (t *Totals) peaks(s *Sample, ended int64, h *hour, l *LimitHour) {
	m := t.meters[s.Limit]
	if m == nil {
		name := cut(s.Limit)
		if len(t.meters) >= maxLimits {
			name = Other
		}
		if m = t.meters[name]; m == nil {
			m = &meters{newMeter(), newMeter()}
			t.meters[name] = m
		}
	}
	// A call belongs to the hour that it was made in; a clock that jumped meanwhile
	// begins no hour of its own.
	at := func(second int64) (*hour, *LimitHour) {
		if second/3600 != ended-1 {
			return h, l
		}
		before := t.hour(ended - 1)
		return before, before.limit(s.Limit)
	}
	for _, second := range s.departed[:min(s.sent, maxDepartures)] {
		hour, limit := at(second)
		m.sent.add(second, 1, &limit.SentPeak)
		t.all.add(second, 1, &hour.peak)
	}
	if s.Demand > 0 {
		second := s.Arrived.Unix()
		_, limit := at(second)
		m.demand.add(second, int64(s.Demand), &limit.DemandPeak)
	}
}
