package support

import (
	"os/exec"
	"strings"
	"testing"
)

// sh prints its words, one a line, as a POSIX shell reads them.
func sh(t testing.TB, words string, env ...string) string {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "for w in "+words+"; do printf '%s\\n.\\n' \"$w\"; done")
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, words)
	}
	return string(out)
}

func FuzzQuote(f *testing.F) {
	for _, seed := range []string{"", "plain", "it's", "'", "''", "`id`", "$(id)", "${HOME}", `\`, "a\nb", "\"x\"", "*", "~", "-n", "é", "[redacted]", "x [redacted:0123abcd] y", "'[redacted]'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			return // no shell word holds it, and the masks make it visible
		}
		if got := sh(t, quote(text)); got != text+"\n.\n" {
			t.Errorf("%q is read as %q", text, got)
		}
		var vars placeholders
		word := vars.word(text, "X-Header")
		var env []string
		for _, v := range vars.order {
			env = append(env, v.name+"=va'l \"ue")
		}
		want := masks.ReplaceAllLiteralString(text, `va'l "ue`)
		if got := sh(t, word, env...); got != want+"\n.\n" {
			t.Errorf("%q is read as %q by %s", text, got, word)
		}
	})
}

func TestPlaceholders(t *testing.T) {
	var vars placeholders
	for _, tt := range []struct{ text, fallback, want string }{
		{"X-Publisher-Token: [redacted:00000001]", "X-Publisher-Token", `'X-Publisher-Token: '"${PUBLISHER_TOKEN}"`},
		{`{"publisherToken":"[redacted:00000001]"}`, "body", `'{"publisherToken":"'"${PUBLISHER_TOKEN}"'"}'`},
		{`{"publisherToken":"[redacted:00000002]"}`, "body", `'{"publisherToken":"'"${PUBLISHER_TOKEN_2}"'"}'`},
		{"Authorization: Bearer [redacted:00000003]", "Authorization", `'Authorization: Bearer '"${CUSTOMER_JWT}"`},
		{`Authorization: Bearer "[redacted:00000003]"`, "Authorization", `'Authorization: Bearer "'"${CUSTOMER_JWT}"'"'`},
		{"https://x.example/a?page=2&secret=[redacted:00000004]&b=1", "url", `'https://x.example/a?page=2&secret='"${VALUE_SECRET}"'&b=1'`},
		{"https://x.example/gifts/[redacted:00000005]", "url", `'https://x.example/gifts/'"${VALUE_URL}"`},
		{`{"a":"{\"contactEmail\":\"[redacted:00000006]\"}"}`, "body", `'{"a":"{\"contactEmail\":\"'"${VALUE_CONTACT_EMAIL}"'\"}"}'`},
		{"http://127.0.0.1:8401/-/[redacted:00000007]/3.1/offers", "url", `'http://127.0.0.1:8401/-/'"${CLEENGATE_TOKEN}"'/3.1/offers'`},
		{"[redacted]", "X-`id`", `"${VALUE_X__ID}"`},
		{"[redacted]", "", `"${VALUE}"`},
		{"[redacted] [redacted]", "", `"${VALUE_2}"' '"${VALUE_3}"`}, // untagged masks may differ
		{"", "", "''"},
	} {
		if got := vars.word(tt.text, tt.fallback); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.text, got, tt.want)
		}
	}
	for _, v := range vars.order {
		if strings.ContainsAny(v.name+v.meaning, "`$\"\\}") {
			t.Errorf("the shell acts upon %q: %q", v.name, v.meaning)
		}
	}
}
