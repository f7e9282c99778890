package journal

import (
	"errors"
	"sync"
	"sync/atomic"
)

const (
	maxSubscribers = 16
	feedBuffer     = 512 // events that a subscriber may be behind
)

// ErrTooManySubscribers refuses one more.
var ErrTooManySubscribers = errors.New("too many are following the events already; end another tail first")

// ErrClosed refuses a subscription to a closed journal.
var ErrClosed = errors.New("cleengate is shutting down")

// Subscription receives a summary of each exchange when it has finished.
type Subscription struct {
	// C is closed when the subscription ends: by Close, because the reader was
	// too slow, or because the journal was closed.
	C <-chan Summary

	feed *feed
	c    chan Summary
	slow atomic.Bool
}

// Slow reports, once C is closed, whether the reader was dropped because it
// did not keep up.
func (s *Subscription) Slow() bool { return s.slow.Load() }

// Close ends the subscription. It may be called more than once.
func (s *Subscription) Close() { s.feed.remove(s, false) }

// feed hands events to those who follow, and never waits for one.
type feed struct {
	count atomic.Int32 // so that nothing is made for nobody

	mu     sync.Mutex // guards what follows
	subs   map[*Subscription]struct{}
	closed bool
}

// Subscribe follows the exchanges that finish from now on. At most 16 may do
// so. The caller closes the subscription.
func (j *Journal) Subscribe() (*Subscription, error) {
	f := &j.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, ErrClosed
	case len(f.subs) == maxSubscribers:
		return nil, ErrTooManySubscribers
	}
	c := make(chan Summary, feedBuffer)
	s := &Subscription{C: c, c: c, feed: f}
	if f.subs == nil {
		f.subs = make(map[*Subscription]struct{})
	}
	f.subs[s] = struct{}{}
	f.count.Add(1)
	return s, nil
}

// Close ends all subscriptions, for good. What is kept can still be read.
func (j *Journal) Close() error {
	j.feed.mu.Lock()
	j.feed.closed = true
	subs := make([]*Subscription, 0, len(j.feed.subs))
	for s := range j.feed.subs {
		subs = append(subs, s)
	}
	j.feed.mu.Unlock()
	for _, s := range subs {
		s.Close()
	}
	return nil
}

func (f *feed) remove(s *Subscription, slow bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.removeLocked(s, slow)
}

func (f *feed) removeLocked(s *Subscription, slow bool) {
	if _, there := f.subs[s]; !there {
		return
	}
	delete(f.subs, s)
	f.count.Add(-1)
	s.slow.Store(slow)
	close(s.c)
}

// publish tells of x. A subscriber whose buffer is full is dropped.
func (f *feed) publish(summary Summary) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subs {
		select {
		case s.c <- summary:
		default:
			f.removeLocked(s, true)
		}
	}
}
