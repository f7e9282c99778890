// Package quota makes the case for a higher limit: what was asked of Cleeng, how it
// grew, how long calls waited, what was saved already, what could be saved yet, and
// what to ask for.
//
// Cleeng's guide to 429 asks for "details on your use case and estimated request
// volume", and first for batching, caching and spreading calls (Cleeng
// documentation, "How to understand and resolve common API errors"). [Build] turns
// hourly totals into a [Report] that answers each of these; the report is written
// as Markdown or as JSON, both from the same figures. Names come from callers, so
// the report holds them only in printable form, and the Markdown only quoted.
package quota

import "time"

// Report is the whole of it. Times are UTC.
type Report struct {
	GeneratedAt time.Time     `json:"generated_at"`
	Mode        string        `json:"mode"` // shield or observe
	Coverage    Coverage      `json:"coverage"`
	Totals      Volume        `json:"totals"`
	Limits      []LimitReport `json:"limits"`
	Growth      Growth        `json:"growth"`
	Days        []Day         `json:"days"`
	Hours       []Hour        `json:"hours"`
	Endpoints   Ranking       `json:"endpoints"`
	Callers     Ranking       `json:"callers"`
	Findings    []Finding     `json:"findings"`
	// MoreFindings is how many smaller ones were left out.
	MoreFindings int `json:"more_findings"`
	// FoundCalls counts the calls that are in any finding, each once, and FoundShare
	// is their share of all calls sent.
	FoundCalls int64   `json:"found_calls"`
	FoundShare float64 `json:"found_share"`
}

// Coverage is what the figures are of.
type Coverage struct {
	From  time.Time `json:"from"` // zero if nothing was counted yet
	To    time.Time `json:"to"`
	Hours int       `json:"hours"` // with traffic
	// CompleteDays are the days of UTC that lie whole between From and To.
	CompleteDays int    `json:"complete_days"`
	KeptDays     int    `json:"kept_days"`
	Note         string `json:"note"`
}

// Volume is a number of calls, and what became of them.
type Volume struct {
	Requests  int64   `json:"requests"` // by apps
	Sent      int64   `json:"sent"`     // calls that went upstream: what counts against the limit
	Saved     int64   `json:"saved"`    // requests answered without a call
	Joined    int64   `json:"joined"`   // those of Saved that got the answer of another's identical call
	SavedPart float64 `json:"saved_share"`
	Failed    int64   `json:"failed"`    // requests that ended with a 4xx or 5xx
	Throttled int64   `json:"throttled"` // calls that upstream refused with a throttle
	Refused   int64   `json:"refused"`   // requests refused here since their turn would have come too late
	Surfaced  int64   `json:"surfaced"`  // throttles that apps got to see
}

// LimitReport is one limit: what is known of it, how it was used, what to ask for.
type LimitReport struct {
	Name      string   `json:"name"`
	Upstreams []string `json:"upstreams"`
	Known     []Limit  `json:"known"`
	// PerMinute is what is allowed as far as is known, over all credentials; 0 if it is
	// not known.
	PerMinute    float64 `json:"per_minute"`
	Sent         int64   `json:"sent"`
	Demand       int64   `json:"demand"` // calls that would have gone upstream had there been no limit
	Throttled    int64   `json:"throttled"`
	Refused      int64   `json:"refused"`
	Surfaced     int64   `json:"surfaced"`
	Waits        Waits   `json:"waits"`
	SentPeak     Peaks   `json:"sent_peak"`
	DemandPeak   Peaks   `json:"demand_peak"`
	AverageShare float64 `json:"average_share"` // of PerMinute
	PeakShare    float64 `json:"peak_share"`    // of PerMinute, in the busiest minute
	FoundCalls   int64   `json:"found_calls"`   // calls in any finding, each once
	FoundShare   float64 `json:"found_share"`   // of Sent
	Ask          Ask     `json:"ask"`

	lastWeek int64 // demand of the last seven complete days
}

// Waits are how long requests waited for their turn because of a limit.
type Waits struct {
	Requests       int64   `json:"requests"`
	Over100ms      int64   `json:"over_100ms"`
	Over1s         int64   `json:"over_1s"`
	Over5s         int64   `json:"over_5s"`
	MeanSeconds    float64 `json:"mean_seconds"`
	LongestSeconds float64 `json:"longest_seconds"`
}

