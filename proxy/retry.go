package proxy

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/limiter"
)

// maxDrain and drainWithin are how much of a refused answer is read, and for how
// long, so that its connection can be used again; more than that costs the connection.
const (
	maxDrain    = 64 << 10
	drainWithin = 100 * time.Millisecond
)

// retry sends a failed call again where that is safe (promise 3) and worth it.
// What can have happened upstream decides, never the look of a status: a call
// that did not depart may go again whatever it is, one that may have been
// carried out only if its endpoint is known to be safe to repeat. Throttles are
// the limiter's business, dead credentials that of renew.
type retry struct {
	next  http.RoundTripper
	proxy *Proxy
}

// RoundTrip implements http.RoundTripper.
func (t *retry) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	cfg := x.view.cfg.Retry
	budget := t.proxy.budgets.of(x.up.name)
	budget.deposit(float64(cfg.Budget) / 100)
	var delays *backoff.ExponentialBackOff
	for sent := 1; ; sent++ {
		resp, err := t.next.RoundTrip(r)
		cause, floor := retryCause(x, resp, err)
		if cause == "" || sent >= cfg.Attempts || !x.body.replayable() || r.Context().Err() != nil {
			return resp, err
		}
		if delays == nil {
			delays = fullJitter(cfg)
		}
		delay := max(delays.NextBackOff(), floor)
		if x.view.observes() {
			t.proxy.metrics.Observed("retry")
			return resp, err
		}
		if time.Until(x.deadline) <= delay {
			return resp, err // its answer would come too late
		}
		if !budget.withdraw(time.Now()) {
			t.proxy.metrics.RetryBudgetExhausted()
			return resp, err
		}
		discard(resp)
		t.proxy.metrics.Retried(cause)
		x.rec.Note(time.Now(), "retry", cause+" after "+delay.Round(time.Millisecond).String())
		if err := pause(r.Context(), delay); err != nil {
			return nil, err
		}
		x.reason = journal.ReasonRetry
	}
}

// retryCause names why the call may be sent again, "" where it may not, and
// the shortest wait that the upstream asks for.
func retryCause(x *exchange, resp *http.Response, err error) (cause string, floor time.Duration) {
	if err != nil {
		sent, ok := errors.AsType[*sendError](err)
		switch {
		case !ok, errors.Is(err, errPatienceHeld), errors.Is(err, errPatienceUpstream), errors.Is(err, context.Canceled):
			return "", 0
		case !sent.departed:
			return "connect", 0
		case !x.repeatable():
			return "", 0
		case errors.Is(err, errAttemptTimeout):
			return "timeout", 0
		}
		return "broken", 0
	}
	switch resp.StatusCode {
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if x.repeatable() {
			return strconv.Itoa(resp.StatusCode), retryAfter(resp.Header, time.Now())
		}
	}
	return "", 0
}

// fullJitter draws each delay evenly between nothing and an exponentially
// growing bound ("full jitter", AWS Architecture Blog, 2015): the library
// spreads evenly around a middle, so half the bound is its middle.
func fullJitter(cfg config.Retry) *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = cfg.Base/2, cfg.Cap/2
	b.RandomizationFactor, b.Multiplier = 1, 2
	b.Reset()
	return b
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3); 0 where there is
// none, or none that can be believed.
func retryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		if date, err := http.ParseTime(h.Get("Date")); err == nil {
			now = date // both are of the upstream's clock
		}
		return max(at.Sub(now), 0)
	}
	return 0
}

// discard frees the connection of an answer that nobody will see.
func discard(resp *http.Response) {
	if resp == nil {
		return
	}
	_, _ = limiter.PeekWithin(resp, maxDrain, drainWithin)
	_ = resp.Body.Close()
}

// pause waits, or returns why the wait ended early.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
