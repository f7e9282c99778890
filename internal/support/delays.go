package support

import (
	"strconv"
	"time"
)

// Codes of what a call waited for. They stand in reports only; a call that
// was refused for its wait carries the code of that refusal.
const (
	WaitedInLine  = "waited_in_line"
	WaitedRenewal = "waited_renewal"
	WaitedBackoff = "waited_backoff"
	Throttled     = "throttled"
	SlowUpstream  = "slow_upstream"
)

// worthTelling is the wait from which it is explained; below it nobody's
// trouble comes from it.
const worthTelling = 50 * time.Millisecond

// Waits say what the time of a call went to. The zero value is a call that
// was answered at once.
type Waits struct {
	Line     time.Duration // for places in line, pauses included
	Renewal  time.Duration // for a new token
	Backoff  time.Duration // between an attempt that failed and the next
	Upstream time.Duration // for Cleeng's answers, over all attempts
	Attempts int
	Throttle int       // attempts that Cleeng throttled
	Again    int       // attempts that followed a throttle
	Until    time.Time // end of the last pause that it asked for; zero for none
}

// Explain names each wait that mattered, in the order of the chain, with what
// shortens it.
func (w Waits) Explain() []Diagnosis {
	var out []Diagnosis
	add := func(code string, facts ...string) {
		d := Explain(code)
		d.Facts = facts
		out = append(out, d)
	}
	if w.Renewal >= worthTelling {
		add(WaitedRenewal, "It waited "+wait(w.Renewal)+" for a new token.")
	}
	if w.Line >= worthTelling {
		add(WaitedInLine, "It stood in line for "+wait(w.Line)+".")
	}
	if w.Again > 0 {
		facts := []string{"Cleeng throttled " + strconv.Itoa(w.Throttle) + " of " + plural(int64(w.Attempts), "attempt") + "."}
		if !w.Until.IsZero() {
			facts = append(facts, "The quota's calls were held back until "+stamp(w.Until)+".")
		}
		add(Throttled, facts...)
	}
	if w.Backoff >= worthTelling {
		add(WaitedBackoff, "It waited "+wait(w.Backoff)+" between attempts, of which there were "+strconv.Itoa(w.Attempts)+".")
	}
	if w.Upstream >= time.Second {
		add(SlowUpstream, "Cleeng took "+wait(w.Upstream)+" to answer "+plural(int64(w.Attempts), "attempt")+".")
	}
	return out
}

func wait(d time.Duration) string { return d.Round(time.Millisecond).String() }
