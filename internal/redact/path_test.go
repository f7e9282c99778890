package redact

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestQuery(t *testing.T) {
	tests := []struct{ raw, want string }{
		{"", ""},
		{"limit=5&offset=0", "limit=5&offset=0"},
		{"status[]=active&status%5B%5D=paused", "status[]=active&status%5B%5D=paused"},
		{"offerId=S1_US&Page=2", "offerId=S1_US&Page=2"},
		{"token=abc&limit=5", "token=[redacted]&limit=5"},
		{"customerIP=192.0.2.1&customerEmail=jane%40x.com", "customerIP=[redacted]&customerEmail=[redacted]"},
		{"email=&token=undefined", "email=&token=undefined"},
		{"a;limit=2;b=c", "[redacted];limit=2;b=[redacted]"},
		{"%zz=1&&=3&x&limit", "%zz=[redacted]&&[redacted]&[redacted]&limit"},
		{"limit=jane%40x.com", "limit=[redacted]"},
		{"limit=" + strings.Repeat("1", maxShownValue+1), "limit=[redacted]"},
		{strings.Repeat("n", maxShownName+1) + "=1", "[redacted]"},
		{"token=a=b=c", "token=[redacted]"},
		{"token=[redacted]", "token=[redacted]"},
	}
	for _, tt := range tests {
		if got := plain().Query(tt.raw); got != tt.want {
			t.Errorf("Query(%q) = %q, want %q", tt.raw, got, tt.want)
		}
	}
}

func TestPath(t *testing.T) {
	tests := []struct{ raw, template, want string }{
		{"/3.1/customers/123", "/customers/{customerId}", "/3.1/customers/123"},
		{"/offers/S1/customers/jane%40x.com", "/offers/{offerId}/customers/{email}", "/offers/S1/customers/[redacted]"},
		{"/offers/S1/customers/jane", "/offers/{offerId}/customers/{email}", "/offers/S1/customers/[redacted]"},
		{"/gifts/redeem/ABC", "/gifts/redeem/{code}", "/gifts/redeem/[redacted]"},
		{"/gifts/redeem/ABC", "other", "/gifts/redeem/ABC"},
		{"/x/jane@x.com/y", "", "/x/[redacted]/y"},
		{"/x/jane%40x.com/y", "other", "/x/[redacted]/y"},
		{"/-/TOK/3.1/offers", "/offers", "/-/[redacted]/3.1/offers"},
		{"//a/../%2f", "other", "//a/../%2f"},
		{"", "/a/{code}/b", ""},
	}
	for _, tt := range tests {
		if got := plain().Path(tt.raw, tt.template); got != tt.want {
			t.Errorf("Path(%q, %q) = %q, want %q", tt.raw, tt.template, got, tt.want)
		}
	}
}

