package journal

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// answered is the body that a record shows of an answer.
func answered(t *testing.T, j *Journal, body, mediaType, encoding string) Body {
	t.Helper()
	c := plainCall("id-1")
	c.answerBody, c.answer = body, http.Header{}
	if mediaType != "" {
		c.answer.Set("Content-Type", mediaType)
	}
	if encoding != "" {
		c.answer.Set("Content-Encoding", encoding)
	}
	b := c.run(j, true).Response.Body
	if !utf8.Valid(b.Bytes) {
		t.Errorf("%.60q is no UTF-8", b.Bytes)
	}
	for _, r := range string(b.Bytes) {
		if r < ' ' && r != '\n' && r != '\t' || r >= 0x7f && r < 0xa0 {
			t.Errorf("%U is raw in %.60q", r, b.Bytes)
		}
	}
	return b
}

func compressed(t *testing.T, plain string, newWriter func(io.Writer) io.WriteCloser) string {
	t.Helper()
	var b bytes.Buffer
	w := newWriter(&b)
	if _, err := io.WriteString(w, plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func newGzip(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func newDeflate(w io.Writer) io.WriteCloser {
	f, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	return f
}

func TestBodies(t *testing.T) {
	const plain = `{"offerId":"S1_US","email":"a.person@example.com"}`
	const masked = `{"offerId":"S1_US","email":"[redacted]"}`
	zipped := compressed(t, plain, newGzip)
	bomb := compressed(t, strings.Repeat("a", 16<<20), newGzip)
	for _, tt := range []struct {
		name, body, mediaType, encoding string
		form                            Form
		want                            string
		cut                             bool
	}{
		{"none", "", "application/json", "", FormNone, "", false},
		{"JSON", plain, "application/json; charset=utf-8", "", FormWhole, masked, false},
		{"JSON of no type", plain, "", "", FormWhole, masked, false},
		{"text", "call me: a.person@example.com", "text/plain", "", FormWhole, "call me: [redacted]", false},
		{"form", "grant=x&password=hunter2", "application/x-www-form-urlencoded", "", FormWhole, "grant=x&password=[redacted]", false},
		{"binary", "\x00\x01\x02\xff", "image/png", "", FormBinary, "[4 bytes of another kind than text]", false},
		{"binary of no type", "\x00\x01\x02\xff", "", "", FormBinary, "[4 bytes of another kind than text]", false},
		{"invalid UTF-8 in text", "a\xffb\xc3", "text/plain", "", FormWhole, `a\xffb\xc3`, false},
		{"invalid UTF-8 in JSON", "{\"a\":\"\xff\"}", "application/json", "", FormWhole, `{"a":"\\xff"}`, false},
		{"terminal escapes", "a\x1b[2Jb\u009bc", "text/plain", "", FormWhole, `a\x1b[2Jb\u009bc`, false},
		{"gzip", zipped, "application/json", "gzip", FormWhole, masked, false},
		{"gzip cut off", zipped[:len(zipped)-12], "application/json", "gzip", FormWhole, "", true},
		{"no gzip", plain, "application/json", "gzip", FormCompressed, "[50 bytes in a coding that is not undone here]", false},
		{"deflate", compressed(t, plain, newDeflate), "application/json", "deflate", FormWhole, masked, false},
		{"brotli", "\x8b\x02\x80...", "application/json", "br", FormCompressed, "[6 bytes in a coding that is not undone here]", false},
		{"two codings", zipped, "application/json", "gzip, br", FormCompressed, fmt.Sprintf("[%d bytes in a coding that is not undone here]", len(zipped)), false},
		{"identity", plain, "application/json", "identity", FormWhole, masked, false},
		{"bomb", bomb, "text/plain", "gzip", FormWhole, strings.Repeat("a", 4<<10), true},
		{"too long", strings.Repeat("b", 5<<10), "text/plain", "", FormWhole, strings.Repeat("b", 4<<10), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := answered(t, newJournal(t, 1<<20, 4<<10), tt.body, tt.mediaType, tt.encoding)
			if b.Form != tt.form || b.Cut != tt.cut || tt.want != "" && string(b.Bytes) != tt.want {
				t.Errorf("form %s, cut %v: %.200q", b.Form, b.Cut, b.Bytes)
			}
			if b.Size != int64(len(tt.body)) {
				t.Errorf("size %d of %d", b.Size, len(tt.body))
			}
		})
	}
}

// TestBodyIsCutBetweenRunes: what is cut in the middle of a character is cut
// before it.
func TestBodyIsCutBetweenRunes(t *testing.T) {
	for limit := int64(20); limit < 24; limit++ {
		b := answered(t, newJournal(t, 1<<20, limit), strings.Repeat("€", 20), "text/plain", "")
		if want := strings.Repeat("€", int(limit)/3); string(b.Bytes) != want || !b.Cut {
			t.Errorf("limit %d: %q, cut %v", limit, b.Bytes, b.Cut)
		}
	}
}

// TestSecretCutInHalf: a capped body may end inside a secret; what is left of
// it is still one.
func TestSecretCutInHalf(t *testing.T) {
	j := newJournal(t, 1<<20, 60)
	b := answered(t, j, `{"note":"`+strings.Repeat("x", 20)+testKey+`"}`, "application/json", "")
	if strings.Contains(string(b.Bytes), testKey[:8]) {
		t.Errorf("half a key: %s", b.Bytes)
	}
}

func TestBodiesThatMayNotBeShown(t *testing.T) {
	j := newJournal(t, 1<<20, 4<<10)
	c := plainCall("id-1")
	c.shown, c.header = false, http.Header{"Content-Type": {"application/json"}}
	c.body, c.answerBody = `{"name":"Ann","age":7}`, `{"secret":"value","list":[1]}`
	r := c.run(j, true)
	if got := string(r.Request.Body.Bytes); r.Request.Body.Form != FormShape || got != `{"name":"string(3)","age":"number"}` {
		t.Errorf("request: %s %s", r.Request.Body.Form, got)
	}
	if got := string(r.Response.Body.Bytes); got != `{"secret":"string(5)","list":["number"]}` {
		t.Errorf("answer: %s", got)
	}
	c.status, c.answerBody = 401, ""
	c.answerBody = `{"code":"AUTH0002","message":"Token is invalid","x":"y"}`
	if got := string(c.run(j, true).Response.Body.Bytes); got != `{"code":"AUTH0002","message":"Token is invalid","x":"string(1)"}` {
		t.Errorf("failure: %s", got)
	}
	c.answerBody = "name=Ann"
	if got := string(c.run(j, true).Response.Body.Bytes); got != `"body(8)"` {
		t.Errorf("no JSON: %s", got)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	j := newJournal(t, 1<<20, 4<<10)
	c := plainCall("id-1")
	c.answer = http.Header{"Content-Type": {"application/json"}}
	for i := range 10_000 {
		c.answer[fmt.Sprint("X-Total-Count-", i)] = []string{"1"}
	}
	c.header = http.Header{"Accept": {strings.Repeat("a", 100<<10)}, "Via": {"a\x1b[31mb", "c\u202ed"}}
	r := c.run(j, true)
	for name, m := range map[string]*Message{"to the app": &r.Response, "of the attempt": &r.Attempts[0].Response} {
		if len(m.Header) != maxFields || m.Omitted != 10_001-maxFields {
			t.Errorf("%s: %d lines and %d omitted", name, len(m.Header), m.Omitted)
		}
	}
	want := []Field{{"Accept", "[102400 bytes left out]"}, {"Via", `a\x1b[31mb`}, {"Via", `c\u202ed`}}
	if fmt.Sprint(r.Request.Header) != fmt.Sprint(want) {
		t.Errorf("request: %q", r.Request.Header)
	}
	wide := http.Header{}
	for i := range 150 {
		wide[fmt.Sprint("Access-Control-", i)] = []string{strings.Repeat("v", 1000)}
	}
	c.header = wide
	if m := c.run(j, true).Request; m.Omitted == 0 || len(m.Header)+m.Omitted != 150 {
		t.Errorf("150 KB of header: %d lines and %d omitted", len(m.Header), m.Omitted)
	}
}

// TestRecordStaysSmall: a record takes at most an eighth of the journal, even
// if every attempt brings another long body.
func TestRecordStaysSmall(t *testing.T) {
	j := newJournal(t, 256<<10, 32<<10)
	c := plainCall("id-1")
	c.answer = http.Header{"Content-Type": {"text/plain"}}
	c.answerBody, c.body = strings.Repeat("z", 30<<10), strings.Repeat("y", 30<<10)
	for range 12 {
		c.statuses = append(c.statuses, 503)
	}
	x := c.open(j)
	for i := range x.capture.attempts {
		x.capture.attempts[i].response.Tee.Write(bytes.Repeat([]byte{byte('a' + i)}, 20<<10))
	}
	j.Add(x, false)
	x.Release()
	if r, ok := j.Get("id-1"); !ok || len(r.Attempts) != 13 {
		t.Fatalf("the record: %v", ok)
	}
	if j.Bytes() > 256<<10 {
		t.Errorf("%d bytes", j.Bytes())
	}
}
