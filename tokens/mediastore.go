package tokens

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// maxAnswer bounds the body of a login or refresh that is read. A pair of
// tokens has about 2 KiB.
const maxAnswer = 64 << 10

// bodyTime is how long the body of an answer may take once its header has
// come. It bounds an upstream that sends drop by drop, whatever its pauses are.
const bodyTime = 10 * time.Second

// MediaStore logs in and refreshes at Cleeng's MediaStore API (Cleeng
// documentation, "Login" and "Refresh token"). It is immutable and safe for
// concurrent use.
type MediaStore struct {
	base *url.URL
	rt   http.RoundTripper
}

var _ Source = (*MediaStore)(nil)

// NewMediaStore returns a source for the API at base, an absolute URL. Requests
// go through rt as they are: redirects are not followed, nothing is repeated.
//
// An error of rt shows that the request never left if it has a method
// Unsent() bool that says so; its RetryAfter() time.Duration, if it has one, is
// obeyed. Otherwise the connection trace of the request's context decides
// (net/http/httptrace), and in doubt it counts as sent.
func NewMediaStore(base string, rt http.RoundTripper) (*MediaStore, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fmt.Errorf("the login upstream %q is no absolute http(s) URL", base)
	}
	if rt == nil {
		return nil, errors.New("the login upstream has no round tripper")
	}
	return &MediaStore{base: u, rt: rt}, nil
}

// Login implements [Source].
func (m *MediaStore) Login(ctx context.Context, login Login) (Grant, error) {
	return m.post(ctx, "auths", struct {
		Email       string `json:"email"`
		Password    string `json:"password"`
		PublisherID string `json:"publisherId,omitempty"`
	}{login.Email, login.Password.Reveal(), login.PublisherID}, login.Password)
}

// Refresh implements [Source].
func (m *MediaStore) Refresh(ctx context.Context, refresh redact.Secret) (Grant, error) {
	return m.post(ctx, "auths/refresh_token", struct {
		RefreshToken string `json:"refreshToken"`
	}{refresh.Reveal()}, refresh)
}

func (m *MediaStore) post(ctx context.Context, path string, content any, secret redact.Secret) (Grant, error) {
	body, err := json.Marshal(content)
	if err != nil {
		return Grant{}, &Failure{Category: Permanent, Unspent: true, Detail: "the request cannot be encoded", Err: err}
	}
	var sent sending
	ctx = sent.trace(ctx)
	target := m.base.JoinPath(path)
	// An anonymous reader keeps net/http from setting GetBody, so that the
	// transport cannot send the body a second time.
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), struct{ io.Reader }{bytes.NewReader(body)})
	if err != nil {
		return Grant{}, &Failure{Category: Permanent, Unspent: true, Detail: "the request cannot be made", Err: err}
	}
	request.ContentLength = int64(len(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "cleengate")

	began := time.Now()
	response, err := m.rt.RoundTrip(request)
	if err != nil {
		return Grant{}, sent.failure(ctx, target.Path, err, secret)
	}
	defer func() { _ = response.Body.Close() }()
	received := time.Now()
	slow := time.AfterFunc(bodyTime, func() { _ = response.Body.Close() }) // ends the read
	defer slow.Stop()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	a := answer{
		path: target.Path, status: response.StatusCode, header: response.Header, body: text,
		cut: err, long: len(text) > maxAnswer,
	}
	if failure := a.failure(received); failure != nil {
		return Grant{}, failure
	}
	token, refresh := a.pair()
	date, _ := http.ParseTime(response.Header.Get("Date"))
	return Grant{Token: token, Refresh: refresh, Date: date, Sent: began, Received: received}, nil
}

// scrub removes secret from a text of foreign origin and shortens it.
func scrub(text string, secret redact.Secret) string {
	if value := secret.Reveal(); value != "" {
		text = strings.ReplaceAll(text, value, redact.Mask)
	}
	const enough = 300
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return text
}
