package quota

import (
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/pattern"
	"github.com/cleengate/cleengate/internal/totals"
)

// found builds the findings of one row among others that send 1,000 calls.
func found(cache Cache, r totals.Row) []Finding {
	in := &Input{
		Now: now, Cache: cache, LimitOf: map[string]string{"core": "publisher", "rpc": "publisher", "own": "publisher"},
		Hours: []totals.Hour{hourOf(now.Truncate(time.Hour), r, row("core", "GET", "/3.1/campaigns", "others", 1000-r.Attempts))},
	}
	return Build(in).Findings
}

func counts(c pattern.Counts) func(*totals.Row) { return func(r *totals.Row) { r.Counts = c } }

func TestFindings(t *testing.T) {
	const access = "/3.1/entitlements/customer_id/{customerId}/offer_id/{offerId}"
	on := Cache{On: true}
	for name, c := range map[string]struct {
		cache                     Cache
		row                       totals.Row
		kind                      string
		calls, saves              int64
		share                     float64
		evidence, advice, advice2 string
	}{
		"identical": {
			on, row("core", "GET", "/3.1/campaigns", "a", 100, counts(pattern.Counts{Identical: 90, Found: 90})),
			Identical, 90, 90, 0.09, "90 of 100 calls came within 10 s", "Ask once", "cache.rules",
		},
		"polling": {
			on, row("core", "GET", "/3.1/subscriptions/{subscriptionId}", "a", 100, counts(pattern.Counts{Polled: 50, PollSeconds: 2500, Found: 50})),
			Polling, 50, 0, 0.05, "steady interval, 50 s on average", "webhook", "less often",
		},
		"a list": {
			on, row("core", "GET", "/3.1/offers/{offerId}", "a", 200, counts(pattern.Counts{Bulk: 150, Runs: 5, Found: 150})),
			ListReads, 150, 145, 0.15, "5 runs of 10 or more", "GET /3.1/offers instead", "page",
		},
		"a list in JSON-RPC": {
			on, row("rpc", "POST", "/3.0/json-rpc#getPassOffer", "a", 200, counts(pattern.Counts{Bulk: 150, Runs: 1, Found: 150})),
			ListReads, 150, 149, 0.15, "1 run of 10 or more", "/3.0/json-rpc#listPassOffers instead", "page",
		},
		"a batch": {
			on, row("rpc", "POST", "/3.0/json-rpc#getCustomer", "a", 200, counts(pattern.Counts{Bulk: 100, Runs: 4, Found: 100})),
			Batchable, 100, 96, 0.1, "within a second", "batch", "not published",
		},
		"a cache that is off": {
			Cache{},
			row("core", "GET", "/3.1/offers/{offerId}", "a", 200, counts(pattern.Counts{Cacheable: 150, Found: 150})),
			Cacheable, 150, 150, 0.15, "within the 2 min", "cache.max_size", "Turn on",
		},
		"a cache that only observes": {
			Cache{On: true, Observes: true},
			row("core", "GET", "/3.1/offers/{offerId}", "a", 200, counts(pattern.Counts{Cacheable: 150, Found: 150})),
			Cacheable, 150, 150, 0.15, "within the 2 min", "mode shield", "observes",
		},
		"access checks": {
			on, row("core", "GET", access, "a", 200, counts(pattern.Counts{Cacheable: 150, Found: 150})),
			Cacheable, 150, 150, 0.15, "within the 10 s", "cache.entitlements", "engagement",
		},
		"access checks that are stored": {
			Cache{On: true, Entitlements: true},
			row("core", "GET", access, "a", 200, counts(pattern.Counts{Cacheable: 150, Found: 150})),
			Cacheable, 150, 150, 0.15, "within the 10 s", "something kept it out", "no-store",
		},
		"identical, and could be stored": {
			Cache{},
			row("core", "GET", "/3.1/offers", "a", 200, counts(pattern.Counts{Identical: 150, Found: 150})),
			Identical, 150, 150, 0.15, "same caller", "cache.max_size", "Turn on",
		},
	} {
		list := found(c.cache, c.row)
		if len(list) != 1 {
			t.Errorf("%s: %+v", name, list)
			continue
		}
		f := list[0]
		if f.Kind != c.kind || f.Calls != c.calls || f.Saves != c.saves || f.Share != c.share || f.Caller != "a" || f.Limit != "publisher" {
			t.Errorf("%s: %+v", name, f)
		}
		if !strings.Contains(f.Evidence, c.evidence) || !strings.Contains(f.Advice, c.advice) || !strings.Contains(f.Advice, c.advice2) {
			t.Errorf("%s: %s %s", name, f.Evidence, f.Advice)
		}
		if titles[f.Kind] == "" {
			t.Errorf("%s has no title", f.Kind)
		}
	}
}

func TestSmallHabitsAreNoFindings(t *testing.T) {
	if list := found(Cache{}, row("core", "GET", "/3.1/offers", "a", 100, counts(pattern.Counts{Identical: 9, Found: 9}))); len(list) != 0 {
		t.Errorf("%+v", list)
	}
	in := month()
	in.Hours[0].Rows = append(in.Hours[0].Rows, row("core", "GET", "/3.1/passes", "rare", 20, counts(pattern.Counts{Identical: 19, Found: 19})))
	for _, f := range Build(in).Findings {
		if f.Caller == "rare" {
			t.Errorf("19 of 156,000 calls: %+v", f)
		}
	}
}

func TestLargestFindingsFirstAndBounded(t *testing.T) {
	in := &Input{Now: now, LimitOf: map[string]string{"core": "publisher"}}
	var rows []totals.Row
	for i := range 80 {
		n := int64(100 + i)
		rows = append(rows, row("core", "GET", "/3.1/campaigns", strings.Repeat("x", i+1), n, counts(pattern.Counts{Identical: n, Found: n})))
	}
	in.Hours = []totals.Hour{hourOf(now.Truncate(time.Hour), rows...)}
	r := Build(in)
	if len(r.Findings) != maxFindings || r.MoreFindings != 30 || r.Findings[0].Calls != 179 || r.Findings[49].Calls != 130 {
		t.Errorf("%d findings and %d more, from %d on", len(r.Findings), r.MoreFindings, r.Findings[0].Calls)
	}
	if text := string(r.Markdown()); !strings.Contains(text, "60 smaller findings are not shown.") {
		t.Error("the Markdown does not say how many are left out")
	}
}
