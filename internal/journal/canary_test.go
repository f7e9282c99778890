package journal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/redact"
)

const (
	canaryToken = "canary-token-Zq7w3Xk9Lm2Pv5Rt8Yb1Nc4"
	canaryJWT   = "eyJhbGciOiJIUzI1NiJ9.eyJjdXN0b21lcklkIjo0MiwiZW1haWwiOiJjYW5hcnkifQ.Y2FuYXJ5LXNpZ25hdHVyZS1vZi1hLWp3dA"
	canaryMail  = "canary.person@customers.example"
	plainValue  = "S100000001_US"
)

// leaks are the spellings in which a canary may not be found.
func leaks(secret string) []string {
	quoted, _ := json.Marshal(secret)
	return []string{
		secret, base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
		hex.EncodeToString([]byte(secret)), url.QueryEscape(secret), strings.Trim(string(quoted), `"`),
	}
}

func dump(t *testing.T, v any) string {
	t.Helper()
	// fmt prints text as it is, where encoding/json would encode bytes.
	return fmt.Sprintf("%+v", v) + fmt.Sprintf("%s", v)
}

// TestNoCanaryInARecord sends secrets and personal data through every part of
// an exchange, in every spelling, and looks for them in the record, in the
// memory of the journal, in events and in excerpts.
func TestNoCanaryInARecord(t *testing.T) {
	nested, _ := json.Marshal(map[string]any{"offerId": plainValue, "payload": `{"customerEmail":"` + canaryMail + `","inner":"{\"token\":\"` + canaryToken + `\"}"}`})
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + canaryToken))
	calls := map[string]func(c *call){
		"authorization":  func(c *call) { c.header.Set("Authorization", "Bearer "+canaryJWT) },
		"basic":          func(c *call) { c.header.Set("Authorization", "Basic "+basic) },
		"key header":     func(c *call) { c.header.Set("X-Publisher-Token", canaryToken) },
		"lower case":     func(c *call) { c.header["x-publisher-token"] = []string{canaryToken} },
		"unknown header": func(c *call) { c.header.Set("X-Custom", canaryToken) },
		"cookie":         func(c *call) { c.header.Set("Cookie", "session="+canaryToken) },
		"set-cookie":     func(c *call) { c.answer.Set("Set-Cookie", "session="+canaryToken+"; Path=/") },
		"query":          func(c *call) { c.query = "customerToken=" + canaryToken + "&email=" + url.QueryEscape(canaryMail) },
		"path": func(c *call) {
			c.path, c.template = "/customers/"+canaryMail+"/offers", "/customers/{customerEmail}/offers"
		},
		"client token": func(c *call) { c.path, c.template = "/-/"+canaryToken+"/3.1/offers", "" },
		"JSON body":    func(c *call) { c.body = `{"password":"` + canaryToken + `","email":"` + canaryMail + `"}` },
		"nested JSON":  func(c *call) { c.body, c.answerBody = string(nested), string(nested) },
		"form body": func(c *call) {
			c.header.Set("Content-Type", "application/x-www-form-urlencoded")
			c.body = "token=" + canaryToken
		},
		"answer":              func(c *call) { c.answerBody = `{"jwt":"` + canaryJWT + `","refreshToken":"` + canaryToken + `"}` },
		"echo":                echo("", func(s string) string { return s }),
		"echo of a failure":   echo("credential_invalid", func(s string) string { return s }),
		"echo in base64":      echo("", func(s string) string { return base64.StdEncoding.EncodeToString([]byte("x" + s)) }),
		"echo in hexadecimal": echo("", func(s string) string { return hex.EncodeToString([]byte(s)) }),
		"echo in a URL": echo("", func(s string) string {
			return "https://x.example/?a=" + strings.ReplaceAll(url.QueryEscape(s), "-", "%2D")
		}),
		"echo of vault's key": func(c *call) {
			c.answerBody = `{"message":"key ` + testKey + ` is gone","b":"` + base64.StdEncoding.EncodeToString([]byte(testKey)) + `"}`
		},
		"location": func(c *call) { c.answer.Set("Location", "https://x.example/?token="+canaryToken) },
		"texts": func(c *call) {
			c.change = func(x *Exchange) {
				x.Fail(fmt.Errorf("the key %s of %s", testKey, canaryMail))
				x.Note(testStart, "note", canaryMail+" "+canaryJWT)
				x.Explained = &Explanation{Sentence: canaryMail, Next: canaryJWT, Facts: []Fact{{"key", testKey}}}
				x.Client, x.RequestID, x.Diagnosis = canaryMail, canaryJWT, "unknown"
				x.Update(0, func(a *Attempt) { a.Err, a.UpstreamID = canaryMail, canaryJWT })
			}
		},
	}
	for name, change := range calls {
		t.Run(name, func(t *testing.T) {
			j := newJournal(t, 1<<20, 16<<10)
			s, err := j.Subscribe()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			c := plainCall("id-1")
			c.answerBody = `{"offerId":"` + plainValue + `"}`
			change(&c)
			seen := dump(t, c.run(j, true))
			for _, r := range j.Recent(Filter{}, 10) {
				seen += dump(t, r)
			}
			seen += dump(t, <-s.C)
			excerpt := j.Excerpt(Stored{Status: c.status, Header: c.answer, Body: []byte(c.answerBody), Shown: true, Own: c.header})
			seen += dump(t, excerpt.message(j))
			for _, segment := range j.latest.segments {
				seen += string(segment.data[:cap(segment.data)])
			}
			j.failures.each(func(k kept) { seen += string(k.stored) })
			for _, secret := range []string{canaryToken, canaryJWT, canaryMail, testKey} {
				for _, spelling := range leaks(secret) {
					if at := strings.Index(seen, spelling); at >= 0 {
						t.Errorf("%s stands in %.200q", spelling, seen[max(at-80, 0):])
					}
				}
			}
			if !strings.Contains(seen, "/3.1/offers") && !strings.Contains(seen, plainValue) {
				t.Error("plain fields are masked as well")
			}
		})
	}
}

