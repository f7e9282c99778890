package telemetry

import (
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchBytes = 32 << 10 // written at once
	batchBound = 4 << 20  // held while the sink is slow; beyond it lines are dropped
	batchDelay = 5 * time.Millisecond
)

// batch gathers log lines and writes them many at a time, so that a request
// does not pay for a system call. Callers never wait for the sink: where it is
// slow or broken (a full disk, a pipe nobody reads), lines beyond a bound are
// dropped and counted.
//
// One goroutine writes; Close waits for it and loses nothing that was accepted
// before, unless the sink itself fails.
type batch struct {
	out     io.Writer
	wake    chan struct{} // a line is there
	urgent  chan struct{} // write without delay
	done    chan struct{}
	dropped atomic.Int64

	mu     sync.Mutex // guards what follows
	lines  []byte
	closed bool
}

func newBatch(out io.Writer) *batch {
	b := &batch{out: out, wake: make(chan struct{}, 1), urgent: make(chan struct{}, 1), done: make(chan struct{})}
	go b.run()
	return b
}

// add takes one whole line.
func (b *batch) add(line []byte, urgent bool) {
	b.mu.Lock()
	if b.closed || len(b.lines)+len(line) > batchBound {
		b.mu.Unlock()
		b.dropped.Add(1)
		return
	}
	first := len(b.lines) == 0
	b.lines = append(b.lines, line...)
	full := len(b.lines) >= batchBytes
	b.mu.Unlock()
	if first {
		signal(b.wake)
	}
	if urgent || full {
		signal(b.urgent)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (b *batch) run() {
	defer close(b.done)
	timer := time.NewTimer(0)
	<-timer.C
	spare := make([]byte, 0, 2*batchBytes)
	for range b.wake {
		timer.Reset(batchDelay)
		select {
		case <-timer.C:
		case <-b.urgent:
			timer.Stop()
		}
		b.mu.Lock()
		lines, closed := b.lines, b.closed
		b.lines = spare[:0]
		b.mu.Unlock()
		if len(lines) > 0 {
			_, _ = b.out.Write(lines) // there is nowhere to complain to
		}
		if spare = lines; cap(spare) > 4*batchBytes {
			spare = make([]byte, 0, 2*batchBytes)
		}
		if closed {
			return
		}
	}
}

// Close writes what is held and waits until it is written. It may be called
// more than once.
func (b *batch) Close() error {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	signal(b.wake)
	signal(b.urgent)
	<-b.done
	return nil
}
