package tokens_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cleengate/cleengate/tokens"
)

const (
	email    = "service@example.com"
	password = "correct-horse"
)

// mediaStore is an upstream that issues JWTs and single-use refresh tokens,
// written from the API's documentation and from nothing in this package. It is
// the round tripper of a session, and judges calls with JWTs.
type mediaStore struct {
	mu       sync.Mutex
	life     time.Duration // of a JWT
	skew     time.Duration // of its clock against the local one
	latency  time.Duration // each way
	password string
	dateless bool
	// fault, if set, may end an exchange early: before the request is handled
	// or after. handled counts requests of this path from 1.
	fault func(path string, handled int) fault

	serial    int
	handled   map[string]int
	jwts      map[string]time.Time // expiry by its own clock; absent: revoked
	refreshes map[string]bool      // refresh token to "still good"
	uses      map[string]int       // how often each was presented to be used
}

type fault int

const (
	noFault fault = iota
	resetBefore
	resetAfter
	throttle
	unavailable
	never
)

func newMediaStore() *mediaStore {
	return &mediaStore{
		life: 15 * time.Minute, latency: 20 * time.Millisecond, password: password,
		handled: make(map[string]int), jwts: make(map[string]time.Time),
		refreshes: make(map[string]bool), uses: make(map[string]int),
	}
}

func (m *mediaStore) now() time.Time { return time.Now().Add(m.skew) }

// issue returns a pair. It needs mu.
func (m *mediaStore) issue() (jwt, refresh string) {
	m.serial++
	expires := m.now().Add(m.life).Truncate(time.Second)
	part := func(v any) string {
		text, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	jwt = part(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." +
		part(map[string]any{"customerId": 7, "publisherId": 9, "exp": expires.Unix(), "n": m.serial}) + ".c2ln"
	refresh = fmt.Sprintf("refresh-%d", m.serial)
	m.jwts[jwt] = expires
	m.refreshes[refresh] = true
	return jwt, refresh
}

// seed makes a refresh token without a login.
func (m *mediaStore) seed() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, refresh := m.issue()
	return refresh
}

func (m *mediaStore) revokeAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.jwts)
}

// authorize is the verdict of an API call.
func (m *mediaStore) authorize(jwt string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	expires, known := m.jwts[jwt]
	return known && m.now().Before(expires)
}

// dead reports whether a JWT has expired by the upstream's clock.
func (m *mediaStore) dead(jwt string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	expires, known := m.jwts[jwt]
	return known && !m.now().Before(expires)
}

// counts returns how many logins and refreshes were handled.
func (m *mediaStore) counts() (logins, refreshes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.handled["/auths"], m.handled["/auths/refresh_token"]
}

// twice returns the refresh tokens that were presented more than once.
func (m *mediaStore) twice() (list []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for refresh, uses := range m.uses {
		if uses > 1 {
			list = append(list, refresh)
		}
	}
	return list
}

type notSent struct{}

func (notSent) Error() string { return "connection refused" }
func (notSent) Unsent() bool  { return true }

func (m *mediaStore) RoundTrip(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	if err := pass(request.Context(), m.latency); err != nil {
		return nil, err
	}
	m.mu.Lock()
	m.handled[request.URL.Path]++
	fault := noFault
	if m.fault != nil {
		fault = m.fault(request.URL.Path, m.handled[request.URL.Path])
	}
	if fault == resetBefore || fault == throttle {
		m.handled[request.URL.Path]--
	}
	m.mu.Unlock()
	switch fault {
	case resetBefore:
		return nil, notSent{}
	case throttle:
		return m.answer(429, `{"message":"Too Many Requests"}`), nil
	case unavailable:
		return m.answer(503, `<html>`), nil
	case never:
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	response := m.handle(request.URL.Path, body)
	if fault == resetAfter {
		return nil, errors.New("connection reset by peer")
	}
	return response, pass(request.Context(), m.latency)
}

func pass(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *mediaStore) handle(path string, body []byte) *http.Response {
	m.mu.Lock()
	defer m.mu.Unlock()
	var in struct{ Email, Password, RefreshToken string }
	if err := json.Unmarshal(body, &in); err != nil {
		return m.answer(400, `{"code":"REQ0001","errors":["bad body"]}`)
	}
	switch path {
	case "/auths":
		if in.Email != email || in.Password != m.password {
			return m.answer(401, `{"code":"USER0001","errors":["wrong e-mail or password"]}`)
		}
	case "/auths/refresh_token":
		m.uses[in.RefreshToken]++
		if !m.refreshes[in.RefreshToken] {
			return m.answer(422, `{"errors":["Refresh token is expired or does not exist"]}`)
		}
		m.refreshes[in.RefreshToken] = false
	default:
		return m.answer(404, `{"message":"Not Found"}`)
	}
	jwt, refresh := m.issue()
	return m.answer(200, fmt.Sprintf(`{"responseData":{"jwt":%q,"refreshToken":%q,"customerId":7},"errors":[]}`, jwt, refresh))
}

func (m *mediaStore) answer(status int, body string) *http.Response {
	header := http.Header{"Content-Type": {"application/json"}}
	if !m.dateless {
		header.Set("Date", m.now().UTC().Format(http.TimeFormat))
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}
}

// app is a caller that sends calls with a session's JWT to the API.
type app struct {
	session tokens.Credential
	store   *mediaStore
	refuse  func(endpoint string) bool // endpoints that take no token at all
	depart  func(jwt string)           // sees each token as it departs
}

type result struct {
	status  int // 200 or 401 of upstream, 0 if the cure failed
	err     error
	sent    int
	elapsed time.Duration
}

// call does what the proxy does with one call.
func (a *app) call(ctx context.Context, endpoint string) (r result) {
	began := time.Now()
	defer func() { r.elapsed = time.Since(began) }()
	call := &tokens.Call{Where: tokens.Where{Upstream: "mediastore", Endpoint: endpoint}}
	for {
		if r.err = a.session.Secure(ctx); r.err != nil {
			return r
		}
		token, err := a.session.Current(time.Now(), call)
		if errors.Is(err, tokens.ErrExpired) {
			continue
		}
		if r.err = err; err != nil {
			return r
		}
		r.sent++
		if a.depart != nil {
			a.depart(token.Value.Reveal())
		}
		if r.err = pass(ctx, a.store.latency); r.err != nil {
			return r
		}
		accepted := a.store.authorize(token.Value.Reveal()) && (a.refuse == nil || !a.refuse(endpoint))
		if r.err = pass(ctx, a.store.latency); r.err != nil {
			return r
		}
		if accepted {
			a.session.Accepted(call)
			r.status = 200
			return r
		}
		again, err := a.session.Rejected(ctx, call)
		if !again {
			r.status, r.err = 401, err
			if err != nil {
				r.status = 0
			}
			return r
		}
	}
}
