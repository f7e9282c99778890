package support

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/journal"
)

// anything draws text that tries to get out of its place.
func anything() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.String(),
		rapid.StringMatching("[`'\"$\\\\|<>&*#\\n\\[\\] a0:(){};!~%\\x1b\\x00-]{0,24}"),
		rapid.SampledFrom([]string{"```", "'\\''", "$(id)", "`id`", "\n# x", "\xff\xfe", "[redacted:0123abcd]", "[redacted]", "</script>", "]]>", "\u202e", "-->", "\r\nX: y", "@/etc/passwd", "; rm x"}),
	)
}

func hostileMessage(t *rapid.T, request bool) journal.Message {
	m := journal.Message{Proto: anything().Draw(t, "proto")}
	if request {
		m.Method, m.URL = anything().Draw(t, "method"), anything().Draw(t, "url")
	} else {
		m.Status = rapid.SampledFrom([]int{0, 200, 401, 429, 503}).Draw(t, "status")
	}
	for range rapid.IntRange(0, 3).Draw(t, "fields") {
		m.Header = append(m.Header, journal.Field{Name: anything().Draw(t, "name"), Value: anything().Draw(t, "value")})
	}
	m.Body = journal.Body{
		Bytes: []byte(anything().Draw(t, "body")), Size: rapid.Int64Range(0, 1<<40).Draw(t, "size"), Cut: rapid.Bool().Draw(t, "cut"), Encoding: anything().Draw(t, "encoding"),
		Form: rapid.SampledFrom([]journal.Form{journal.FormNone, journal.FormWhole, journal.FormShape, journal.FormExcerpt, journal.FormBinary, journal.FormCompressed, ""}).Draw(t, "form"),
	}
	return m
}

// TestExportsOfHostileRecords: whatever a record holds, the HAR is JSON, the
// script is one that a shell can read, no control character is left, and
// nothing of a value is run.
func TestExportsOfHostileRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rec := &journal.Record{Request: hostileMessage(t, true), Response: hostileMessage(t, false)}
		text := anything()
		rec.RequestID, rec.Client, rec.Endpoint, rec.Upstream = text.Draw(t, "id"), text.Draw(t, "client"), text.Draw(t, "endpoint"), text.Draw(t, "upstream")
		rec.Method, rec.Path, rec.Error, rec.Diagnosis = text.Draw(t, "method"), text.Draw(t, "path"), text.Draw(t, "error"), text.Draw(t, "diagnosis")
		rec.Explanation = journal.Explanation{Sentence: text.Draw(t, "sentence"), Facts: []journal.Fact{{Name: text.Draw(t, "fact"), Value: text.Draw(t, "fact")}}}
		rec.Status, rec.Code, rec.Time = rapid.IntRange(0, 999).Draw(t, "status"), text.Draw(t, "code"), now
		rec.Events = []journal.Event{{Kind: text.Draw(t, "kind"), Detail: text.Draw(t, "detail")}}
		for range rapid.IntRange(0, 2).Draw(t, "attempts") {
			rec.Attempts = append(rec.Attempts, journal.AttemptRecord{
				Attempt: journal.Attempt{Start: now, Answered: now.Add(time.Second), Status: rapid.IntRange(0, 599).Draw(t, "status"), Err: text.Draw(t, "error"), Credential: text.Draw(t, "credential"), UpstreamID: text.Draw(t, "id")},
				Request: hostileMessage(t, true), Response: hostileMessage(t, false),
			})
		}
		c := Case{Record: rec, Egress: text.Draw(t, "egress"), Gate: "http://127.0.0.1:8401"}
		har, err := HAR(c, "v1")
		if err != nil || !json.Valid(har) || !utf8.Valid(har) {
			t.Fatalf("%v %q", err, har)
		}
		script := Curl(c)
		for name, content := range map[string][]byte{"report": Markdown(c), "script": script} {
			if i := strings.IndexFunc(string(content), func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }); i >= 0 || !utf8.Valid(content) {
				t.Fatalf("the %s has %q", name, content[max(i, 0):min(len(content), max(i, 0)+8)])
			}
		}
		cmd := exec.Command("/bin/sh")
		// curl and echo tell that they were called; anything else is an error.
		cmd.Stdin = strings.NewReader("PATH=/nonexistent; curl() { printf 'curl %s' \"$#\"; }\n" + withValues(string(script)))
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), "curl ") && !strings.HasPrefix(string(out), "Not sent: ") {
			t.Fatalf("%v: %s\n%s", err, out, script)
		}
	})
}

// withValues gives each variable of a script a value.
func withValues(script string) string {
	for line := range strings.Lines(script) {
		if rest, ok := strings.CutPrefix(line, `: "${`); ok {
			name, _, _ := strings.Cut(rest, ":")
			script = name + "=value\n" + script
		}
	}
	return script
}
