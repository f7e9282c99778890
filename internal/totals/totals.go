// Package totals keeps what was asked of Cleeng, hour by hour, for each
// endpoint, caller and limit: the material of a case for a higher limit. Which calls
// repeat, and how, is in it; see [pattern.Detector].
//
// Counters live in memory and are written to the state directory every minute.
// Everything is bounded: 35 days, a number of rows an hour (what is beyond goes
// to a row named "other"), and 4 MiB on disk, for which the oldest hours go.
package totals

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cleengate/cleengate/internal/pattern"
)

const (
	keepHours = 35 * 24
	// maxRows bounds the rows of one hour; a usual hour has a few dozen.
	maxRows = 512
	// maxAllRows bounds those of all hours, at about 15 MiB. It is a little more
	// than fits on disk.
	maxAllRows = 32 << 10
	maxName    = 128 // bytes of a name; what is longer is cut
	// rememberedCalls bounds the calls that are recognised when they come back, at
	// about 1.5 MiB: that many seen once and that many seen again.
	rememberedCalls = 8192
	saveEvery       = time.Minute
	// Other takes the place of names beyond the bound.
	Other = "other"
)

// Sample is one finished request.
type Sample struct {
	Time     time.Time // of its end
	Arrived  time.Time
	Upstream string
	Method   string // of a closed set
	Endpoint string // catalogue template
	Client   string
	Limit    string // that its upstream counts against, "" for none
	Own      bool   // cleengate's own, such as a login: a call, but no app's request
	Failed   bool   // the app got a 4xx or 5xx
	Saved    bool   // answered without a call upstream
	Joined   bool   // Saved, by the answer of another's identical call
	Refused  bool   // by us, since its turn would have come too late
	Surfaced bool   // the app saw a throttle
	// Throttled counts the calls upstream that were throttled there.
	Throttled int
	// Demand counts the calls upstream that it would have taken without a limit.
	Demand   int
	Queue    time.Duration
	Duration time.Duration
	// Digest tells the call from those of other callers, endpoints, identities and
	// arguments; 0 if it cannot be compared. It is never saved.
	Digest   uint64
	Identity uint64 // in whose name it was made; never saved
	Batch    bool   // it is a batch already

	sent     int                  // calls upstream
	departed [maxDepartures]int64 // the first of them, in Unix seconds
}

// maxDepartures is how many calls of one request are in the peaks.
const maxDepartures = 16

// Departed counts a call upstream that left at this time.
func (s *Sample) Departed(at time.Time) {
	if s.sent < maxDepartures {
		s.departed[s.sent] = at.Unix()
	}
	s.sent++
}

// Sent is how many calls upstream were counted.
func (s *Sample) Sent() int { return s.sent }

// Hour is one hour, in UTC. The peaks are of calls upstream, over all limits.
type Hour struct {
	Start      time.Time   `json:"start"`
	PeakSecond int64       `json:"peak_second"`
	PeakMinute int64       `json:"peak_minute"`
	Limits     []LimitHour `json:"limits,omitempty"`
	Rows       []Row       `json:"rows"`
}

type hour struct {
	peak   Peaks // over all limits
	rows   map[rowKey]*liveRow
	limits map[string]*LimitHour
}

// Traits is what is known beforehand of an endpoint's calls.
type Traits struct {
	Lifetime time.Duration // of its answers, 0 for none
	Bulk     pattern.Bulk  // what could replace many of them
}

// Totals is the set of counters. Make it with [New]; its methods are safe for
// concurrent use.
type Totals struct {
	// Traits tells them of an endpoint. Nil knows nothing. It must be set before
	// anything is counted or read, and always say the same.
	Traits func(upstream, method, endpoint string) Traits

	dir string
	log *slog.Logger

	base    time.Time       // instants are counted from here, by a clock that does not jump
	mu      sync.Mutex      // guards what follows
	hours   map[int64]*hour // by Unix hours
	rows    int             // of all hours
	all     meter
	meters  map[string]*meters // by limit
	habits  *pattern.Detector
	dirty   bool
	failing bool
}

// New makes an empty set. dir is where [Totals.Save] writes; "" keeps the
// totals in memory only.
func New(dir string, log *slog.Logger) *Totals {
	return &Totals{
		dir: dir, log: log, base: time.Now(), hours: make(map[int64]*hour),
		all: newMeter(), meters: make(map[string]*meters), habits: pattern.New(rememberedCalls),
	}
}

