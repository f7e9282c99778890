// Package totals keeps what was asked of Cleeng, hour by hour, for each
// endpoint and caller: the material of a case for a higher limit.
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
	"sort"
	"strings"
	"sync"
	"time"
)

const (
	keepHours = 35 * 24
	// maxRows bounds the rows of one hour; a usual hour has a few dozen.
	maxRows = 512
	// maxAllRows bounds those of all hours, at about 10 MiB. It is a little more
	// than fits on disk.
	maxAllRows = 32 << 10
	maxName    = 128 // bytes of a name; what is longer is cut
	saveEvery  = time.Minute
	// Other takes the place of names beyond the bound.
	Other = "other"
)

// Sample is one finished request.
type Sample struct {
	Time      time.Time // of its end
	Upstream  string
	Endpoint  string // catalogue template
	Client    string
	Failed    bool // the app got a 4xx or 5xx
	Saved     bool // answered without a call upstream
	Attempts  int  // calls upstream
	Throttled int  // of them, how many were throttled
	Queue     time.Duration
	Duration  time.Duration
}

// Row are the totals of one endpoint and caller in one hour.
type Row struct {
	Upstream        string  `json:"upstream"`
	Endpoint        string  `json:"endpoint"`
	Client          string  `json:"client"`
	Requests        int64   `json:"requests"`
	Attempts        int64   `json:"attempts"`
	Throttled       int64   `json:"throttled,omitempty"`
	Failed          int64   `json:"failed,omitempty"`
	Saved           int64   `json:"saved,omitempty"`
	QueueSeconds    float64 `json:"queue_seconds,omitempty"`
	DurationSeconds float64 `json:"duration_seconds,omitempty"`
}

// Hour is one hour, in UTC. The peaks are of calls upstream, over all rows.
type Hour struct {
	Start      time.Time `json:"start"`
	PeakSecond int64     `json:"peak_second"`
	PeakMinute int64     `json:"peak_minute"`
	Rows       []Row     `json:"rows"`
}

type rowKey struct{ upstream, endpoint, client string }

type hour struct {
	peakSecond, peakMinute int64
	rows                   map[rowKey]*Row
}

// Totals is the set of counters. Make it with [New]; its methods are safe for
// concurrent use.
type Totals struct {
	dir string
	log *slog.Logger

	mu      sync.Mutex      // guards what follows
	hours   map[int64]*hour // by Unix hours
	rows    int             // of all hours
	second  tick
	minute  tick
	dirty   bool
	failing bool
}

// tick counts calls within one second or minute, and within the one before, as
// calls that end together are told in any order.
type tick struct {
	at     int64
	n      int64
	before int64
}

// New makes an empty set. dir is where [Totals.Save] writes; "" keeps the
// totals in memory only.
func New(dir string, log *slog.Logger) *Totals {
	return &Totals{dir: dir, log: log, hours: make(map[int64]*hour)}
}

// Add counts one finished request.
func (t *Totals) Add(s *Sample) {
	at := s.Time.Unix()
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hour(at / 3600)
	r := t.row(h, rowKey{s.Upstream, s.Endpoint, s.Client})
	r.Requests++
	r.Attempts += int64(s.Attempts)
	r.Throttled += int64(s.Throttled)
	if s.Failed {
		r.Failed++
	}
	if s.Saved {
		r.Saved++
	}
	r.QueueSeconds += s.Queue.Seconds()
	r.DurationSeconds += s.Duration.Seconds()
	h.peakSecond = max(h.peakSecond, t.second.add(at, s.Attempts))
	h.peakMinute = max(h.peakMinute, t.minute.add(at/60, s.Attempts))
	t.dirty = true
}

func (k *tick) add(at int64, n int) int64 {
	switch at - k.at {
	case 0:
	case -1:
		k.before += int64(n)
		return k.before
	case 1:
		k.at, k.n, k.before = at, 0, k.n
	default:
		k.at, k.n, k.before = at, 0, 0
	}
	k.n += int64(n)
	return k.n
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
	h := &hour{rows: make(map[rowKey]*Row)}
	t.hours[at] = h
	return h
}

func (t *Totals) drop(at int64) {
	t.rows -= len(t.hours[at].rows)
	delete(t.hours, at)
}

// row finds or begins a row. Where the hour is full it is one of [Other].
func (t *Totals) row(h *hour, key rowKey) *Row {
	if r := h.rows[key]; r != nil {
		return r
	}
	key = rowKey{cut(key.upstream), cut(key.endpoint), cut(key.client)}
	if len(h.rows) >= maxRows {
		key.client = Other
	}
	if len(h.rows) >= 2*maxRows && h.rows[key] == nil {
		key = rowKey{Other, Other, Other}
	}
	if r := h.rows[key]; r != nil {
		return r
	}
	r := &Row{Upstream: key.upstream, Endpoint: key.endpoint, Client: key.client}
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
	t.mu.Lock()
	defer t.mu.Unlock()
	list := []Hour{}
	for at, h := range t.hours {
		start := time.Unix(at*3600, 0).UTC()
		if start.Add(time.Hour).After(since) {
			list = append(list, h.copy(start))
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Start.Before(list[j].Start) })
	return list
}

func (h *hour) copy(start time.Time) Hour {
	c := Hour{Start: start, PeakSecond: h.peakSecond, PeakMinute: h.peakMinute, Rows: make([]Row, 0, len(h.rows))}
	for _, r := range h.rows {
		c.Rows = append(c.Rows, *r)
	}
	sort.Slice(c.Rows, func(i, j int) bool {
		a, b := &c.Rows[i], &c.Rows[j]
		if a.Requests != b.Requests {
			return a.Requests > b.Requests
		}
		return a.Upstream+"\x00"+a.Endpoint+"\x00"+a.Client < b.Upstream+"\x00"+b.Endpoint+"\x00"+b.Client
	})
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

var errVersion = errors.New("it was written by another version")