// echo is an upstream that repeats the app's own credential in its answer.
func echo(diagnosis string, spell func(string) string) func(c *call) {
	return func(c *call) {
		c.header.Set("X-Publisher-Token", canaryToken)
		c.answerBody = `{"message":"got ` + spell(canaryToken) + ` and nothing else","offerId":"` + plainValue + `"}`
		if diagnosis != "" {
			c.status, c.diagnosis = 401, diagnosis
		}
	}
}

// TestNewSecretIsFoundInKeptText: what was found clean is searched again when
// the vault has learned another secret.
func TestNewSecretIsFoundInKeptText(t *testing.T) {
	vault := redact.NewVault()
	j := New(Options{Redactor: redact.NewRedactor(vault, nil), MaxSize: 1 << 20, Body: 1 << 10})
	c := plainCall("id-1")
	c.header.Set("User-Agent", "app/canary-secret-in-a-user-agent")
	for range 3 {
		c.run(j, true)
	}
	vault.Set("late", redact.New("canary-secret-in-a-user-agent"))
	if r := c.run(j, true); strings.Contains(dump(t, r), "canary-secret") {
		t.Errorf("a remembered text hides a new secret: %+v", r.Request.Header)
	}
}

// TestSecretLearnedLater: what was captured before its value was known to be a
// secret is masked when it is shown.
func TestSecretLearnedLater(t *testing.T) {
	const late = "canary-learned-later-0123456789"
	vault := redact.NewVault()
	j := New(Options{Redactor: redact.NewRedactor(vault, nil), MaxSize: 1 << 20, Body: 1 << 10})
	c := plainCall("id-1")
	c.path, c.answerBody = "/3.1/offers/"+late, `{"offerId":"`+late+`"}`
	excerpt := j.Excerpt(Stored{Status: 200, Body: []byte(c.answerBody), Header: c.answer, Shown: true})
	c.change = func(x *Exchange) {
		x.Excerpt, x.Source = excerpt, SourceCache
		x.Note(testStart, "note", late)
	}
	c.run(j, false)
	show := func() string {
		r, _ := j.Show("id-1")
		return dump(t, r) + dump(t, j.Summaries(Filter{}, 1))
	}
	if !strings.Contains(show(), late) {
		t.Fatal("the value was masked before it was known")
	}
	vault.Set("late", redact.New(late))
	if seen := show(); strings.Contains(seen, late) || !strings.Contains(seen, redact.Mask) {
		t.Error("the value is still shown")
	}
	c.path = "/3.1/offers"
	c.change = func(x *Exchange) { x.Excerpt, x.Source = excerpt, SourceCache }
	c.run(j, false)
	if strings.Contains(show(), late) {
		t.Error("a later hit shows the value")
	}
}

// TestReleaseClearsWhatWasNotMasked: nothing raw outlives the exchange.
func TestReleaseClearsWhatWasNotMasked(t *testing.T) {
	j := newJournal(t, 1<<20, 16<<10)
	c := plainCall("id-1")
	c.header = http.Header{"X-Publisher-Token": {canaryToken}}
	c.answerBody = `{"jwt":"` + canaryToken + `"}`
	x := c.open(j)
	fields, tee := x.capture.fields, x.capture.attempts[0].response.Tee
	buffer := *tee.buffer
	if len(fields) == 0 || !strings.Contains(string(buffer), canaryToken) {
		t.Fatalf("nothing to release: %d fields, %q", len(fields), buffer)
	}
	j.Add(x, false)
	x.Release()
	for _, f := range fields[:cap(fields)] {
		if f != (rawField{}) {
			t.Errorf("a field is left: %+v", f)
		}
	}
	if strings.Contains(string(buffer), canaryToken) {
		t.Errorf("a body is left: %q", buffer)
	}
	if j.passing.Load() != 0 {
		t.Errorf("%d bytes still pass by", j.passing.Load())
	}
	tee.Write([]byte("late"))
	if tee.buffer != nil || j.passing.Load() != 0 {
		t.Error("a late write is kept")
	}
	x.Release() // again: nothing happens
}
