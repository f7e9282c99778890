package quota

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cleengate/cleengate/internal/redact"
)

const maxName = 128 // runes

// plain makes a name from outside safe to print anywhere: no line breaks, no
// terminal escapes, no invisible or direction-changing characters, and not long.
func plain(name string) string {
	if name == "" {
		return "(none)"
	}
	var b strings.Builder
	n := 0
	for _, r := range redact.Printable(name) {
		if n++; n > maxName {
			b.WriteString("…")
			break
		}
		if !unicode.IsPrint(r) {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

// code quotes a printable name as a code span (CommonMark section 6.1), in which
// neither HTML nor Markdown means anything. A bar would end a cell of a table even
// there, and how to escape it differs between readers, so it becomes a broken one.
func code(name string) string {
	name = strings.ReplaceAll(name, "|", "¦")
	longest, run := 0, 0
	for _, r := range name {
		if run++; r != '`' {
			run = 0
		}
		longest = max(longest, run)
	}
	if longest == 0 {
		return "`" + name + "`"
	}
	fence := strings.Repeat("`", longest+1)
	return fence + " " + name + " " + fence
}

// number writes 1234567 as 1,234,567.
func number(v int64) string {
	digits := strconv.FormatInt(v, 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

func percent(share float64) string {
	return strconv.FormatFloat(share*100, 'f', 1, 64) + " %"
}

// span writes a duration as people say it: 30 s, 2 min, 1.5 s.
func span(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	}
	return seconds(d.Seconds())
}

func seconds(s float64) string {
	decimals := 1
	switch {
	case s >= 1000:
		return number(int64(s+0.5)) + " s"
	case s == float64(int64(s)):
		decimals = 0
	case s < 1:
		decimals = 2
	}
	return strconv.FormatFloat(s, 'f', decimals, 64) + " s"
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "no time known"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
