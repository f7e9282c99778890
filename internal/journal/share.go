package journal

import (
	"sync"
	"time"
)

// What masking is taken to cost. It is reckoned and not measured: on a busy
// machine a clock shows how long others were at work, and one interruption would
// abridge the records of seconds. The figures are three times those of
// BenchmarkAdd, which finds code and tables in the processor's caches. In a
// process that does a hundred other things between two records, samples showed
// 2.6 to 3.2 times as much.
const (
	costOfRecord = 6 * time.Microsecond
	costOfByte   = 12 * time.Nanosecond  // of the finished record
	costOfOwn    = 40 * time.Microsecond // to look for secrets of the exchange's own, beside a second masking
)

// cost of a record of n bytes.
func cost(n int, own bool) time.Duration {
	d := costOfRecord + time.Duration(n)*costOfByte
	if own {
		d = 2*d + costOfOwn
	}
	return d
}

// shareBurst is how much may be spent at once after a quiet time: some
// hundreds of records.
const shareBurst = 15 * time.Millisecond

// share rations time: what is spent comes back at the given rate. The zero
// value of everything but the rate is full.
type share struct {
	rate float64 // of elapsed time

	mu    sync.Mutex // guards what follows
	spent time.Duration
	last  time.Time
}

// has reports whether anything is left. The times that it is given need not be
// in order; what passed up to the latest counts.
func (s *share) has(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.last.IsZero():
		s.last = now
	case now.After(s.last):
		s.spent = max(s.spent-time.Duration(float64(now.Sub(s.last))*s.rate), 0)
		s.last = now
	}
	return s.spent < shareBurst
}

func (s *share) spend(d time.Duration) {
	s.mu.Lock()
	s.spent += d
	s.mu.Unlock()
}