func TestTextPatterns(t *testing.T) {
	jwt := "eyJhbGciOiJSUzI1NiJ9.eyJjdXN0b21lcklkIjoxfQ.c2lnbmF0dXJl"
	key := strings.Repeat("aB3", 16)
	tests := []struct{ text, want string }{
		{"mail a.b+c@sub.example.co.uk. Bye", "mail [redacted]. Bye"},
		{"é@müller.de, x", "[redacted], x"},
		{"@user pkg@5.26.0 a@b user@host", "@user pkg@5.26.0 a@b user@host"},
		{"a " + jwt + " b", "a [redacted] b"},
		{"cut " + jwt[:24], "cut [redacted]"},
		{"key " + key + ".", "key [redacted]."},
		{"Basic dXNlcjpwYXNz and bearer abcd1234", "Basic [redacted] and bearer [redacted]"},
		{"basic authentication failed, bearer token missing", "basic authentication failed, bearer token missing"},
		{"card 4111 1111 1111 1111, 5500-0000-0000-0004;", "card [redacted], [redacted];"},
		{"card 4111111111111112, x4111111111111111, 0.4111111111111111", "card 4111111111111112, x4111111111111111, 0.4111111111111111"},
		{"at 1732440000000 id 4bf92f3577b34da6a3ce929d0e0e4736", "at 1732440000000 id 4bf92f3577b34da6a3ce929d0e0e4736"},
		{`Get "https://api.example/x?email=jane&limit=2": refused`, `Get "https://api.example/x?email=[redacted]&limit=2": refused`},
		{"'https://a.example/?name=O'Brien' -H", "'https://a.example/?name=[redacted]' -H"},
		{"https://user:pass@a.example/b#access_token=x", "https://[redacted]@a.example/b#access_token=[redacted]"},
		{strings.Repeat("x", 30), strings.Repeat("x", 30)},
	}
	for _, tt := range tests {
		got := plain().String(tt.text)
		if got != tt.want {
			t.Errorf("%q is shown as %q, want %q", tt.text, got, tt.want)
		}
		if again := plain().String(got); again != got {
			t.Errorf("masked again, %q becomes %q", got, again)
		}
		if bytes := string(plain().Text([]byte(tt.text))); bytes != got {
			t.Errorf("Text gives %q, String %q", bytes, got)
		}
	}
}

// Work must stay near linear in what an outsider sends.
func TestTextPatternsOnHostileText(t *testing.T) {
	for _, part := range []string{"://", "@", "eyJ", "a@", "?&=", "4 ", "%41", `\u0041`, `\`, "Bearer a1", "[redacted:"} {
		text := strings.Repeat(part, 1<<18/len(part))
		if out := plain().String(text); !utf8.ValidString(out) {
			t.Errorf("repeating %q gives no text", part)
		}
	}
}

func TestUnprintableAtEveryOffset(t *testing.T) {
	for c := range 256 {
		for n := range 20 {
			s := strings.Repeat("a", n) + string([]byte{byte(c)}) + strings.Repeat("~", 19-n)
			want := c != '\n' && c != '\t' && (c < 0x20 || c >= 0x7f)
			if got := unprintable(s); got != want {
				t.Fatalf("unprintable(%q) = %v", s, got)
			}
		}
	}
}

func TestPrintable(t *testing.T) {
	tests := []struct{ in, line, text string }{
		{"plain é 世界", "plain é 世界", "plain é 世界"},
		{"a\nb\tc", `a\nb` + "\\tc", "a\nb\tc"},
		{"\x1b]0;x\a\r", `\x1b]0;x\x07\x0d`, `\x1b]0;x\x07\x0d`},
		{"\u009b31m\u202e\ufeff", `\u009b31m\u202e\ufeff`, `\u009b31m\u202e\ufeff`},
		{"\xff\xc3", `\xff\xc3`, `\xff\xc3`},
		{"\x7f\x00", `\x7f\x00`, `\x7f\x00`},
	}
	for _, tt := range tests {
		if got := Printable(tt.in); got != tt.line {
			t.Errorf("Printable(%q) = %q, want %q", tt.in, got, tt.line)
		}
		if got := PrintableText(tt.in); got != tt.text {
			t.Errorf("PrintableText(%q) = %q, want %q", tt.in, got, tt.text)
		}
	}
}

// The fragment of a document is a heading, and is shown; one with parameters,
// or of something else, may be a token.
func TestFragmentsOfDocumentsAreShown(t *testing.T) {
	r := NewRedactor(nil, NewMasker())
	const shown = "see https://example.com/docs/problems.md#credential_rejected for more"
	if got := r.String(shown); got != shown {
		t.Errorf("%q", got)
	}
	for _, hidden := range []string{
		"https://example.com/docs/problems.md#access_token=abcdef", "https://example.com/app#abcdef", "https://example.com/x.md#Abc123", "https://example.com/?a=x.md#abcdef",
	} {
		if got := r.String(hidden); got == hidden {
			t.Errorf("%q is shown", got)
		}
	}
}
