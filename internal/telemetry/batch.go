package telemetry

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	batchBytes   = 32 << 10 // written without waiting for more
	batchBound   = 4 << 20  // held while the sink is slow; beyond it lines are dropped
	batchDelay   = 5 * time.Millisecond
	batchKeep    = 1 << 20         // buffers beyond it are given back after use
	closeTimeout = 2 * time.Second // for a sink that is stuck at the end
	quietBatches = 64              // small ones in a row that count as a while
	noticeEvery  = 10 * time.Second
)

var errSinkStuck = errors.New("the log's output takes no more lines; what was not yet written is lost")

// batch gathers log lines and writes them many at a time, so that a request
// does not pay for a system call. Callers never wait for the sink: where it is
// slow or broken (a full disk, a pipe nobody reads), lines are dropped and
// counted, and the log says so once it can.
//
// One goroutine writes; Close waits for it and loses nothing that was accepted
// before, unless the sink itself fails.
type batch struct {
	out     io.Writer
	notice  func(dropped int64) []byte // a line about dropped ones; may be nil
	wake    chan struct{}              // a line is there
	urgent  chan struct{}              // write without delay
	done    chan struct{}              // the goroutine has ended
	dropped atomic.Int64

	mu       sync.Mutex // guards what follows
	lines    []byte
	closing  bool // write what is there, then end
	finished bool // nobody gathers any more

	// Of the writing goroutine alone, and of whoever holds mu once finished.
	torn     bool // the last line written lacks its end
	told     int64
	toldLast time.Time
}

func newBatch(out io.Writer, notice func(dropped int64) []byte) *batch {
	b := &batch{out: out, notice: notice, wake: make(chan struct{}, 1), urgent: make(chan struct{}, 1), done: make(chan struct{})}
	go b.run()
	return b
}

// add takes one whole line. After Close it writes the line itself, as a last
// word must not be lost.
func (b *batch) add(line []byte, urgent bool) {
	b.mu.Lock()
	if b.finished {
		b.write(line)
		b.mu.Unlock()
		return
	}
	if len(b.lines)+len(line) > batchBound {
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
	spare, quiet := make([]byte, 0, batchBytes), 0
	for range b.wake {
		timer.Reset(batchDelay)
		select {
		case <-timer.C:
		case <-b.urgent:
			timer.Stop()
		}
		for {
			lines, closing := b.take(spare)
			if len(lines) > 0 {
				b.write(lines)
			}
			if quiet++; len(lines) >= batchBytes {
				quiet = 0
			}
			if spare = lines; cap(spare) > batchKeep && quiet > quietBatches {
				spare = make([]byte, 0, batchBytes)
			}
			if !closing {
				break
			}
			if len(lines) == 0 {
				return
			}
		}
	}
}

// take exchanges the held lines for an empty buffer.
func (b *batch) take(spare []byte) (lines []byte, closing bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines = b.lines
	b.lines = spare[:0]
	b.finished = b.closing && len(lines) == 0
	return lines, b.closing
}

// write hands lines to the sink and counts those that it did not take.
func (b *batch) write(lines []byte) {
	if b.torn {
		if _, err := b.out.Write([]byte{'\n'}); err != nil {
			b.lose(lines)
			return
		}
		b.torn = false
	}
	n, err := b.out.Write(lines)
	n = min(max(n, 0), len(lines))
	b.torn = n > 0 && lines[n-1] != '\n'
	if err != nil || n < len(lines) {
		b.lose(lines[n:])
		return
	}
	b.confess()
}

func (b *batch) lose(lines []byte) { b.dropped.Add(int64(bytes.Count(lines, []byte{'\n'}))) }

// confess writes how many lines were dropped since it last did.
func (b *batch) confess() {
	lost := b.dropped.Load()
	if lost == b.told || b.notice == nil {
		return
	}
	if now := time.Now(); now.Sub(b.toldLast) >= noticeEvery {
		if _, err := b.out.Write(b.notice(lost - b.told)); err == nil {
			b.told, b.toldLast = lost, now
		}
	}
}

// Close writes what is held and waits until it is written, but not for ever
// on a sink that is stuck. It may be called more than once.
func (b *batch) Close() error {
	b.mu.Lock()
	b.closing = true
	b.mu.Unlock()
	signal(b.wake)
	signal(b.urgent)
	timer := time.NewTimer(closeTimeout)
	defer timer.Stop()
	select {
	case <-b.done:
		return nil
	case <-timer.C:
		return errSinkStuck
	}
}
