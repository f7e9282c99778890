package limiter

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Against arithmetic: with everybody always waiting and equally urgent, after any
// number of turns each caller has had its share to within one round.
func TestRosterKeepsShares(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r roster
		shares := rapid.SliceOfN(rapid.IntRange(1, 9), 1, 20).Draw(rt, "shares")
		total, had := 0, make(map[string]int)
		turns := rapid.IntRange(1, 500).Draw(rt, "turns")
		for i, share := range shares {
			total += share
			for range turns + 1 {
				r.push(&waiter{call: callInLine{name: fmt.Sprint(i), own: true, share: share, urgency: 3}}, false)
			}
		}
		for range turns {
			w := r.choose().head()
			had[w.call.name]++
			r.remove(w)
		}
		for i, share := range shares {
			fair := float64(turns) * float64(share) / float64(total)
			if d := float64(had[fmt.Sprint(i)]) - fair; d > float64(share)+1 || d < -float64(share)-1 {
				rt.Fatalf("caller %d with share %d of %d had %d of %d turns, fair are %.1f", i, share, total, had[fmt.Sprint(i)], turns, fair)
			}
		}
	})
}

// Whatever comes and goes: nobody is lost, order within a caller and urgency is kept,
// a caller is at most overdraft turns ahead, a rehearsal ends with the same calls.
func TestRosterAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r roster
		waiting := make(map[*waiter]int) // sequence numbers
		seq := 0
		for range rapid.IntRange(1, 300).Draw(rt, "steps") {
			switch rapid.IntRange(0, 3).Draw(rt, "action") {
			case 0, 1:
				call := callInLine{
					name:    fmt.Sprint(rapid.IntRange(0, 90).Draw(rt, "name")),
					share:   rapid.IntRange(1, 3).Draw(rt, "share"),
					urgency: rapid.IntRange(0, 6).Draw(rt, "urgency"),
				}
				w := &waiter{call: call}
				seq++
				waiting[w] = seq
				r.push(w, false)
			case 2:
				for w := range waiting {
					r.remove(w)
					delete(waiting, w)
					break
				}
			default:
				if len(waiting) == 0 {
					continue
				}
				c := r.choose()
				w := c.head()
				if waiting[w] == 0 {
					rt.Fatal("chose a call that does not wait")
				}
				for other, n := range waiting {
					if other.caller == w.caller && (other.call.urgency < w.call.urgency || other.call.urgency == w.call.urgency && n < waiting[w]) {
						rt.Fatal("chose a call before an earlier or more urgent one of its caller")
					}
				}
				if c.deficit < -overdraft*c.share {
					rt.Fatalf("a caller is %d turns ahead", -c.deficit)
				}
				r.remove(w)
				delete(waiting, w)
			}
			if r.n != len(waiting) || r.unnamed > maxUnnamed {
				rt.Fatalf("%d waiters counted, %d wait; %d unnamed callers", r.n, len(waiting), r.unnamed)
			}
		}
		rehearsal, left := r.copy(), 0
		for len(rehearsal.active) > 0 {
			if w := rehearsal.skim(); waiting[w] == 0 {
				rt.Fatal("the rehearsal shows a call that does not wait")
			}
			left++
		}
		if left != len(waiting) {
			rt.Fatalf("the rehearsal shows %d of %d calls", left, len(waiting))
		}
		for w := range waiting {
			r.remove(w)
		}
		if r.callers != nil || r.active != nil {
			rt.Fatal("an empty roster remembers somebody")
		}
	})
}

// The heap of deadlines is in order and finds everybody.
func TestDeadlinesInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var d deadlines
		all := map[*waiter]bool{}
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			if rapid.Bool().Draw(rt, "push") {
				w := &waiter{deadline: time.Duration(rapid.IntRange(0, 50).Draw(rt, "at"))}
				d.push(w)
				all[w] = true
			} else {
				for w := range all {
					d.remove(w)
					delete(all, w)
					break
				}
			}
			for i, w := range d {
				if w.heapAt != i || d[0].deadline > w.deadline {
					rt.Fatalf("the waiter at %d is not in its place", i)
				}
			}
			if len(d) != len(all) {
				rt.Fatalf("%d of %d waiters", len(d), len(all))
			}
		}
	})
}
