package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes, never negative. The zero Size is 0 bytes.
type Size int64

// Binary multiples of a byte.
const (
	Byte Size = 1
	KiB       = 1024 * Byte
	MiB       = 1024 * KiB
	GiB       = 1024 * MiB
	TiB       = 1024 * GiB
)

// sizeUnits is in the order in which String tries them; the decimal units are
// read only.
var sizeUnits = []struct {
	name  string
	bytes Size
	print bool
}{
	{"TiB", TiB, true},
	{"GiB", GiB, true},
	{"MiB", MiB, true},
	{"KiB", KiB, true},
	{"TB", 1e12, false},
	{"GB", 1e9, false},
	{"MB", 1e6, false},
	{"KB", 1e3, false},
	{"B", Byte, true},
}

// ParseSize reads a whole number with a unit: B, KiB, MiB, GiB, TiB, or the
// decimal KB, MB, GB, TB. A bare number is refused, except 0: the reader of a
// file cannot know whether 64 means bytes or kilobytes.
func ParseSize(text string) (Size, error) {
	digits, unit := splitNumber(text)
	if digits == "" {
		return 0, &valueError{quote(text) + " is not a size", "write a whole number with a unit, such as 10MiB"}
	}
	count, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, &valueError{quote(text) + " is too large", "write at most 1TiB"}
	}
	if unit == "" {
		if count == 0 {
			return 0, nil
		}
		return 0, &valueError{text + " has no unit", fmt.Sprintf("write %sMiB, %sKiB or %sB", digits, digits, digits)}
	}
	for _, known := range sizeUnits {
		if known.name != unit {
			continue
		}
		if count > math.MaxInt64/int64(known.bytes) {
			return 0, &valueError{quote(text) + " is too large", "write at most 1TiB"}
		}
		return Size(count) * known.bytes, nil
	}
	return 0, &valueError{fmt.Sprintf("%s has the unknown unit %s", quote(text), quote(unit)), "write B, KiB, MiB, GiB, KB, MB or GB"}
}

// String is the shortest exact form with a unit, which [ParseSize] reads back.
func (s Size) String() string {
	if s == 0 {
		return "0"
	}
	for _, unit := range sizeUnits {
		if unit.print && s%unit.bytes == 0 {
			return strconv.FormatInt(int64(s/unit.bytes), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(s), 10) + "B"
}

// splitNumber cuts text after its leading decimal digits. One space between
// number and unit is allowed.
func splitNumber(text string) (digits, unit string) {
	end := 0
	for end < len(text) && '0' <= text[end] && text[end] <= '9' {
		end++
	}
	return text[:end], strings.TrimPrefix(text[end:], " ")
}
