package tokens_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

const canary = "canary-refresh-token"

func refreshAt(ctx context.Context, t *testing.T, base string, rt http.RoundTripper) (tokens.Grant, *tokens.Failure) {
	t.Helper()
	source, err := tokens.NewMediaStore(base, rt)
	if err != nil {
		t.Fatal(err)
	}
	grant, err := source.Refresh(ctx, redact.New(canary))
	if err == nil {
		return grant, nil
	}
	failure, ok := errors.AsType[*tokens.Failure](err)
	if !ok {
		t.Fatalf("error %v is no *Failure", err)
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("the error shows the refresh token: %v", err)
	}
	return grant, failure
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func TestMediaStoreSortsAnswers(t *testing.T) {
	const pair = `{"responseData":{"jwt":"a.b.c","refreshToken":"r2"},"errors":[]}`
	tests := []struct {
		name    string
		status  int
		header  string // "Name: value"
		body    string
		want    tokens.Category // "" for success
		unspent bool
		after   time.Duration
		says    string
	}{
		{name: "pair", status: 200, body: pair},
		{name: "pair as 201 without Content-Type", status: 201, header: "Content-Type:", body: pair},
		{name: "JWT alone", status: 200, body: `{"responseData":{"jwt":"a.b.c"}}`},
		{name: "empty", status: 200, want: tokens.Malformed, says: "empty"},
		{name: "204", status: 204, want: tokens.Malformed, says: "empty"},
		{name: "garbage", status: 200, body: "\x00\xff{", want: tokens.Malformed, says: "documented JSON"},
		{name: "trailing garbage", status: 200, body: pair + "x", want: tokens.Malformed, says: "documented JSON"},
		{name: "HTML", status: 200, header: "Content-Type: text/html; charset=utf-8", body: "<html>", want: tokens.Malformed, says: "HTML"},
		{name: "no tokens", status: 200, body: `{"responseData":{},"errors":["no"],"code":"REQ0001"}`, want: tokens.Malformed, says: "REQ0001"},
		{name: "null data", status: 200, body: `{"responseData":null}`, want: tokens.Malformed, says: "no usable token"},
		{name: "undefined", status: 200, body: `{"responseData":{"jwt":"undefined","refreshToken":"r"}}`, want: tokens.Malformed, says: "no usable token"},
		{name: "line break in JWT", status: 200, body: `{"responseData":{"jwt":"a\r\nX: y","refreshToken":"r"}}`, want: tokens.Malformed, says: "no usable token"},
		{name: "odd refresh token", status: 200, body: `{"responseData":{"jwt":"a.b.c","refreshToken":"r 2"}}`, want: tokens.Malformed, says: "refresh token is malformed"},
		{name: "too long", status: 200, body: `{"x":"` + strings.Repeat("x", 64<<10) + `"}`, want: tokens.Malformed, says: "longer than 64 KiB"},
		{name: "redirect", status: 302, header: "Location: https://evil.test/", want: tokens.Malformed, says: "not followed"},
		{name: "redirect that keeps the method", status: 307, header: "Location: https://evil.test/", want: tokens.Malformed, says: "not followed"},
		{name: "refused", status: 422, body: `{"errors":["Refresh token is expired or does not exist"]}`, want: tokens.Permanent, says: "422"},
		{name: "bad password", status: 401, body: `{"code":"USER0001"}`, want: tokens.Permanent, says: "USER0001"},
		{name: "a code that is no code", status: 401, body: `{"code":"` + canary + `"}`, want: tokens.Permanent, says: "401;"},
		{name: "outage", status: 502, body: "<html>", want: tokens.Transient, says: "502"},
		{name: "outage with a hint", status: 503, header: "Retry-After: 7", want: tokens.Transient, after: 7 * time.Second},
		{name: "throttle", status: 429, body: `{"message":"Too Many Requests"}`, want: tokens.Throttled, unspent: true},
		{name: "throttle with a hint", status: 429, header: "Retry-After: 30", want: tokens.Throttled, unspent: true, after: 30 * time.Second},
		{name: "throttle with a date", status: 429, header: "Retry-After: Sat, 01 Jan 2000 00:01:00 GMT", want: tokens.Throttled, unspent: true, after: time.Minute},
		{name: "throttle for ever", status: 429, header: "Retry-After: 999999999999", want: tokens.Throttled, unspent: true, after: time.Hour},
		{name: "throttle till the past", status: 429, header: "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", want: tokens.Throttled, unspent: true},
		{name: "throttle with garbage", status: 429, header: "Retry-After: -1", want: tokens.Throttled, unspent: true},
		{name: "human check", status: 429, body: `{"code":"CPT0001"}`, want: tokens.Permanent, unspent: true, says: "human check"},
		{name: "human check failed", status: 429, body: `{"code":"CPT0002"}`, want: tokens.Permanent, unspent: true, says: "human check"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			upstream := roundTripper(func(request *http.Request) (*http.Response, error) {
				text, _ := io.ReadAll(request.Body)
				if request.URL.String() != "https://mediastore.test/base/auths/refresh_token" || string(text) != `{"refreshToken":"`+canary+`"}` ||
					request.Header.Get("Authorization") != "" || request.GetBody != nil {
					t.Errorf("sent %s %s with %v", request.URL, text, request.Header)
				}
				header := http.Header{"Content-Type": {"application/json"}, "Date": {"Sat, 01 Jan 2000 00:00:00 GMT"}}
				if name, value, ok := strings.Cut(test.header, ":"); ok {
					header.Set(name, strings.TrimSpace(value))
				}
				return &http.Response{StatusCode: test.status, Header: header, Body: io.NopCloser(strings.NewReader(test.body))}, nil
			})
			grant, failure := refreshAt(t.Context(), t, "https://mediastore.test/base/", upstream)
			if test.want == "" {
				if failure != nil || grant.Token.Reveal() != "a.b.c" || grant.Date.IsZero() {
					t.Fatalf("grant = %+v, failure %v", grant, failure)
				}
				return
			}
			if failure == nil || failure.Category != test.want || failure.Unspent != test.unspent || failure.RetryAfter != test.after ||
				!strings.Contains(failure.Detail, test.says) {
				t.Fatalf("failure = %+v", failure)
			}
		})
	}
}