// Add counts one finished request. It does not keep s.
func (t *Totals) Add(s *Sample) {
	ended := s.Time.Unix() / 3600
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hour(ended)
	r := t.row(h, rowKey{s.Upstream, s.Method, s.Endpoint, s.Client})
	r.count(s)
	l := h.limit(s.Limit)
	l.count(s)
	t.peaks(s, ended, h, l)
	// Callers that share a row would look like one with many habits.
	if s.sent > 0 && !s.Saved && r.Client != Other {
		call := pattern.Call{At: s.Arrived.Sub(t.base), Digest: s.Digest, Lifetime: r.traits.Lifetime, Bulk: r.traits.Bulk, Identity: s.Identity}
		if s.Batch {
			call.Bulk = pattern.Single
		}
		t.habits.See(&call, &r.window, &r.Counts)
	}
	t.dirty = true
}

// hour finds or begins an hour. With a new one go those past their time, and
// those as far ahead of it: a clock that was wrong once must not keep out what
// comes after it was set right.
func (t *Totals) hour(at int64) *hour {
	if h := t.hours[at]; h != nil {
		return h
	}
	for old := range t.hours {
		if old <= at-keepHours || old >= at+keepHours {
			t.drop(old)
		}
	}
	h := &hour{rows: make(map[rowKey]*liveRow)}
	t.hours[at] = h
	return h
}

func (t *Totals) drop(at int64) {
	t.rows -= len(t.hours[at].rows)
	delete(t.hours, at)
}

// row finds or begins a row. Where the hour is full it is one of [Other].
func (t *Totals) row(h *hour, key rowKey) *liveRow {
	if r := h.rows[key]; r != nil {
		return r
	}
	key = rowKey{cut(key.upstream), cut(key.method), cut(key.endpoint), cut(key.client)}
	if len(h.rows) >= maxRows {
		key.client = Other
	}
	if len(h.rows) >= 2*maxRows && h.rows[key] == nil {
		key = rowKey{Other, Other, Other, Other}
	}
	if r := h.rows[key]; r != nil {
		return r
	}
	r := &liveRow{Row: Row{Upstream: key.upstream, Method: key.method, Endpoint: key.endpoint, Client: key.client}}
	if t.Traits != nil {
		r.traits = t.Traits(key.upstream, key.method, key.endpoint)
	}
	h.rows[key] = r
	t.rows++
	for t.rows > maxAllRows {
		t.dropOldest(h)
	}
	return r
}

// dropOldest leaves the hour that is written, which alone is within the bound.
func (t *Totals) dropOldest(except *hour) {
	oldest := int64(math.MaxInt64)
	for at, h := range t.hours {
		if h != except {
			oldest = min(oldest, at)
		}
	}
	t.drop(oldest)
}

// cut bounds a name and makes it one that comes back from the file unchanged. The
// copy lets go of the request that the name was part of.
func cut(name string) string {
	return strings.Clone(strings.ToValidUTF8(name[:min(len(name), maxName)], ""))
}

// Snapshot copies the hours from since on, oldest first, rows by requests.
func (t *Totals) Snapshot(since time.Time) []Hour {
	list := t.copyHours(since)
	slices.SortFunc(list, func(a, b Hour) int { return a.Start.Compare(b.Start) })
	for _, h := range list {
		byRequests(h.Rows)
	}
	return list
}

func (t *Totals) copyHours(since time.Time) []Hour {
	t.mu.Lock()
	defer t.mu.Unlock()
	list := []Hour{}
	for at, h := range t.hours {
		start := time.Unix(at*3600, 0).UTC()
		if start.Add(time.Hour).After(since) {
			list = append(list, h.copy(start))
		}
	}
	return list
}

func (h *hour) copy(start time.Time) Hour {
	c := Hour{Start: start, PeakSecond: h.peak.Second, PeakMinute: h.peak.Minute, Limits: h.copyLimits(), Rows: make([]Row, 0, len(h.rows))}
	for _, r := range h.rows {
		c.Rows = append(c.Rows, r.Row)
	}
	return c
}

// Run saves every minute until ctx ends, and once more then.
func (t *Totals) Run(ctx context.Context) error {
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return t.Save()
		case <-tick.C:
			t.report(t.Save())
		}
	}
}

// report says once that saving fails, and once that it works again.
func (t *Totals) report(err error) {
	t.mu.Lock()
	before := t.failing
	t.failing = err != nil
	t.mu.Unlock()
	switch {
	case err != nil && !before:
		t.log.Warn("The hourly totals cannot be saved; they go on in memory.", "error", err.Error())
	case err == nil && before:
		t.log.Info("The hourly totals can be saved again.")
	}
}

var (
	errVersion     = errors.New("it was written by another version")
	errImplausible = errors.New("it holds figures that cannot be")
)
