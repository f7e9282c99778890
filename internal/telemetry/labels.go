package telemetry

import (
	"net/http"
	"strconv"
)

// Labels come from closed sets only: what an app or an upstream sends never
// makes a new series.

const (
	labelOther = "other"
	labelNone  = "none" // no upstream: refused before routing; or nothing to say
)

// closed is the set of values of one label.
type closed []string

// fold returns value where it is in the set, else "other".
func (c closed) fold(value string) string { return c.name(c.ordinal(value)) }

// ordinal is the place of value in the set, that of "other" behind all. A key of
// ordinals is found faster than one of names.
func (c closed) ordinal(value string) uint8 {
	for i, v := range c {
		if v == value {
			return uint8(i)
		}
	}
	return uint8(len(c)) //nolint:gosec // sets are small
}

// name is the value at a place.
func (c closed) name(ordinal uint8) string {
	if int(ordinal) < len(c) {
		return c[ordinal]
	}
	return labelOther
}

// The sets of the contract.
var (
	methods       = closed{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions}
	sources       = closed{"upstream", "cache", "flight", "self"}
	attemptWhys   = closed{"first", "retry", "throttled", "renewed", "revalidation", "login"}
	guardReasons  = closed{"bad_request", "host_refused", "origin_refused", "client_unauthenticated", "not_allowed", "body_too_large"}
	retryReasons  = closed{"connect", "broken", "timeout", "500", "502", "503", "504"}
	observeds     = closed{"delay", "refuse", "retry", "replay", "renew", "hit", "join"}
	queueReasons  = closed{"queue_full", "patience_exceeded", "paused", "draining"}
	rateSources   = closed{"configured", "header", "learned"}
	lookupResults = closed{"hit", "stale", "revalidated", "miss", "bypass"}
	renewals      = closed{"renewed", "adopted", "permanent", "transient", "throttled", "unreachable", "malformed", "storage"}
	shieldKinds   = closed{Kind401, Kind429, Kind5xx}
)

// diagnoses are the causes of a surfaced answer that is the upstream's, by its
// kind.
var diagnoses = map[string]closed{
	Kind401: {
		"bad_password", "credential_missing", "wrong_scheme", "credential_malformed", "credential_expired",
		"insufficient_permission", "ip_not_allowed", "credential_invalid", "unknown",
	},
	Kind429: {"captcha_required", "captcha_failed", "foreign_consumer", "limit_exceeded", "burst", "unknown"},
	Kind5xx: {labelNone},
}

// refusals are the codes of answers of our own that can end a call in place of
// the upstream's.
var refusals = closed{
	labelNone, "internal", "upstream_unreachable", "upstream_protocol", "credential_rejected", "queue_full", "patience_exceeded",
	"paused", "draining", "renewal_failed", "buffers_full", "upstream_timeout", "only_if_cached_miss",
}

func foldDiagnosis(kind, diagnosis string) string {
	if diagnosis == "" {
		return labelNone
	}
	if v := diagnoses[kind].fold(diagnosis); v != labelOther {
		return v
	}
	return refusals.fold(diagnosis)
}

// statusGone is recorded for a caller that left before its answer.
const statusGone = 499

// foldStatus maps codes that nobody registered to the first of their class
// (RFC 9110 section 15), and what is no status to 0, which also stands for no
// answer.
func foldStatus(status int) uint16 {
	switch {
	case status < 100 || status > 599:
		return 0
	case status == statusGone || http.StatusText(status) != "":
		return uint16(status)
	}
	return classOf(uint16(status))
}

// classOf is the first status of a status's class.
func classOf(status uint16) uint16 { return status / 100 * 100 }

func codeLabel(status uint16) string { return strconv.Itoa(int(status)) }

func or(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}