func TestPromise01NoCredentialFollowsARedirect(t *testing.T) {
	reached := make(chan string, 1)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		text, _ := io.ReadAll(request.Body)
		reached <- string(text)
	}))
	defer elsewhere.Close()
	upstream := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer upstream.Close()
	_, failure := refreshAt(t.Context(), t, upstream.URL, upstream.Client().Transport)
	if failure == nil || failure.Category != tokens.Malformed {
		t.Errorf("failure = %+v", failure)
	}
	select {
	case text := <-reached:
		t.Errorf("the target of the redirect received %q", text)
	default:
	}
}

// endless is a body of 1 GiB that counts what is taken from it.
type endless struct{ left, read int64 }

func (e *endless) Read(p []byte) (int, error) {
	n := int(min(int64(len(p)), e.left))
	if n == 0 {
		return 0, io.EOF
	}
	e.left -= int64(n)
	e.read += int64(n)
	return n, nil
}

func (e *endless) Close() error { return nil }

func TestPromise09HugeAnswerIsNotRead(t *testing.T) {
	body := &endless{left: 1 << 30}
	_, failure := refreshAt(t.Context(), t, "https://mediastore.test", roundTripper(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: body}, nil
	}))
	if failure == nil || failure.Category != tokens.Malformed || body.read > 128<<10 {
		t.Errorf("failure = %+v after reading %d bytes", failure, body.read)
	}
}

func TestMediaStoreKnowsWhatWasNotSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closedPort := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	cutting := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cutting.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	giveUp := make(chan struct{}, 1)
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		giveUp <- struct{}{}
		<-request.Context().Done()
	}))
	defer silent.Close()

	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	tests := []struct {
		name    string
		base    string
		rt      http.RoundTripper
		unspent bool
	}{
		{"nobody listens", closedPort, transport, true},
		{"certificate not trusted", secure.URL, transport, true},
		{"no TLS there", strings.Replace(cutting.URL, "http:", "https:", 1), transport, true},
		{"closed after the request", cutting.URL, transport, false},
		{"never answered", silent.URL, transport, false},
		{"refused by our own queue", "http://x.test", roundTripper(func(*http.Request) (*http.Response, error) { return nil, notSent{} }), true},
		{"an error of unknown kind", "http://x.test", roundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errors.New("broken while sending " + canary)
		}), false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				select {
				case <-giveUp:
					cancel()
				case <-ctx.Done():
				}
			}()
			_, failure := refreshAt(ctx, t, test.base, test.rt)
			if failure == nil || failure.Category != tokens.Unreachable || failure.Unspent != test.unspent {
				t.Errorf("failure = %+v, want unspent = %v", failure, test.unspent)
			}
		})
	}
}

type throttledByUs struct{ notSent }

func (throttledByUs) RetryAfter() time.Duration { return 3 * time.Second }

func TestMediaStoreObeysOurOwnQueue(t *testing.T) {
	_, failure := refreshAt(t.Context(), t, "http://x.test", roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, throttledByUs{}
	}))
	if failure == nil || failure.Category != tokens.Throttled || !failure.Unspent || failure.RetryAfter != 3*time.Second {
		t.Errorf("failure = %+v", failure)
	}
}
