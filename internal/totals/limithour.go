package totals

import (
	"cmp"
	"slices"
	"time"
)

// maxLimits bounds the limits of one hour; a configuration has two or three.
const maxLimits = 16

// WaitBounds are the waits whose longer ones are counted.
var WaitBounds = [...]time.Duration{100 * time.Millisecond, time.Second, 5 * time.Second}

// LimitHour is what one limit saw in one hour.
type LimitHour struct {
	Limit string `json:"limit"`
	Sent  int64  `json:"sent"` // calls that went upstream
	// Demand counts the calls that would have gone upstream had there been no limit,
	// at their arrival: those refused are in it, those repeated after a throttle are
	// in it once.
	Demand    int64 `json:"demand"`
	Throttled int64 `json:"throttled,omitempty"` // calls that upstream throttled
	Refused   int64 `json:"refused,omitempty"`   // requests refused here because their turn would have come too late
	Surfaced  int64 `json:"surfaced,omitempty"`  // throttles that the app got to see
	Waited    int64 `json:"waited,omitempty"`    // requests that waited for their turn
	// WaitedOver counts those that waited longer than each of [WaitBounds].
	WaitedOver         [len(WaitBounds)]int64 `json:"waited_over"`
	WaitSeconds        float64                `json:"wait_seconds,omitempty"`
	LongestWaitSeconds float64                `json:"longest_wait_seconds,omitempty"`
	SentPeak           Peaks                  `json:"sent_peak"`
	DemandPeak         Peaks                  `json:"demand_peak"`
}

// Peaks are the busiest second and minute, and when in the hour each began, in
// seconds.
type Peaks struct {
	Second   int64 `json:"second,omitempty"`
	SecondAt int32 `json:"second_at,omitempty"`
	Minute   int64 `json:"minute,omitempty"`
	MinuteAt int32 `json:"minute_at,omitempty"`
}

func (p *Peaks) merge(o *Peaks) {
	if o.Second > p.Second {
		p.Second, p.SecondAt = o.Second, o.SecondAt
	}
	if o.Minute > p.Minute {
		p.Minute, p.MinuteAt = o.Minute, o.MinuteAt
	}
}

func (l *LimitHour) merge(o *LimitHour) {
	l.Sent += o.Sent
	l.Demand += o.Demand
	l.Throttled += o.Throttled
	l.Refused += o.Refused
	l.Surfaced += o.Surfaced
	l.Waited += o.Waited
	for i := range l.WaitedOver {
		l.WaitedOver[i] += o.WaitedOver[i]
	}
	l.WaitSeconds += o.WaitSeconds
	l.LongestWaitSeconds = max(l.LongestWaitSeconds, o.LongestWaitSeconds)
	l.SentPeak.merge(&o.SentPeak)
	l.DemandPeak.merge(&o.DemandPeak)
}

func (l *LimitHour) count(s *Sample) {
	l.Sent += int64(s.sent)
	l.Demand += int64(s.Demand)
	l.Throttled += int64(s.Throttled)
	l.Refused += one(s.Refused)
	l.Surfaced += one(s.Surfaced)
	if s.Queue <= 0 {
		return
	}
	l.Waited++
	for i, bound := range WaitBounds {
		l.WaitedOver[i] += one(s.Queue > bound)
	}
	l.WaitSeconds += s.Queue.Seconds()
	l.LongestWaitSeconds = max(l.LongestWaitSeconds, s.Queue.Seconds())
}

// limit finds or begins the figures of a limit. Where there are too many it is those
// of [Other].
func (h *hour) limit(name string) *LimitHour {
	if l := h.limits[name]; l != nil {
		return l
	}
	if name = cut(name); len(h.limits) >= maxLimits {
		name = Other
	}
	l := h.limits[name]
	if l == nil {
		if h.limits == nil {
			h.limits = make(map[string]*LimitHour)
		}
		l = &LimitHour{Limit: name}
		h.limits[name] = l
	}
	return l
}

func (h *hour) copyLimits() []LimitHour {
	list := make([]LimitHour, 0, len(h.limits))
	for _, l := range h.limits {
		list = append(list, *l)
	}
	slices.SortFunc(list, func(a, b LimitHour) int { return cmp.Compare(a.Limit, b.Limit) })
	return list
}
