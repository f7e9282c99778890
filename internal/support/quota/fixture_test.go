package quota

import (
	"time"

	"github.com/cleengate/cleengate/internal/pattern"
	"github.com/cleengate/cleengate/internal/totals"
)

var now = time.Date(2026, 11, 24, 12, 30, 0, 0, time.UTC)

// row has so many requests, all sent.
func row(upstream, method, endpoint, client string, requests int64, change ...func(*totals.Row)) totals.Row {
	r := totals.Row{Upstream: upstream, Method: method, Endpoint: endpoint, Client: client, Requests: requests, Attempts: requests}
	for _, f := range change {
		f(&r)
	}
	return r
}

// hourOf is an hour whose one limit has the figures of its rows.
func hourOf(start time.Time, rows ...totals.Row) totals.Hour {
	h := totals.Hour{Start: start, Rows: rows}
	l := totals.LimitHour{Limit: "publisher"}
	for _, r := range rows {
		l.Sent += r.Attempts
		l.Demand += r.Attempts - r.Throttled + r.Refused
		l.Throttled += r.Throttled
		l.Refused += r.Refused
		l.Surfaced += r.Surfaced
	}
	l.SentPeak = totals.Peaks{Second: l.Sent / 100, SecondAt: 61, Minute: l.Sent / 10, MinuteAt: 60}
	l.DemandPeak = totals.Peaks{Second: l.Demand / 50, SecondAt: 62, Minute: l.Demand / 8, MinuteAt: 120}
	h.PeakSecond, h.PeakMinute = l.SentPeak.Second, l.SentPeak.Minute
	h.Limits = []totals.LimitHour{l}
	return h
}

// month is 16 days of traffic that grew by half in the last week, with every habit.
func month() *Input {
	in := &Input{
		Now: now, Mode: "shield", LimitOf: map[string]string{"core": "publisher", "rpc": "publisher", "mediastore": "mediastore"},
		Limits: []Limit{
			{Name: "publisher", Credential: "publisher", Rate: 9.9, Source: "header", Windows: []Window{{Policy: "x-ratelimit:", Limit: 600, SpanSeconds: 60, Sure: true}}},
			{Name: "mediastore", Rate: 20, Source: "learned"},
		},
		Cache: Cache{On: true},
	}
	for d := range 16 {
		size := int64(1000)
		if d >= 9 {
			size = 1500
		}
		at := now.Truncate(24*time.Hour).AddDate(0, 0, d-16).Add(10 * time.Hour)
		in.Hours = append(in.Hours, hourOf(at,
			row("core", "GET", "/3.1/offers/{offerId}", "shop", 4*size, func(r *totals.Row) {
				r.Requests += 2 * size
				r.Saved, r.Joined = 2*size, size/2
				r.Counts = pattern.Counts{Bulk: size, Runs: size / 50, Found: size}
			}),
			row("core", "GET", "/3.1/subscriptions", "nightly", 2*size, func(r *totals.Row) {
				r.Throttled, r.Refused, r.Surfaced, r.Failed = size/10, size/20, 3, size/20+3
				r.QueueSeconds = float64(size)
				r.Counts = pattern.Counts{Polled: size, PollSeconds: 30 * float64(size), Cacheable: size / 2, Identical: size / 4, Found: size}
			}),
			row("core", "GET", "/3.1/entitlements/customer_id/{customerId}/offer_id/{offerId}", "shop", size, func(r *totals.Row) {
				r.Counts = pattern.Counts{Cacheable: size / 2, Found: size / 2}
			}),
			row("rpc", "POST", "/3.0/json-rpc#getCustomer", "php", size, func(r *totals.Row) {
				r.Counts = pattern.Counts{Bulk: size, Runs: size / 25, Found: size}
			}),
		))
	}
	for i := range in.Hours {
		l := &in.Hours[i].Limits[0]
		l.Waited, l.WaitedOver, l.WaitSeconds, l.LongestWaitSeconds = 400, [3]int64{200, 100, 10}, 200, 7.25
	}
	return in
}
