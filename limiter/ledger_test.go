package limiter

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A ledger never counts too few, and at most those that left within a grain of its
// edge too many, against a list of all departures.
func TestLedgerAgainstList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		span := time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(rt, "span"))
		l := newLedger(span)
		var list []time.Duration
		now := time.Duration(1)
		for range rapid.IntRange(1, 200).Draw(rt, "steps") {
			now += time.Duration(rapid.Int64Range(0, int64(span/20)).Draw(rt, "pause"))
			switch rapid.IntRange(0, 5).Draw(rt, "action") {
			case 0:
				if n := len(list); n > 0 && list[n-1] >= now-span {
					l.remove(list[n-1])
					list = list[:n-1]
				}
			default:
				n := rapid.IntRange(1, 3).Draw(rt, "n")
				l.add(now, n)
				for range n {
					list = append(list, now)
				}
			}
			exact, loose := 0, 0
			for _, at := range list {
				if at >= now-span {
					exact++
				}
				if at >= now-span-l.grain {
					loose++
				}
			}
			if got := l.count(now); got < exact || got > loose {
				rt.Fatalf("%d departures within %v, want %d to %d", got, span, exact, loose)
			}
			if l.n > 2*grains {
				rt.Fatalf("%d slots", l.n)
			}
			if x := rapid.IntRange(1, 10).Draw(rt, "x"); l.total >= x {
				e := expiry{l: &l}
				at, ok := e.at(x)
				if !ok || at <= list[len(list)-l.total+x-1]+span {
					rt.Fatalf("%d of %d departures are said to have left by %v", x, l.total, at)
				}
			}
		}
	})
}

// The ledger forgets, so that time alone frees a window.
func TestLedgerExpires(t *testing.T) {
	l := newLedger(time.Second)
	for range 300 {
		l.add(1, 1)
	}
	if got := l.count(time.Second + 1); got != 300 {
		t.Errorf("%d after exactly a span, want all 300: nobody knows which side of the edge they are on", got)
	}
	if got := l.count(time.Second + 2); got != 0 || l.n != 0 {
		t.Errorf("%d after more than a span, in %d slots", got, l.n)
	}
}

// presume covers whatever a paced process may have sent.
func TestPresumeCoversPacing(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &window{limit: rapid.Int64Range(1, 2000).Draw(rt, "limit"), log: newLedger(time.Duration(rapid.Int64Range(1, 3600).Draw(rt, "span")) * time.Second)}
		burst := w.burst(rapid.IntRange(1, 20).Draw(rt, "burst"))
		p := pacer{}
		p.set(0, w.rate(burst), burst)
		span := w.log.span
		to := 3 * span
		var real []time.Duration
		for at := time.Duration(0); at <= to; at = max(at, p.earliest()) {
			real = append(real, at)
			p.depart(at, 0)
			if rapid.IntRange(0, 9).Draw(rt, "rest") == 0 {
				at += time.Duration(rapid.Int64Range(0, int64(span)).Draw(rt, "pause"))
			}
			if len(real) > 3000 {
				break
			}
		}
		for len(real) > 0 && real[len(real)-1] > to {
			real = real[:len(real)-1]
		}
		w.presume(0, to, burst)
		for _, back := range []time.Duration{span, span / 2, span / 10, 1} {
			sent := 0
			for _, at := range real {
				if at > to-back {
					sent++
				}
			}
			if got := w.log.since(to - back); got+1 < sent {
				rt.Fatalf("%d presumed in the last %v, %d could have left", got, back, sent)
			}
		}
		if w.log.total > int(w.limit) {
			rt.Fatalf("%d presumed with a limit of %d", w.log.total, w.limit)
		}
	})
}