// Peaks are the busiest second and minute.
type Peaks struct {
	Second   int64     `json:"second"`
	SecondAt time.Time `json:"second_at"`
	Minute   int64     `json:"minute"`
	MinuteAt time.Time `json:"minute_at"`
}

// Limit is what is known of one bucket of a limit, and from where.
type Limit struct {
	Name       string   `json:"name"`
	Credential string   `json:"credential"`
	Rate       float64  `json:"rate"`   // calls a second that are let through
	Source     string   `json:"source"` // configured, header or learned
	Windows    []Window `json:"windows,omitempty"`
	// Delayed and Refused are, in mode observe, calls since the start that would have
	// been delayed or refused.
	Delayed int64 `json:"would_delay,omitempty"`
	Refused int64 `json:"would_refuse,omitempty"`
}

// Window is a limit that the upstream told.
type Window struct {
	Policy      string  `json:"policy"`
	Limit       int64   `json:"limit"`
	SpanSeconds float64 `json:"span_seconds"`
	Sure        bool    `json:"sure"`
}

// Growth compares the newest complete days with those before.
type Growth struct {
	Basis  string  `json:"basis"` // week, day, or none where the data is too short
	Before float64 `json:"before_per_day"`
	After  float64 `json:"after_per_day"`
	Ratio  float64 `json:"ratio"` // After/Before; 0 if it cannot be told
	Note   string  `json:"note"`
}

// Day is one day of UTC.
type Day struct {
	Date string `json:"date"`
	Volume
	Demand     int64 `json:"demand"`
	PeakSecond int64 `json:"peak_second"` // of calls sent, over all limits
	PeakMinute int64 `json:"peak_minute"`
	Partial    bool  `json:"partial"` // not all of it is in the data
}

// Hour is one hour with traffic.
type Hour struct {
	Start      time.Time `json:"start"`
	Requests   int64     `json:"requests"`
	Sent       int64     `json:"sent"`
	Demand     int64     `json:"demand"`
	Saved      int64     `json:"saved"`
	PeakSecond int64     `json:"peak_second"`
	PeakMinute int64     `json:"peak_minute"`
}

// Ranking are the busiest endpoints or callers. What is beyond them is in the sum
// More.
type Ranking struct {
	Top       []Line `json:"top"`
	More      int    `json:"more"`
	MoreCalls int64  `json:"more_calls"`
}

// Line is one endpoint or caller.
type Line struct {
	Name     string `json:"name"`
	Upstream string `json:"upstream,omitempty"`
	Volume
	Share       float64 `json:"share"` // of all calls sent
	WaitSeconds float64 `json:"wait_seconds"`
}

// Ask is the recommended request to Cleeng support.
type Ask struct {
	Needed    bool     `json:"needed"`
	Reason    string   `json:"reason"`
	PerMinute int64    `json:"per_minute"` // 0 without traffic
	PerSecond int64    `json:"per_second"` // the same, as a steady rate
	Burst     int64    `json:"burst"`      // calls of the busiest second
	PerDay    int64    `json:"per_day"`    // estimated volume
	PerMonth  int64    `json:"per_month"`
	Steps     []string `json:"steps"` // the arithmetic
	// AfterFindings is PerMinute less the share of calls in findings.
	AfterFindings int64 `json:"per_minute_after_findings"`
}

// Finding is one habit of one caller at one endpoint.
type Finding struct {
	Kind     string  `json:"kind"` // identical, polling, list, batch or cacheable
	Limit    string  `json:"limit"`
	Upstream string  `json:"upstream"`
	Endpoint string  `json:"endpoint"` // with its method
	Caller   string  `json:"caller"`
	Calls    int64   `json:"calls"`
	Share    float64 `json:"share"`           // of the calls sent under this limit
	Saves    int64   `json:"saves,omitempty"` // calls that need not have been sent; 0 where it depends
	Evidence string  `json:"evidence"`
	Advice   string  `json:"advice"`
}
