package rfc9111

// What has no exported door but rules of its own to keep.
var (
	ParseDate  = parseDate
	ParseDelta = parseDelta
)
