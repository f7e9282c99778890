package quota

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/pattern"
	"github.com/cleengate/cleengate/internal/totals"
)

// Kinds of findings.
const (
	Identical = "identical"
	Polling   = "polling"
	ListReads = "list"
	Batchable = "batch"
	Cacheable = "cacheable"
)

// What is smaller is no finding.
const (
	leastCalls = 10
	leastShare = 0.001
)

// findings turns the habits of each endpoint and caller into findings, the largest
// first. A call may be in several; [Report.FoundCalls] counts each once.
func findings(in *Input, rows []*totals.Row, limits []LimitReport) (list []Finding, more int) {
	sent := make(map[string]int64, len(limits))
	for i := range limits {
		sent[limits[i].Name] = limits[i].Sent
	}
	list = []Finding{}
	for _, row := range rows {
		limit := plain(in.LimitOf[row.Upstream])
		whole := max(sent[limit], row.Attempts)
		for _, f := range habits(row, in.Cache) {
			f.Share = share(f.Calls, whole)
			if f.Calls < leastCalls || f.Share < leastShare {
				continue
			}
			f.Limit, f.Upstream, f.Endpoint, f.Caller = limit, plain(row.Upstream), endpointName(row.Method, row.Endpoint), plain(row.Client)
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Upstream, b.Upstream), cmp.Compare(a.Endpoint, b.Endpoint), cmp.Compare(a.Caller, b.Caller))
	})
	if len(list) > maxFindings {
		more = len(list) - maxFindings
		list = list[:maxFindings]
	}
	return list, more
}

// habits are the findings of one endpoint and caller.
func habits(row *totals.Row, cache Cache) []Finding {
	e, _ := cleeng.Match(cleeng.Surface(row.Upstream), row.Method, row.Endpoint)
	all := fmt.Sprintf("of %s calls", number(row.Attempts))
	var list []Finding
	add := func(kind string, calls, saves int64, advice, evidence string, args ...any) {
		if calls > 0 {
			list = append(list, Finding{Kind: kind, Calls: calls, Saves: saves, Advice: advice, Evidence: fmt.Sprintf(evidence, args...)})
		}
	}
	add(Identical, row.Identical, row.Identical, identicalAdvice(e, cache),
		"%s %s came within %s of the same call by the same caller.", number(row.Identical), all, span(pattern.IdenticalWithin))
	if e != nil && e.Cache.Cacheable() {
		add(Cacheable, row.Cacheable, row.Cacheable, cacheAdvice(e, cache),
			"%s %s asked again within the %s for which an answer of this endpoint can be reused.", number(row.Cacheable), all, span(e.Cache.TTL))
	}
	if row.Polled > 0 {
		add(Polling, row.Polled, 0, pollingAdvice,
			"%s %s came back at a steady interval, %s on average.", number(row.Polled), all, span(time.Duration(row.PollSeconds/float64(row.Polled)*float64(time.Second))))
	}
	switch {
	case row.Bulk == 0:
	case e != nil && e.List() != nil:
		add(ListReads, row.Bulk, row.Bulk-row.Runs, "Read "+endpointName(e.List().Method, e.List().Template)+" instead, page by page, and pick from it.",
			"%s %s read single items, in %s of 10 or more different ones within 10 s.", number(row.Bulk), all, runs(row.Runs))
	default:
		add(Batchable, row.Bulk, row.Bulk-row.Runs, batchAdvice,
			"%s %s were sent one by one, in %s of 5 or more within a second.", number(row.Bulk), all, runs(row.Runs))
	}
	return list
}

func runs(n int64) string { return number(n) + " " + plural(int(n), "run", "runs") }

const (
	pollingAdvice = "Ask less often, or not at all: Cleeng can announce changes of offers, customers and subscriptions by webhook."
	batchAdvice   = "Put them into one JSON-RPC batch, of up to 25 calls as Cleeng's own clients do. Whether a batch counts as one call is not published: ask Cleeng support before relying on it."
)

func identicalAdvice(e *cleeng.Endpoint, cache Cache) string {
	if e != nil && e.Cache.Cacheable() {
		return cacheAdvice(e, cache)
	}
	return "Ask once and pass the answer on within the app. Where the answer may be a little old, a lifetime for this endpoint under cache.rules lets cleengate answer it."
}

func cacheAdvice(e *cleeng.Endpoint, cache Cache) string {
	switch {
	case !cache.On:
		return "Turn on cleengate's cache (cache.max_size), or keep the answer in the app for as long."
	case cache.Observes:
		return "In mode shield cleengate's cache answers such calls; now it only observes (mode)."
	case e.Cache.OptIn && !cache.Entitlements:
		return "Set cache.entitlements if answers that are seconds old are good enough. It is off by default because Cleeng derives engagement figures from access checks, and those answered from a cache are not among them."
	}
	return "The cache is on, so something kept it out: Cache-Control: no-cache or no-store in the calls, a token or language that differs each time, or writes in between. Cache-Status of such a call says which."
}

// endpointName is an endpoint with its method. JSON-RPC has one of its own behind the #,
// and goes by POST, always.
func endpointName(method, template string) string {
	if method == "" || method == http.MethodPost && strings.Contains(template, "#") {
		return plain(template)
	}
	return plain(method + " " + template)
}
