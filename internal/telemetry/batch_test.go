package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// stuck is a sink that blocks until it is let go.
type stuck struct {
	gate chan struct{}
	mu   sync.Mutex
	got  bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.gate
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.Write(p)
}

func TestSlowSinkNeverBlocksCallers(t *testing.T) {
	sink := &stuck{gate: make(chan struct{})}
	l := newTestLog(t, sink, true)
	const lines = 60000 // well beyond what is held
	for i := range lines {
		l.Info(fmt.Sprintf("line %d %s", i, strings.Repeat("x", 80)))
	}
	if l.Dropped() == 0 {
		t.Error("nothing was dropped, so the memory is not bounded")
	}
	close(sink.gate)
	_ = l.Close()
	got := sink.got.String()
	if written := int64(strings.Count(got, `"msg":"line `)); written+l.Dropped() != lines {
		t.Errorf("%d written and %d dropped of %d", written, l.Dropped(), lines)
	}
	if !strings.Contains(got, "log lines were dropped") {
		t.Error("the log does not say that it lost lines")
	}
}

// fickle is a sink that takes as many bytes as it is told to.
type fickle struct {
	got  bytes.Buffer
	room int // bytes until the disk is full; negative: no end
}

var errFull = errors.New("no space left on device")

func (f *fickle) Write(p []byte) (int, error) {
	if f.room < 0 || len(p) <= f.room {
		f.room = max(f.room-len(p), min(f.room, 0))
		return f.got.Write(p)
	}
	n, _ := f.got.Write(p[:f.room])
	f.room = 0
	return n, errFull
}

func TestFullDiskIsSurvived(t *testing.T) {
	sink := &fickle{}
	l := newTestLog(t, sink, true)
	for range 1000 {
		l.Error("x")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if got := l.Dropped(); got != 1000 {
		t.Errorf("%d lines are counted as lost, want 1000", got)
	}
}

func TestDiskWithRoomAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &fickle{room: 30} // in the middle of the first line
		b := newBatch(sink, func(n int64) []byte { return fmt.Appendf(nil, "lost %d\n", n) })
		line := []byte(strings.Repeat("x", 39) + "\n")
		b.add(line, true)
		synctest.Wait()
		b.add(line, true)
		synctest.Wait()
		sink.room = -1
		b.add([]byte("well again\n"), true)
		synctest.Wait()
		b.add([]byte("and on\n"), true)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		want := strings.Repeat("x", 30) + "\nwell again\nlost 2\nand on\n"
		if sink.got.String() != want || b.dropped.Load() != 2 {
			t.Errorf("%d lost, written: %q, want %q", b.dropped.Load(), sink.got.String(), want)
		}
	})
}

func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &stuck{gate: make(chan struct{})}
		b := newBatch(sink, nil)
		b.add([]byte("x\n"), true)
		began := time.Now()
		if err := b.Close(); !errors.Is(err, errSinkStuck) || time.Since(began) != closeTimeout {
			t.Errorf("Close gives %v after %v", err, time.Since(began))
		}
		close(sink.gate)
		if err := b.Close(); err != nil || sink.got.String() != "x\n" {
			t.Errorf("then %v, written %q", err, sink.got.String())
		}
	})
}

func TestNothingIsLostAroundClose(t *testing.T) {
	const writers, each = 8, 500
	var out bytes.Buffer
	b := newBatch(&out, nil)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range each {
				b.add([]byte("line\n"), false)
			}
		})
	}
	if err := b.Close(); err != nil { // while they still write
		t.Fatal(err)
	}
	all.Wait()
	if got := strings.Count(out.String(), "line\n"); got != writers*each || b.dropped.Load() != 0 {
		t.Errorf("%d of %d lines are written, %d dropped", got, writers*each, b.dropped.Load())
	}
}

func TestFullBatchIsWrittenAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := make(chan string, 10)
		b := newBatch(chanWriter(writes), nil)
		began := time.Now()
		b.add(bytes.Repeat([]byte{'x'}, batchBytes), false)
		if got := <-writes; len(got) != batchBytes || time.Since(began) != 0 {
			t.Errorf("%d bytes after %v", len(got), time.Since(began))
		}
		_ = b.Close()
	})
}
