package config

import (
	"math"
	"strconv"
	"strings"
)

// Percent is a share in hundredths, from 0 to 100: the Percent 20 is a fifth.
type Percent float64

// ParsePercent reads a number from 0 to 100 with a percent sign, such as 20%
// or 2.5%.
func ParsePercent(text string) (Percent, error) {
	number, signed := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(strings.TrimSuffix(number, " "), 64)
	if err != nil || math.IsNaN(value) || strings.ContainsAny(number, "+-xXpPeE_") {
		return 0, &valueError{quote(text) + " is not a percentage", "write a number from 0 to 100 with a percent sign, such as 20%"}
	}
	if !signed {
		return 0, &valueError{quote(text) + " has no percent sign", "write " + unsignedRemedy(number, value)}
	}
	if value > 100 {
		return 0, &valueError{quote(text) + " is more than the whole", "write at most 100%"}
	}
	return Percent(value), nil
}

// unsignedRemedy tells 20 (meant as 20%) from 0.2 (meant as a fraction).
func unsignedRemedy(number string, value float64) string {
	if value > 0 && value < 1 {
		return Percent(math.Round(value*1e4)/1e2).String() + " for a fraction of " + number
	}
	return number + "%"
}

// Fraction is the share as a number from 0 to 1.
func (p Percent) Fraction() float64 { return float64(p) / 100 }

// String is what [ParsePercent] reads.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }
