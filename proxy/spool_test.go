package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func roomy() *budget {
	b := &budget{}
	b.limit.Store(1 << 30)
	return b
}

func TestSpoolReplaysWhatItKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "body")
		if rapid.Bool().Draw(t, "long") {
			body = bytes.Repeat(append(body, 'x'), 1+2*spoolSize/(len(body)+1))
		}
		length := int64(len(body))
		if rapid.Bool().Draw(t, "unknown length") {
			length = -1
		}
		shared := roomy()
		s := newSpool(io.NopCloser(iotest.HalfReader(bytes.NewReader(body))), length, shared)
		filled := rapid.Bool().Draw(t, "filled")
		if filled {
			if err := s.fill(1 << 30); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 3 {
			v := s.open()
			before := s.replayable()
			part := rapid.IntRange(0, len(body)+10).Draw(t, "part")
			got, err := io.ReadAll(io.LimitReader(v, int64(part)))
			_ = v.Close()
			want := body[:min(part, len(body))]
			switch {
			case err == nil && !bytes.Equal(got, want):
				t.Fatalf("attempt %d read %d bytes that differ", i, len(got))
			case err != nil && before:
				t.Fatalf("attempt %d: replayable, and yet: %v", i, err)
			case err != nil && !errors.Is(err, errSpoolGone):
				t.Fatalf("attempt %d: %v", i, err)
			}
			if !s.replayable() && len(body) <= spoolSize {
				t.Fatal("a short body became unreplayable")
			}
		}
		s.release()
		if used := shared.used.Load(); used != 0 {
			t.Fatalf("%d bytes of the budget were not given back", used)
		}
	})
}

// A large body streams once; a second attempt must get an error, never the
// rest of it as if it were the whole.
func TestSpoolNeverSendsHalfABody(t *testing.T) {
	body := strings.Repeat("x", spoolSize+1)
	for _, length := range []int64{int64(len(body)), -1} {
		s := newSpool(io.NopCloser(strings.NewReader(body)), length, roomy())
		first := s.open()
		if _, err := io.CopyN(io.Discard, first, spoolSize/2); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, first); err != nil {
			t.Fatal(err)
		}
		if s.replayable() {
			t.Errorf("length %d: replayable", length)
		}
		if got, err := io.ReadAll(s.open()); !errors.Is(err, errSpoolGone) {
			t.Errorf("length %d: second attempt read %d bytes, %v", length, len(got), err)
		}
	}
}

func TestSpoolKeepsToTheSharedBudget(t *testing.T) {
	shared := &budget{}
	shared.limit.Store(100)
	s := newSpool(io.NopCloser(strings.NewReader(strings.Repeat("x", 80))), 80, shared)
	if err := s.fill(1000); err != nil {
		t.Fatal(err)
	}
	second := newSpool(io.NopCloser(strings.NewReader(strings.Repeat("y", 80))), 80, shared)
	if err := second.fill(1000); !errors.Is(err, errBuffersFull) {
		t.Errorf("fill past the budget: %v", err)
	}
	second.release()
	// Streaming goes on without room; it is only not kept.
	third := newSpool(io.NopCloser(strings.NewReader(strings.Repeat("z", 80))), -1, shared)
	if got, err := io.ReadAll(third.open()); err != nil || len(got) != 80 || third.replayable() {
		t.Errorf("%d bytes, %v, replayable %v", len(got), err, third.replayable())
	}
	third.release()
	s.release()
	if used := shared.used.Load(); used != 0 {
		t.Errorf("%d bytes were not given back", used)
	}
}

func TestSpoolRefusesAnOversizeBody(t *testing.T) {
	s := newSpool(io.NopCloser(strings.NewReader(strings.Repeat("x", 5000))), -1, roomy())
	if _, ok := errors.AsType[*http.MaxBytesError](s.fill(1000)); !ok {
		t.Error("no error")
	}
}

// An attempt that was given up may still be reading when the next one begins;
// what it takes from the client must not be lost.
func TestSpoolViewsOverlap(t *testing.T) {
	for range 200 {
		src, feed := io.Pipe()
		s := newSpool(src, -1, roomy())
		first := s.open()
		var wg sync.WaitGroup
		wg.Go(func() {
			_, _ = io.Copy(io.Discard, first)
		})
		wg.Go(func() {
			for _, piece := range []string{"ab", "cd", "ef"} {
				_, _ = io.WriteString(feed, piece)
			}
			_ = feed.Close()
		})
		_ = first.Close()
		got, err := io.ReadAll(s.open())
		if err != nil || string(got) != "abcdef" {
			t.Fatalf("%q %v", got, err)
		}
		wg.Wait()
	}
}

func TestSpoolPassesOnHowABodyBrokeOff(t *testing.T) {
	broken := errors.New("reset")
	s := newSpool(io.NopCloser(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken))), -1, roomy())
	for range 2 {
		if got, err := io.ReadAll(s.open()); !errors.Is(err, broken) || string(got) != "ab" {
			t.Errorf("%q %v", got, err)
		}
	}
}
