package redact

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

var anyTag = regexp.MustCompile(`\[redacted:[0-9a-f]{8}\]`)

// TestTextIsMaskedByNames: bodies that are neither JSON nor a form have names
// too, and what stands behind those of credentials and persons is hidden,
// however short.
func TestTextIsMaskedByNames(t *testing.T) {
	r := NewRedactor(NewVault(), NewMasker())
	for _, tt := range []struct{ kind, body, want string }{
		{"application/xml", `<a><password>abc</password><title>Plan</title><ns:firstName x="1">Jo</ns:firstName><token/></a>`, `<a><password>*</password><title>Plan</title><ns:firstName x="1">*</ns:firstName><token/></a>`},
		{"application/soap+xml", `<u publisherToken="short" plan='S1'/>`, `<u publisherToken="*" plan='S1'/>`},
		{"text/xml", `<password>cut off`, `<password>*`},
		{"text/html", `<h1>502</h1><input name="password" value="abc"><p>plain</p>`, `<h1>502</h1><input name="password" value="*"><p>plain</p>`},
		{"text/plain", "password=abc&plan=S1; pin = '12' lastName=\"Roe\"", "password=*&plan=S1; pin = '*' lastName=\"*\""},
		{"text/plain", "Street: Main Road 5, Paris\nplan: S1\nAuthorization: Basic abc\nCookie: a=b; c=d\n", "Street: *\nplan: S1\nAuthorization: Basic *\nCookie: *\n"},
		{"text/plain", `say {"password":"abc","plan":"S1"}`, `say {"password":"*","plan":"S1"}`},
		{"text/plain", "the token is undefined: password=undefined", "the token is undefined: password=undefined"},
		{"text/plain", "The token has expired. Ask for a new password. See token://x", "The token has expired. Ask for a new password. See token://x"},
		{"text/html", "<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503</h1></center><hr></body></html>", "<html><head><title>503 Service Temporarily Unavailable</title></head><body><center><h1>503</h1></center><hr></body></html>"},
		{"text/csv", "email,password\njane,abc\n", "[24 bytes of text/csv]"},
	} {
		if got := anyTag.ReplaceAllString(string(r.Body(tt.kind, []byte(tt.body))), "*"); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.kind, got, tt.want)
		}
	}
	equal := anyTag.FindAllString(string(r.Body("text/plain", []byte("password=abc password: abc"))), -1)
	if len(equal) != 2 || equal[0] != equal[1] {
		t.Errorf("equal values have the masks %v", equal)
	}
}

func FuzzTextHidesNamedValues(f *testing.F) {
	f.Add("abc", "<a>", "</a>")
	f.Add("abc", "name=\"password\" value=\"", "\"")
	f.Add("x", "token: ", "::<:")
	f.Fuzz(func(t *testing.T, value, before, after string) {
		r := NewRedactor(NewVault(), NewMasker())
		r.Body("text/plain", []byte(before+value+after)) // ends
		value = "v" + strings.Map(func(c rune) rune {
			if 'a' <= c && c <= 'z' {
				return c
			}
			return -1
		}, value) + "qx7"
		for _, body := range []string{"<password>" + value + "</password>", "password=" + value + " ", `password: "` + value + `"`} {
			if out := string(r.Body("text/plain", []byte("- "+body))); strings.Contains(out, value) {
				t.Errorf("%q shows the value: %q", body, out)
			}
		}
	})
}

// What a form carried is looked for in the rest of its exchange, as what JSON
// carried is.
func TestOwnSecretsOfAForm(t *testing.T) {
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=utf-8"}}
	r := NewRedactor(NewVault(), NewMasker())
	r = r.With(r.Own(form, "", []byte("plan=S1&password=Long+Winter%2142"))...)
	if got := r.String("wrong: Long Winter!42 for S1"); strings.Contains(got, "Winter") || !strings.Contains(got, "for S1") {
		t.Errorf("%q", got)
	}
}
