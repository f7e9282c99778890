package totals

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cleengate/cleengate/internal/pattern"
)

// Row are the totals of one endpoint and caller in one hour. The counts of habits
// are of calls that went upstream; see [pattern.Detector] for how exact they are.
type Row struct {
	Upstream        string  `json:"upstream"`
	Method          string  `json:"method,omitempty"`
	Endpoint        string  `json:"endpoint"`
	Client          string  `json:"client"`
	Requests        int64   `json:"requests"` // by apps
	Attempts        int64   `json:"attempts"`
	Throttled       int64   `json:"throttled,omitempty"`
	Failed          int64   `json:"failed,omitempty"`
	Saved           int64   `json:"saved,omitempty"`
	Joined          int64   `json:"joined,omitempty"` // those of Saved that got another call's answer
	Refused         int64   `json:"refused,omitempty"`
	Surfaced        int64   `json:"surfaced,omitempty"`
	QueueSeconds    float64 `json:"queue_seconds,omitempty"`
	DurationSeconds float64 `json:"duration_seconds,omitempty"`
	pattern.Counts
}

type rowKey struct{ upstream, method, endpoint, client string }

func (r *Row) key() rowKey { return rowKey{r.Upstream, r.Method, r.Endpoint, r.Client} }

func (k *rowKey) compare(o *rowKey) int {
	return cmp.Or(strings.Compare(k.upstream, o.upstream), strings.Compare(k.endpoint, o.endpoint),
		strings.Compare(k.method, o.method), strings.Compare(k.client, o.client))
}

// liveRow is a row that is being written.
type liveRow struct {
	Row
	traits Traits
	window pattern.Window
}

// Add adds the figures of o to r.
func (r *Row) Add(o *Row) {
	r.Requests += o.Requests
	r.Attempts += o.Attempts
	r.Throttled += o.Throttled
	r.Failed += o.Failed
	r.Saved += o.Saved
	r.Joined += o.Joined
	r.Refused += o.Refused
	r.Surfaced += o.Surfaced
	r.QueueSeconds += o.QueueSeconds
	r.DurationSeconds += o.DurationSeconds
	r.Counts.Add(&o.Counts)
}

func (r *Row) count(s *Sample) {
	r.Requests += one(!s.Own)
	r.Attempts += int64(s.sent)
	r.Throttled += int64(s.Throttled)
	r.Failed += one(s.Failed)
	r.Saved += one(s.Saved)
	r.Joined += one(s.Joined)
	r.Refused += one(s.Refused)
	r.Surfaced += one(s.Surfaced)
	r.QueueSeconds += s.Queue.Seconds()
	r.DurationSeconds += s.Duration.Seconds()
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// byRequests puts the busiest rows first.
func byRequests(rows []Row) {
	slices.SortFunc(rows, func(a, b Row) int {
		x, y := a.key(), b.key()
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), x.compare(&y))
	})
}
