package limiter

import "time"

// A process that is killed cannot say what it sent last, so the state file holds
// what had left when it was written, and the next process presumes that since then
// as much left as pacing admits. Then no window holds more than its limit, whenever
// the processes took turns.

// sentState is a number of departures at about the same time.
type sentState struct {
	AgoSeconds float64 `json:"ago_seconds"`
	Count      int     `json:"count"`
}

// maxSent bounds the departures that are told apart in the state file.
const maxSent = 32

// exportSent writes down a ledger, with neighbours put together as if all had left
// with the last of them.
func exportSent(l *ledger, now time.Duration) []sentState {
	l.drop(now)
	var list []sentState
	each := (l.n + maxSent - 1) / maxSent
	for i := 0; i < l.n; i += each {
		var s sentState
		for j := i; j < min(i+each, l.n); j++ {
			s.Count += l.at(j).count
			s.AgoSeconds = (now - l.at(j).last).Seconds()
		}
		list = append(list, s)
	}
	return list
}

// recall enters what was written down at the given instant.
func (w *window) recall(list []sentState, written time.Duration) {
	for i := range min(len(list), maxSent) {
		s := &list[i]
		if s.Count <= 0 || s.Count > maxCount || s.AgoSeconds < 0 || s.AgoSeconds > w.log.span.Seconds() {
			continue
		}
		if at := written - time.Duration(s.AgoSeconds*float64(time.Second)); w.log.n == 0 || at >= w.log.at(w.log.n-1).last {
			w.log.add(at, s.Count)
		}
	}
}

// presume enters what pacing admits in a time of which nothing is known, as late as
// pacing admits it, and says how many that may be.
func (w *window) presume(from, to time.Duration, burst int) int {
	from = max(from, to-w.log.span)
	interval := float64(time.Second) / w.rate(burst)
	n := int(float64(to-from) / interval)
	// Steps of a ledger's grain are as good as single departures.
	step := max(1, n/grains)
	for left := n; left > 0; left -= step {
		w.log.add(max(to-time.Duration(float64(left-step+1)*interval), from), min(step, left))
	}
	w.log.add(to, burst)
	return n + burst
}
