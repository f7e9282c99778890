package tokens_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzMediaStoreAnswer: whatever the token endpoint answers, there is a token
// that can stand in a header, or a failure that shows nothing of what was sent.
func FuzzMediaStoreAnswer(f *testing.F) {
	for _, body := range []string{
		`{"responseData":{"jwt":"eyJ.eyJ.x","refreshToken":"r"},"errors":[]}`, `{"responseData":{"jwt":"undefined"}}`, `{"responseData":null}`,
		`{"responseData":{"jwt":1}}`, `{"code":"USER0001","errors":["no"]}`, `[]`, `<html>`, ``, `{"code":{}}`, `{"responseData":{"jwt":"a b"}}`,
	} {
		for _, status := range []int{100, 200, 204, 302, 401, 429, 500, 999} {
			f.Add(status, "application/json", "5", body)
		}
	}
	f.Add(200, "text/html; charset", "Tue, 24 Nov 2026 12:00:00 GMT", "")
	const secret = "a-secret-refresh-token"
	f.Fuzz(func(t *testing.T, status int, kind, after, body string) {
		source, err := tokens.NewMediaStore("https://mediastore.test", answering(func(r *http.Request) (*http.Response, error) {
			_, _ = io.Copy(io.Discard, r.Body)
			h := http.Header{"Content-Type": {kind}, "Retry-After": {after}, "Date": {after}}
			return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		grant, err := source.Refresh(t.Context(), redact.New(secret))
		switch jwt := grant.Token.Reveal(); {
		case (err == nil) == grant.Token.IsZero():
			t.Errorf("token %v and error %v", !grant.Token.IsZero(), err)
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("the token shows: %v", err)
		case err == nil && (status < 200 || status > 299 || strings.ContainsAny(jwt, " \r\n\x00")):
			t.Errorf("%d %q gave a token", status, body)
		}
	})
}

// FuzzStateFile: whatever stands in the state file, it is read or kept aside.
func FuzzStateFile(f *testing.F) {
	for _, text := range []string{
		``, `{}`, `null`, `{"format":"cleengate session","version":1,"identity":"i","sum":"","body":{}}`,
		`{"format":"cleengate session","version":1,"identity":"i","nonce":"AAAAAAAAAAAAAAAA","body":"AAAA"}`, `{"format":"cleengate session","version":2}`,
	} {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, encrypted bool) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "session-service.json"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		cfg := tokens.FileStoreConfig{Dir: dir, Name: "service"}
		if encrypted {
			cfg.Key = redact.New("a state key")
		}
		store, err := tokens.NewFileStore(cfg)
		if err != nil {
			t.Fatal(err)
		}
		record, err := store.Load("i")
		if err != nil {
			t.Fatalf("a spoilt file stops the session: %v", err)
		}
		aside, _ := filepath.Glob(filepath.Join(dir, "*.spoilt-*"))
		if read := record.Identity == "i"; read == (len(aside) == 1) {
			t.Errorf("read %v, kept aside %v", read, aside)
		}
		if err := store.Save(tokens.Record{Identity: "i", Token: redact.New("t")}); err != nil {
			t.Error(err)
		}
		if again, err := store.Load("i"); err != nil || again.Token.Reveal() != "t" {
			t.Errorf("after a save: %v", err)
		}
	})
}
