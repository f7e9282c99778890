package tokens

import (
	"context"
	"sync"
	"time"
)

// probeEvery is how often one call tries a token that was refused at one place
// while its renewal does not come to an end.
const probeEvery = 2 * time.Second

// doubt is about a token that upstream refused somewhere and that is being
// replaced. Calls wait for its successor, since most of them would be refused
// too. But the refusal may have been wrong, or for a lack of permission, and
// the renewal may hang; so one call at a time finds out.
type doubt struct {
	generation uint64
	over       chan struct{} // closed when the token was accepted after all

	mu   sync.Mutex // guards next
	next time.Time  // of the next probe
}

// probe reports whether the caller is to try the token.
func (d *doubt) probe(now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if now.Before(d.next) {
		return false
	}
	d.next = now.Add(probeEvery)
	return true
}

// doubted notes that generation was refused.
func (s *Session) doubted(generation uint64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d := s.doubt.Load(); d == nil || d.generation < generation {
		s.doubt.Store(&doubt{generation: generation, over: make(chan struct{}), next: now.Add(probeEvery)})
	}
}

// trusted ends the doubt about generation: it was accepted.
func (s *Session) trusted(generation uint64) {
	if d := s.doubt.Load(); d != nil && d.generation == generation && s.doubt.CompareAndSwap(d, nil) {
		close(d.over)
	}
}

// resolve waits until the doubted token has a successor, or was accepted, or
// the caller is the one to try it.
func (s *Session) resolve(ctx context.Context, d *doubt) error {
	s.mu.Lock()
	r := s.running
	s.mu.Unlock()
	if r == nil {
		return nil
	}
	r.need()
	timer := time.NewTimer(probeEvery)
	defer timer.Stop()
	for {
		select {
		case <-r.done:
			return s.await(ctx, 0, nil)
		case <-d.over:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timer.C:
			if d.probe(time.Now()) {
				return nil
			}
			timer.Reset(probeEvery)
		}
	}
}
