package config

import (
	"fmt"
	"strings"
	"time"
)

// ParseDuration reads a duration with units as Go writes it, such as 7500ms,
// 1m30s or 1h. A bare number is refused, except 0, and so is a sign.
func ParseDuration(text string) (time.Duration, error) {
	if digits, unit := splitNumber(text); digits == text && digits != "" {
		if strings.Trim(digits, "0") == "" {
			return 0, nil
		}
		return 0, &valueError{quote(text) + " has no unit", fmt.Sprintf("write %sms, %ss or %sm", digits, digits, digits)}
	} else if unit == "d" {
		return 0, &valueError{quote(text) + " is in days, which are not all equally long", "write hours, such as 24h"}
	}
	duration, err := time.ParseDuration(text)
	if err != nil || strings.ContainsAny(text, "+-") {
		return 0, &valueError{quote(text) + " is not a duration", "write a number with ms, s, m or h, such as 7500ms"}
	}
	return duration, nil
}

// formatDuration is the inverse of [ParseDuration], without the zero parts
// that [time.Duration.String] appends: 1h instead of 1h0m0s.
func formatDuration(duration time.Duration) string {
	if duration > 0 && duration < time.Minute && duration%time.Second != 0 && duration%time.Millisecond == 0 {
		return fmt.Sprintf("%dms", duration.Milliseconds())
	}
	text := duration.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
