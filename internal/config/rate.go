package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const auto = "auto"

// Rate is a number of events per window. The zero Rate means auto: no figure
// is configured, it is to be learned.
type Rate struct {
	// Count is the number of events in each Window.
	Count int
	// Window is a second, a minute or an hour.
	Window time.Duration
}

// rateWindows are the units of a rate.
var rateWindows = []struct {
	unit   string
	window time.Duration
}{{"s", time.Second}, {"m", time.Minute}, {"h", time.Hour}}

// maxRate keeps counts within what a float64 adds up exactly.
const maxRate = 1_000_000_000

// ParseRate reads auto, or a whole number per second, minute or hour: 50/s,
// 600/m, 10000/h. The window matters beyond the quotient: 600/m may come as
// 600 in one instant to whoever counts by the minute.
func ParseRate(text string) (Rate, error) {
	if text == auto {
		return Rate{}, nil
	}
	number, unit, _ := strings.Cut(text, "/")
	digits, _ := splitNumber(number)
	if digits == "" || digits != number {
		return Rate{}, &valueError{quote(text) + " is not a rate", "write auto, or a whole number per second, minute or hour, such as 50/s, 600/m or 10000/h"}
	}
	count, err := strconv.Atoi(digits)
	if err != nil || count > maxRate {
		return Rate{}, &valueError{quote(text) + " is too large", fmt.Sprintf("write at most %d/s", maxRate)}
	}
	if count == 0 {
		return Rate{}, &valueError{quote(text) + " would let nothing pass", "write at least 1 per window, such as 1/m"}
	}
	for _, known := range rateWindows {
		if known.unit == unit {
			return Rate{Count: count, Window: known.window}, nil
		}
	}
	if unit == "" {
		return Rate{}, &valueError{quote(text) + " has no unit", fmt.Sprintf("write %d/s, %d/m or %d/h", count, count, count)}
	}
	return Rate{}, &valueError{fmt.Sprintf("%s has the unknown unit %s", quote(text), quote("/"+unit)), fmt.Sprintf("write %d/s, %d/m or %d/h", count, count, count)}
}

// Auto reports whether no figure is configured.
func (r Rate) Auto() bool { return r.Count == 0 }

// PerSecond is the average number of events per second, 0 for auto.
func (r Rate) PerSecond() float64 {
	if r.Auto() {
		return 0
	}
	return float64(r.Count) / r.Window.Seconds()
}

// String is what [ParseRate] reads.
func (r Rate) String() string {
	if r.Auto() {
		return auto
	}
	for _, known := range rateWindows {
		if known.window == r.Window {
			return fmt.Sprintf("%d/%s", r.Count, known.unit)
		}
	}
	return fmt.Sprintf("%d/%s", r.Count, r.Window)
}

// Burst is how many events may happen at one instant. The zero Burst means
// auto.
type Burst int

// ParseBurst reads auto or a whole number from 1 to 1000000.
func ParseBurst(text string) (Burst, error) {
	if text == auto {
		return 0, nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 || count > 1_000_000 {
		return 0, &valueError{quote(text) + " is not a burst", "write auto, or a whole number from 1 to 1000000"}
	}
	return Burst(count), nil
}

// Auto reports whether no figure is configured.
func (b Burst) Auto() bool { return b == 0 }

// String is what [ParseBurst] reads.
func (b Burst) String() string {
	if b.Auto() {
		return auto
	}
	return strconv.Itoa(int(b))
}
