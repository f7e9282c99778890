package quota

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cleengate/cleengate/internal/pattern"
	"github.com/cleengate/cleengate/internal/totals"
)

var hostile = []string{
	"a|b", "`x`", "``|``", "line\nbreak", "\r\n| a | b |", "<script>alert(1)</script>", "<!-- x", "[x](javascript:1)", "![x](http://evil/)",
	"\x1b[31mred\x1b[0m", "\x9b31m", "\u009b31m", "\u202egnp.exe", "\u2066x", "bad\xff", "# heading", "\\|", "\\", "`", "````", "***", "&lt;", strings.Repeat("é", 5000), " ", "", "\x00", "\U000e0041",
}

// TestHostileNamesStayInTheirPlace: whatever callers, endpoints, credentials and policies
// are named, the report keeps its lines, its tables their columns, and nothing in
// it acts on a terminal or a browser.
func TestHostileNamesStayInTheirPlace(t *testing.T) {
	lines := -1
	for _, name := range append([]string{"plain"}, hostile...) {
		in := &Input{
			Now: now, Mode: "shield", LimitOf: map[string]string{name + "-up": name},
			Limits: []Limit{{Name: name, Credential: name, Rate: 1, Source: "header", Windows: []Window{{Policy: name, Limit: 60, SpanSeconds: 60}}, Delayed: 1}},
		}
		h := hourOf(now.Truncate(time.Hour), row(name+"-up", name, name, name, 100, counts(pattern.Counts{Identical: 90, Found: 90})))
		h.Limits[0].Limit = name
		in.Hours = []totals.Hour{h}
		r := Build(in)
		text := string(r.Markdown())
		for _, c := range text {
			if c != '\n' && !unicode.IsPrint(c) {
				t.Errorf("%q: the report has %q", name, c)
			}
		}
		if n := strings.Count(text, "\n"); lines < 0 {
			lines = n
		} else if n != lines {
			t.Errorf("%q: %d lines instead of %d", name, n, lines)
		}
		checkTables(t, name, text)
		if outside := outsideCode(text); strings.ContainsAny(outside, "<>[]`\\") || strings.Contains(outside, "evil") || strings.Contains(outside, "***") {
			t.Errorf("%q is outside of code:\n%s", name, outside)
		}
		b, err := json.Marshal(r)
		if err != nil || !utf8.Valid(b) || strings.ContainsFunc(string(b), func(c rune) bool { return !unicode.IsPrint(c) }) {
			t.Errorf("%q: %v %q", name, err, b)
		}
	}
}

// checkTables holds that rows have as many bars as their heads.
func checkTables(t *testing.T, name, text string) {
	t.Helper()
	bars := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			bars = 0
			continue
		}
		if n := strings.Count(line, "|"); bars == 0 {
			bars = n
		} else if n != bars {
			t.Errorf("%q: %d bars instead of %d in %s", name, n, bars, line)
		}
	}
}

// outsideCode takes out code spans as CommonMark section 6.1 finds them: from a run
// of backticks to the next of the same length.
func outsideCode(text string) string {
	var out strings.Builder
	for text != "" {
		i := strings.IndexByte(text, '`')
		if i < 0 {
			out.WriteString(text)
			break
		}
		out.WriteString(text[:i])
		text = text[i:]
		n := len(text) - len(strings.TrimLeft(text, "`"))
		rest := text[n:]
		for {
			j := strings.IndexByte(rest, '`')
			if j < 0 { // never closed: the backticks are text
				out.WriteString(text[:n])
				rest = text[n:]
				break
			}
			rest = rest[j:]
			m := len(rest) - len(strings.TrimLeft(rest, "`"))
			rest = rest[m:]
			if m == n {
				break
			}
		}
		text = rest
	}
	return out.String()
}

func FuzzNamesAreQuoted(f *testing.F) {
	for _, name := range hostile {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p := plain(name)
		if utf8.RuneCountInString(p) > maxName+1 || strings.ContainsFunc(p, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q becomes %q", name, p)
		}
		if q := code(p); outsideCode("x"+q+"y") != "xy" || strings.Contains(q, "|") {
			t.Errorf("%q is quoted as %s", name, q)
		}
	})
}

func TestFiguresForPeople(t *testing.T) {
	for got, want := range map[string]string{
		number(0): "0", number(999): "999", number(1000): "1,000", number(1234567): "1,234,567", number(-1234): "-1,234",
		percent(0.4375): "43.8 %", span(10 * time.Second): "10 s", span(2 * time.Minute): "2 min", span(1500 * time.Millisecond): "1.5 s",
		seconds(0.25): "0.25 s", seconds(19500): "19,500 s", instant(time.Time{}): "no time known",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
