package simulator

import "time"

// The kinds of [Fault]. Kinds that strike before handling leave no trace in the
// data unless Handled asks for it.
const (
	FaultResetBefore  = "reset_before" // the connection is reset before the body is read
	FaultResetDuring  = "reset_during" // reset when half of the body was read
	FaultResetAfter   = "reset_after"  // carried out, then reset: the answer is lost
	FaultHangBefore   = "hang_before"  // never answered, not carried out
	FaultHangAfter    = "hang_after"   // carried out, never answered
	FaultStatus       = "status"       // answered with Status, Code and Body
	FaultThrottle     = "throttle"     // a 429 as the quota would give
	FaultUnauthorized = "unauthorized" // a 401 as a bad credential would get
	FaultRedirect     = "redirect"     // Status (default 302) to Location
	FaultBody         = "body"         // carried out, then Body takes the answer's place
	FaultGarbage      = "garbage"      // carried out, then Bytes (default 512) of noise called JSON
	FaultHTML         = "html"         // carried out, then an HTML page
	FaultHuge         = "huge"         // carried out, then a body of Bytes (default 1 GiB)
	FaultCutBody      = "cut_body"     // right Content-Length, half of the body, then closed
	FaultLongLength   = "long_length"  // Content-Length 100 above the body, then closed
	FaultShortLength  = "short_length" // Content-Length below the body
	FaultTwoLengths   = "two_lengths"  // two Content-Length fields that differ
	FaultSlowBody     = "slow_body"    // body at BytesPerSecond (default 1024)
	FaultStallBody    = "stall_body"   // half of the body, then silence until the caller leaves
	FaultEarlyHints   = "early_hints"  // an interim 103 before the answer
	FaultTrailers     = "trailers"     // chunked, with trailer fields
	FaultDelay        = "delay"        // handling begins Delay later
	FaultDelayAfter   = "delay_after"  // the answer leaves Delay later
	FaultHeaders      = "headers"      // Headers are set on the answer
	FaultChunked      = "chunked"      // no Content-Length, flushed in small pieces
)

// Fault is one rule of misbehaviour. Rules are tried in order for each call;
// the first that decides the fate of the call wins, those that only bend the
// answer (delay, delay_after, headers, early_hints) add up.
type Fault struct {
	Match string `json:"match" doc:"METHOD /path or endpoint template, * stands for anything; empty: every call"`
	Kind  string `json:"kind" enum:"reset_before|reset_during|reset_after|hang_before|hang_after|status|throttle|unauthorized|redirect|body|garbage|html|huge|cut_body|long_length|short_length|two_lengths|slow_body|stall_body|early_hints|trailers|delay|delay_after|headers|chunked" doc:"what goes wrong"`
	// Rate is the share of matching calls; 0 means all of them.
	Rate float64 `json:"rate" min:"0" max:"1" doc:"share of matching calls; 0: all"`
	// Skip lets so many matching calls pass first.
	Skip int `json:"skip" min:"0" doc:"let the first so many matching calls pass"`
	// Count bounds how often the rule strikes; 0 means without bound.
	Count int `json:"count" min:"0" doc:"strike so often at most; 0: no bound"`
	// Handled carries the call out first, for kinds that would not.
	Handled        bool                `json:"handled" doc:"carry the call out before the fault strikes"`
	Status         int                 `json:"status" min:"0" max:"599" doc:"status of kinds status, redirect, body"`
	Code           string              `json:"code" doc:"error code in the body, such as AUTH0002"`
	Body           string              `json:"body" doc:"body, or for throttle one of the quota.body names"`
	Headers        map[string][]string `json:"headers" doc:"fields set on the answer"`
	Delay          time.Duration       `json:"delay" min:"0" doc:"for delay and delay_after"`
	Bytes          int64               `json:"bytes" min:"0" doc:"size for garbage and huge"`
	BytesPerSecond int64               `json:"bytes_per_second" min:"0" doc:"for slow_body"`
	Location       string              `json:"location" doc:"target of a redirect"`
}
