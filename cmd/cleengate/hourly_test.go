package main

import (
	"log/slog"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/proxy"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func exchangeWith(statuses ...int) *journal.Exchange {
	x := &journal.Exchange{Client: "shop", Upstream: "core", Method: "GET", Endpoint: "/3.1/offers/{offerId}", Limit: "publisher", Source: journal.SourceUpstream, Status: 200, Digest: 7}
	x.Begin(noon)
	for _, status := range statuses {
		x.Attempt(journal.Attempt{Departed: noon, Status: status})
	}
	x.Duration = time.Second
	return x
}

func TestWhatAnExchangeCountsAs(t *testing.T) {
	type counts struct{ attempts, throttled, saved, joined, refused, surfaced, demand int64 }
	self := func(code string, wait time.Duration) *journal.Exchange {
		x := exchangeWith()
		x.Source, x.Status, x.Code = journal.SourceSelf, 503, code
		x.Waited(wait)
		return x
	}
	with := func(x *journal.Exchange, change func(*journal.Exchange)) *journal.Exchange { change(x); return x }
	for name, c := range map[string]struct {
		x    *journal.Exchange
		want counts
	}{
		"forwarded":                            {exchangeWith(200), counts{attempts: 1, demand: 1}},
		"never departed, refused by the guard": {self(proxy.CodeNotAllowed, 0), counts{}},
		"queue full":                           {self(proxy.CodeQueueFull, 0), counts{refused: 1, demand: 1}},
		"patience exceeded":                    {self(proxy.CodePatienceExceeded, time.Second), counts{refused: 1, demand: 1}},
		"paused":                               {self(proxy.CodePaused, 0), counts{refused: 1, demand: 1}},
		"throttled, then through":              {exchangeWith(429, 200), counts{attempts: 2, throttled: 1, demand: 1}},
		"retried after a fault":                {exchangeWith(502, 200), counts{attempts: 2, demand: 2}},
		"throttled to the end":                 {with(exchangeWith(429, 429), func(x *journal.Exchange) { x.Status, x.Diagnosis = 429, "burst" }), counts{attempts: 2, throttled: 2, surfaced: 1, demand: 1}},
		"asked for a human":                    {with(exchangeWith(429), func(x *journal.Exchange) { x.Status, x.Diagnosis = 429, "captcha_required" }), counts{attempts: 1, demand: 1}},
		"left while waiting":                   {with(exchangeWith(), func(x *journal.Exchange) { x.Status = 499; x.Waited(time.Second) }), counts{demand: 1}},
		"left at once":                         {with(exchangeWith(), func(x *journal.Exchange) { x.Status = 499 }), counts{}},
		"from the cache":                       {with(exchangeWith(), func(x *journal.Exchange) { x.Source = journal.SourceCache }), counts{saved: 1}},
		"revalidated":                          {with(exchangeWith(304), func(x *journal.Exchange) { x.Source = journal.SourceCache }), counts{attempts: 1, demand: 1}},
		"joined":                               {with(exchangeWith(200), func(x *journal.Exchange) { x.Source = journal.SourceFlight }), counts{saved: 1, joined: 1}},
	} {
		hourly := newHourly("", slog.New(slog.DiscardHandler))
		addHourly(hourly, c.x)
		hour := hourly.Snapshot(time.Time{})[0]
		r := hour.Rows[0]
		if got := (counts{r.Attempts, r.Throttled, r.Saved, r.Joined, r.Refused, r.Surfaced, hour.Limits[0].Demand}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestHabitsAreThoseOfTheCatalogue(t *testing.T) {
	for _, c := range []struct {
		upstream, method, endpoint string
		batch                      bool
		cacheable, bulk            int64
	}{
		{"core", "GET", "/3.1/offers/{offerId}", false, 29, 0}, // one id again and again is no list
		{"core", "GET", "/3.1/campaigns", false, 0, 0},
		{"rpc", "POST", "/3.0/json-rpc#getCustomer", false, 29, 30},
		{"rpc", "POST", "/3.0/json-rpc#getCustomer", true, 29, 0},
		{"rpc", "POST", "/3.0/json-rpc#other", false, 0, 30},
		{"own", "GET", "other", false, 0, 0},
	} {
		hourly := newHourly("", slog.New(slog.DiscardHandler))
		for range 30 {
			x := exchangeWith(200)
			x.Upstream, x.Method, x.Endpoint, x.Batch = c.upstream, c.method, c.endpoint, c.batch
			addHourly(hourly, x)
		}
		if r := hourly.Snapshot(time.Time{})[0].Rows[0]; r.Cacheable != c.cacheable || r.Bulk != c.bulk || r.Identical != 29 {
			t.Errorf("%+v: %+v", c, r)
		}
	}
}

func TestReadsOfManyCustomersAreNoFinding(t *testing.T) {
	hourly := newHourly("", slog.New(slog.DiscardHandler))
	for i := range 100 { // browsers of one kind
		x := exchangeWith(200)
		x.Upstream, x.Endpoint, x.Digest, x.Identity = "mediastore", "/offers/{offerId}", uint64(i+1), uint64(i%9)
		addHourly(hourly, x)
	}
	if r := hourly.Snapshot(time.Time{})[0].Rows[0]; r.Found != 0 {
		t.Errorf("%+v", r)
	}
}

func TestCountingAnExchangeDoesNotAllocate(t *testing.T) {
	hourly := newHourly("", slog.New(slog.DiscardHandler))
	x := exchangeWith(429, 200)
	addHourly(hourly, x)
	if n := testing.AllocsPerRun(1000, func() { addHourly(hourly, x) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMethodsAreAClosedSet(t *testing.T) {
	if plainMethod("GET") != "GET" || plainMethod("B|AD") != "OTHER" {
		t.Error("a made-up method got a row of its own")
	}
}

func TestOwnCallsAreNoRequests(t *testing.T) {
	hourly := newHourly("", slog.New(slog.DiscardHandler))
	addOwn(hourly, exchangeWith()) // it never left
	if len(hourly.Snapshot(time.Time{})) != 0 {
		t.Error("a call that never left is counted")
	}
	addOwn(hourly, exchangeWith(429, 200))
	hour := hourly.Snapshot(time.Time{})[0]
	if r, l := hour.Rows[0], hour.Limits[0]; r.Requests != 0 || r.Attempts != 2 || r.Throttled != 1 || r.Found != 0 || l.Demand != 1 || l.Sent != 2 {
		t.Errorf("%+v, %+v", r, l)
	}
}

func BenchmarkAddHourly(b *testing.B) {
	for name, x := range map[string]*journal.Exchange{"forwarded": exchangeWith(200), "hit": exchangeWith()} {
		if name == "hit" {
			x.Source = journal.SourceCache
		}
		b.Run(name, func(b *testing.B) {
			hourly := newHourly("", slog.New(slog.DiscardHandler))
			for b.Loop() {
				addHourly(hourly, x)
			}
		})
	}
}
