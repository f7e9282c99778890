package flight_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/cache/flight"
)

// Waiters come, lose patience and leave at random while upstreams answer,
// stall and break off at random. Whatever happens, everybody ends in time with
// the whole body or an error that fits, nothing partial is stored, at no time
// are two calls without a header under way, and nothing is left.
func TestAnythingCanHappen(t *testing.T) {
	shares := []flight.Share{flight.Alone, flight.Waiting, flight.Everyone}
	rapid.Check(t, func(rt *rapid.T) {
		ms := func(label string, most int) time.Duration {
			return time.Duration(rapid.IntRange(0, most).Draw(rt, label)) * 100 * time.Millisecond
		}
		u := newUpstream(rapid.SampledFrom(shares).Draw(rt, "share"))
		for range rapid.IntRange(0, 4).Draw(rt, "chunks") {
			u.chunks = append(u.chunks, strings.Repeat("x", rapid.IntRange(1, 3000).Draw(rt, "bytes")))
		}
		body := strings.Join(u.chunks, "")
		u.header, u.pause = ms("header", 10), ms("pause", 5)
		u.hang = rapid.Bool().Draw(rt, "hang")
		if rapid.Bool().Draw(rt, "broken") {
			u.end = io.ErrUnexpectedEOF
		}
		whole := !u.hang && u.end == nil
		type plan struct{ come, patience, stay time.Duration }
		var plans []plan
		for range rapid.IntRange(1, 8).Draw(rt, "waiters") {
			plans = append(plans, plan{ms("come", 20), ms("patience", 20), ms("stay", 30)})
		}
		o := flight.Options{MaxBody: int64(rapid.SampledFrom([]int{1000, 100_000}).Draw(rt, "cap"))}
		var bad []error
		bubble(t, o, func(t *testing.T, g *flight.Group[string]) {
			ends := make(chan error, len(plans))
			for _, p := range plans {
				go func() {
					time.Sleep(p.come)
					ctx, leave := context.WithTimeoutCause(t.Context(), p.stay+time.Millisecond, errLeft)
					defer leave()
					r := do(ctx, g, p.patience, u.call()).get()
					ends <- judge(r, p.patience, p.stay+time.Millisecond, body, whole)
				}()
			}
			for range plans {
				if err := <-ends; err != nil {
					bad = append(bad, err)
				}
			}
			synctest.Wait()
			if calls, closed, _ := u.count(); calls != closed+u.cancelled {
				bad = append(bad, fmt.Errorf("%d calls, %d bodies closed, %d cancelled", calls, closed, u.cancelled))
			}
			for _, b := range u.stored {
				if b != body || !whole || u.share != flight.Everyone || int64(len(b)) > o.MaxBody {
					bad = append(bad, fmt.Errorf("stored %d bytes of %d", len(b), len(body)))
				}
			}
			if u.most > 1 {
				bad = append(bad, fmt.Errorf("%d calls under way at once", u.most))
			}
		})
		if len(bad) > 0 {
			rt.Fatal(errors.Join(bad...))
		}
	})
}

var errLeft = errors.New("left")

func judge(r got, patience, stay time.Duration, body string, whole bool) error {
	const grace = 100 * time.Millisecond // if somebody joins at the very instant
	switch err := errors.Join(r.err, r.read); {
	case r.took > stay || r.err != nil && patience > 0 && r.took > patience+grace:
		return fmt.Errorf("ended after %v with %w, patience %v, stay %v", r.took, err, patience, stay)
	case err == nil && (r.body != body || !whole):
		return errors.New("a part counts as whole")
	case err == nil, errors.Is(r.err, flight.ErrReleased):
		return nil
	case errors.Is(err, errLeft) && r.took >= stay, errors.Is(err, flight.ErrTruncated) && !whole:
		return nil
	case errors.Is(r.err, context.DeadlineExceeded) && r.took >= patience:
		return nil
	default:
		return err
	}
}
