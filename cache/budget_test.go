package cache

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestBudgetIsGivenBack(t *testing.T) {
	b := &budget{}
	b.most.Store(16 << 10)
	long := strings.Repeat("x", 8<<10)
	body, taken, err := b.readAll(iotest.OneByteReader(strings.NewReader(long)), 1<<20)
	if err != nil || string(body) != long {
		t.Fatalf("%d bytes and %v", len(body), err)
	}
	if taken != b.used.Load() {
		t.Errorf("%d taken, %d in use", taken, b.used.Load())
	}
	r := strings.NewReader(long)
	second, more, err := b.readAll(r, 1<<20)
	if !errors.Is(err, errNoRoom) {
		t.Errorf("no bound: %d bytes, %v", len(second), err)
	}
	if rest, _ := io.ReadAll(r); string(second)+string(rest) != long {
		t.Error("bytes are lost where there is no room")
	}
	b.give(taken)
	b.give(more)
	if n := b.used.Load(); n != 0 {
		t.Errorf("%d are left", n)
	}
	failed := errors.New("failed")
	for _, end := range []error{failed, io.ErrUnexpectedEOF} {
		if got, _, err := b.readAll(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(end)), 100); string(got) != "ab" || !errors.Is(err, end) {
			t.Errorf("%q and %v", got, err)
		}
	}
}

// TestKeeperWithoutRoomPassesOn has many bodies at once, of which some are
// abandoned.
func TestKeeperWithoutRoomPassesOn(t *testing.T) {
	b := &budget{}
	b.most.Store(100 << 10)
	body := bytes.Repeat([]byte("x"), 40<<10)
	stored := 0
	var open []*keeper
	for range 4 {
		k := &keeper{
			ReadCloser: io.NopCloser(bytes.NewReader(body)), keep: func([]byte) bool { stored++; return true },
			limit: 1 << 20, declared: -1, room: b,
		}
		open = append(open, k)
		if n, err := io.CopyN(io.Discard, k, 30<<10); n != 30<<10 || err != nil {
			t.Fatalf("%d bytes, %v", n, err)
		}
		if n := b.used.Load(); n > b.most.Load() {
			t.Errorf("%d bytes are held", n)
		}
	}
	for i, k := range open {
		if i != 1 {
			if n, err := io.Copy(io.Discard, k); n != 10<<10 || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		}
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	}
	if n := b.used.Load(); n != 0 || stored == 0 || stored == 4 {
		t.Errorf("%d bytes are held, %d stored", n, stored)
	}
}
