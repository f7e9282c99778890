package limiter

import (
	"maps"
	"strconv"
	"time"
)

// totals counts what happened to a bucket since it was made.
type totals struct {
	departed  int64
	throttled int64
	surfaced  int64
	refused   map[Reason]int64
	observed  map[Action]int64
}

func (t *totals) refuse(r Reason) {
	if t.refused == nil {
		t.refused = make(map[Reason]int64)
	}
	t.refused[r]++
}

func (t *totals) observe(a Action) {
	if t.observed == nil {
		t.observed = make(map[Action]int64)
	}
	t.observed[a]++
}

// Snapshot is a bucket's state at one instant, in the form of the admin API.
type Snapshot struct {
	Name       string  `json:"name"`
	Credential string  `json:"credential"`
	Rate       float64 `json:"rate"` // calls a second
	Source     Source  `json:"source"`
	Burst      int     `json:"burst"`
	// Remaining is what the provider last said to remain of its tightest limit,
	// less what has left since; nil if it said nothing that still counts.
	Remaining *int64 `json:"remaining"`
	// ResetAt is when that limit resets; nil if not told.
	ResetAt     *time.Time     `json:"reset_at"`
	PausedUntil *time.Time     `json:"paused_until"`
	Depth       int            `json:"depth"` // calls that wait
	InFlight    int            `json:"in_flight"`
	Waiting     map[string]int `json:"waiting"` // by caller
	Departed    int64          `json:"departed"`
	Throttled   int64          `json:"throttled"` // throttle answers
	Surfaced    int64          `json:"surfaced"`  // of them, how many the callers saw
	// Refused counts calls that were told that their turn comes too late.
	Refused  map[Reason]int64 `json:"refused,omitempty"`
	Observed map[Action]int64 `json:"observed,omitempty"`
	Windows  []WindowSnapshot `json:"windows,omitempty"`
	// Foreign is set while another consumer of the same quota is seen.
	Foreign *ForeignSnapshot `json:"foreign,omitempty"`
	// PausedEndpoints are held back on their own, with the end of their pause.
	PausedEndpoints map[string]time.Time `json:"paused_endpoints,omitempty"`
}

// WindowSnapshot is one known limit.
type WindowSnapshot struct {
	Policy string `json:"policy"` // which fields, and which policy, told it
	Limit  int64  `json:"limit"`
	Span   Span   `json:"span_seconds"`
	Sent   int    `json:"sent"` // our departures of the last span
	Sure   bool   `json:"sure"` // whether the span is told or proven, not guessed
}

// Span is a duration that is written as seconds.
type Span time.Duration

// MarshalJSON writes seconds.
func (s Span) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, time.Duration(s).Seconds(), 'f', -1, 64), nil
}

// ForeignSnapshot is what is known of another consumer.
type ForeignSnapshot struct {
	Calls  int64     `json:"calls"` // that it used in one window
	SeenAt time.Time `json:"seen_at"`
}

// Snapshot reports the bucket's state.
func (b *Bucket) Snapshot() Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	s := Snapshot{
		Name: b.cfg.Name, Credential: b.credential, Rate: b.pace.rate, Source: b.source, Burst: b.pace.burst,
		Depth: b.line.n, InFlight: b.flight.n, Waiting: b.line.waiting(),
		Departed: b.totals.departed, Throttled: b.totals.throttled, Surfaced: b.totals.surfaced,
		Refused: maps.Clone(b.totals.refused), Observed: maps.Clone(b.totals.observed),
	}
	if b.pause.on && b.pause.until > now {
		s.PausedUntil = b.wall(b.pause.until)
	}
	for name, k := range b.pause.parked {
		if !k.trial && k.until > now {
			if s.PausedEndpoints == nil {
				s.PausedEndpoints = make(map[string]time.Time)
			}
			s.PausedEndpoints[name] = *b.wall(k.until)
		}
	}
	b.snapshotWindows(&s, now)
	if f := b.foreign; f.seen > 0 && now-f.seen <= time.Minute {
		s.Foreign = &ForeignSnapshot{Calls: f.calls, SeenAt: *b.wall(f.seen)}
	}
	return s
}

func (b *Bucket) snapshotWindows(s *Snapshot, now time.Duration) {
	tightest := 2.0
	for _, w := range b.windows {
		s.Windows = append(s.Windows, WindowSnapshot{
			Policy: w.key.family + ":" + w.key.policy, Limit: w.limit, Span: Span(w.log.span),
			Sent: w.log.count(now), Sure: w.sure || w.told,
		})
		if l := w.level; l.known && now < l.expires {
			remaining := max(0, l.remaining-(b.departed-l.ordinal))
			if share := float64(remaining) / float64(w.limit); share < tightest {
				tightest = share
				s.Remaining, s.ResetAt = &remaining, nil
				if l.resets > now {
					s.ResetAt = b.wall(l.resets)
				}
			}
		}
	}
}

// wall is an instant as the time on the wall.
func (b *Bucket) wall(at time.Duration) *time.Time {
	return new(b.base.Add(at).Round(0))
}

// Surfaced counts a throttle that a caller got to see.
func (b *Bucket) Surfaced() {
	b.mu.Lock()
	b.totals.surfaced++
	b.mu.Unlock()
}
