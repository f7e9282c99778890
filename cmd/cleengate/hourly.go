package main

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/pattern"
	"github.com/cleengate/cleengate/internal/totals"
	"github.com/cleengate/cleengate/proxy"
)

// newHourly makes the hourly totals. dir is where they are kept, "" for memory only.
func newHourly(dir string, log *slog.Logger) *totals.Totals {
	t := totals.New(dir, log)
	t.Traits = traitsOf
	return t
}

// addHourly counts a finished exchange in the hourly totals.
func addHourly(hourly *totals.Totals, x *journal.Exchange) {
	s := totals.Sample{
		Time: x.Start.Add(x.Duration), Arrived: x.Start, Upstream: x.Upstream, Method: plainMethod(x.Method), Endpoint: x.Endpoint,
		Client: x.Client, Limit: x.Limit, Failed: x.Status >= 400, Queue: x.QueueWait(), Duration: x.Duration, Digest: x.Digest, Identity: x.Identity, Batch: x.Batch,
	}
	answered := x.Source == journal.SourceCache || x.Source == journal.SourceFlight
	if x.Source != journal.SourceFlight { // the leader's calls are counted with the leader
		countSent(&s, x)
	}
	if human := strings.HasPrefix(x.Diagnosis, "captcha_"); human {
		s.Throttled = 0 // a human check is no throttle
	} else {
		s.Surfaced = x.Status == http.StatusTooManyRequests
	}
	s.Saved = answered && s.Sent() == 0
	s.Joined = s.Saved && x.Source == journal.SourceFlight
	s.Refused = refusedByLimit(x)
	s.Demand = demand(x, &s)
	hourly.Add(&s)
}

// addOwn counts a call that cleengate made on nobody's behalf.
func addOwn(hourly *totals.Totals, x *journal.Exchange) {
	s := totals.Sample{
		Time: x.Start.Add(x.Duration), Arrived: x.Start, Upstream: x.Upstream, Method: plainMethod(x.Method), Endpoint: x.Endpoint,
		Client: x.Client, Limit: x.Limit, Own: true, Queue: x.QueueWait(), Duration: x.Duration,
	}
	if countSent(&s, x); s.Sent() == 0 {
		return
	}
	s.Demand = demand(x, &s)
	hourly.Add(&s)
}

// countSent counts the calls upstream, and those of them that were throttled.
func countSent(s *totals.Sample, x *journal.Exchange) {
	x.EachAttempt(func(a *journal.Attempt) {
		if a.Departed.IsZero() {
			return
		}
		s.Departed(a.Departed)
		if a.Status == http.StatusTooManyRequests {
			s.Throttled++
		}
	})
}

// demand is how many calls upstream a request would have taken without a limit. A
// throttled one is what the limit did; a request that was refused, or whose caller
// went away while it waited, would have taken one.
func demand(x *journal.Exchange, s *totals.Sample) int {
	switch needed := s.Sent() - s.Throttled; {
	case needed > 0:
		return needed
	case s.Sent() > 0, s.Refused, x.Status == journal.StatusClientGone && s.Queue > 0:
		return 1
	}
	return 0
}

func refusedByLimit(x *journal.Exchange) bool {
	if x.Source != journal.SourceSelf {
		return false
	}
	switch x.Code {
	case proxy.CodeQueueFull, proxy.CodePatienceExceeded, proxy.CodePaused:
		return true
	}
	return false
}

// traitsOf is what the catalogue knows of calls that may be repeated needlessly.
func traitsOf(upstream, method, endpoint string) (t totals.Traits) {
	e, _ := cleeng.Match(cleeng.Surface(upstream), method, endpoint)
	if e == nil {
		return t
	}
	t.Lifetime = e.Cache.TTL
	switch {
	case e.List() != nil:
		t.Bulk = pattern.List
	case e.Surface == cleeng.SurfaceRPC:
		t.Bulk = pattern.Batch
	}
	return t
}

// plainMethod folds what a client made up into one name.
func plainMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "OTHER"
}
