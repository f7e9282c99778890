package proxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/tokens"
)

// maxRefreshAnswer bounds the answer to a refresh; a pair has about 2 KiB.
const maxRefreshAnswer = 1 << 20

// refreshes carries customers' own refreshes of their tokens: identical ones
// become one call, which runs to its end even if the app leaves, since its
// answer cannot be had again (cleeng-api.md section 2.2). Tokens of customers
// are never read, kept or put in otherwise.
type refreshes struct {
	next  http.RoundTripper
	proxy *Proxy
}

// RoundTrip implements http.RoundTripper.
func (t *refreshes) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	if x.ep.Kind != cleeng.KindRefresh || x.body == nil || !x.body.complete() || x.view.observes() {
		return t.next.RoundTrip(r)
	}
	key, ok := refreshKey(x)
	if !ok {
		return t.next.RoundTrip(r)
	}
	detached := x.detach()
	request := r.Clone(withDetached(detached)) //nolint:contextcheck // it must outlive the request
	answer, joined, err := t.proxy.grace.Do(r.Context(), key, x.view.cfg.Sessions.Grace, func() (*tokens.Answer, error) {
		defer detached.body.release()
		return t.send(request)
	})
	if joined {
		detached.body.release()
		x.rec.Source = journal.SourceFlight
		t.proxy.metrics.FlightJoined()
	} else {
		x.rec.Adopt(detached.rec)
	}
	if err != nil {
		return nil, err
	}
	return answerTo(r, answer), nil
}

// refreshKey is a digest of upstream and token; false for a body that is no
// refresh.
func refreshKey(x *exchange) (key tokens.GraceKey, ok bool) {
	var body struct {
		RefreshToken string `json:"refreshToken"`
	}
	if json.Unmarshal(x.body.bytes(), &body) != nil || body.RefreshToken == "" {
		return key, false
	}
	return sha256.Sum256([]byte(x.up.name + "\x00" + body.RefreshToken)), true
}

// detach makes an exchange that does not end with the app's request.
func (x *exchange) detach() *exchange {
	y := &exchange{
		rec:  &journal.Exchange{RequestID: x.rec.RequestID, TraceID: x.rec.TraceID, Client: x.rec.Client, Upstream: x.rec.Upstream, Endpoint: x.rec.Endpoint, Method: x.rec.Method},
		view: x.view, up: x.up, destination: x.destination, query: x.query,
		caller: x.caller, urgency: x.urgency, reason: x.reason,
	}
	y.rec.Begin(time.Now())
	x.rec.Lend(y.rec)
	y.patience = max(x.patience, x.view.cfg.Patience.Refresh)
	y.deadline = y.rec.Start.Add(y.patience)
	kept := bytes.Clone(x.body.bytes())
	y.body = newSpool(io.NopCloser(bytes.NewReader(kept)), int64(len(kept)), x.body.shared)
	_ = y.body.fill(int64(len(kept))) // from memory; without room it is sent once
	return y
}

// withDetached is a context of its own: neither the app's leaving nor what
// ReverseProxy has hung into the request's context may reach the call.
func withDetached(x *exchange) context.Context {
	return context.WithValue(context.Background(), exchangeKey{}, x)
}

func (t *refreshes) send(r *http.Request) (*tokens.Answer, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	// An upstream that sends drop by drop must not hold everybody who waits.
	slow := time.AfterFunc(exchangeOf(r.Context()).view.cfg.Timeouts.Write, func() { _ = resp.Body.Close() })
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRefreshAnswer+1))
	if inTime := slow.Stop(); !inTime {
		err = errWriteTimeout
	}
	if err != nil {
		return nil, &sendError{cause: err, departed: true}
	}
	if len(body) > maxRefreshAnswer {
		return nil, &Problem{Code: CodeProtocol, Detail: "The answer to the refresh is longer than any pair of tokens."}
	}
	return &tokens.Answer{Status: resp.StatusCode, Header: resp.Header, Body: body, Pair: isPair(resp.StatusCode, body)}, nil
}

// isPair reports whether an answer holds a new pair of tokens.
func isPair(status int, body []byte) bool {
	var answer struct {
		ResponseData struct {
			JWT          string `json:"jwt"`
			RefreshToken string `json:"refreshToken"`
		} `json:"responseData"`
	}
	return status >= 200 && status < 300 && json.Unmarshal(body, &answer) == nil &&
		answer.ResponseData.JWT != "" && answer.ResponseData.RefreshToken != ""
}

// answerTo gives each caller the answer as a response of its own.
func answerTo(r *http.Request, a *tokens.Answer) *http.Response {
	return &http.Response{
		Status: http.StatusText(a.Status), StatusCode: a.Status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: a.Header.Clone(), Body: io.NopCloser(bytes.NewReader(a.Body)), ContentLength: int64(len(a.Body)),
	}
}
