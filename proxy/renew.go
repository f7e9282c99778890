package proxy

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/tokens"
)

const (
	// maxBlame is how much of a refusal's body is read for its code. The rest
	// passes on unread.
	maxBlame = 64 << 10
	// maxCures bounds how often one call comes back for a better credential:
	// once for each configured key at most, and for tokens that die in the queue.
	maxCures = 8
)

// renew sees to it that a call goes out with a credential that is accepted. A
// valid token is secured before a place in line is asked for; a 401 that
// blames the credential is cured once, by generation, and the call replayed (promise 4).
// A 403 is never a reason to renew, nor is a bad password.
type renew struct {
	next  http.RoundTripper
	proxy *Proxy
}

// RoundTrip implements http.RoundTripper.
func (t *renew) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	b := x.wanted(r.Header)
	if b == nil {
		return t.next.RoundTrip(r)
	}
	for cures := 0; ; cures++ {
		if err := t.secure(r.Context(), x, b); err != nil {
			return nil, err
		}
		resp, err := t.next.RoundTrip(r)
		switch {
		case errors.Is(err, tokens.ErrExpired) && cures < maxCures:
			// It died while it stood in line; its place is kept at the head.
			x.head = true
			x.rec.Note(time.Now(), "expired_in_queue", b.cred.Name())
			continue
		case errors.Is(err, tokens.ErrExpired):
			return nil, &Problem{Code: CodeRenewalFailed, Err: err, Detail: "Credential " + b.cred.Name() + " expired each time before the call could leave. Nothing was sent; try again, or let its upstream's limit pass more calls."}
		case err != nil:
			return nil, err
		}
		if x.rpc != nil && resp.StatusCode == http.StatusOK && b.auth == cleeng.AuthPublisher {
			return t.settleRPC(r, x, b, resp), nil
		}
		if !blamesCredential(x, resp) {
			if tokens.Accepts(resp.StatusCode) {
				b.cred.Accepted(&x.use)
			}
			return resp, nil
		}
		if cures == maxCures {
			return resp, nil
		}
		again, err := t.cure(r.Context(), x, b)
		if err != nil {
			discard(resp)
			return nil, err
		}
		if !again {
			return resp, nil
		}
		discard(resp)
		x.reason, x.head = journal.ReasonRenewed, true
	}
}

// secure waits, at most as long as the app would, for a valid token.
func (t *renew) secure(ctx context.Context, x *exchange, b *binding) error {
	if b.cred.Kind() != tokens.KindSession {
		return nil // keys need no renewal
	}
	ctx, cancel := context.WithDeadlineCause(ctx, x.deadline, errPatienceHeld)
	defer cancel()
	began := time.Now()
	err := b.cred.Secure(ctx)
	if waited := time.Since(began); waited > time.Millisecond {
		x.rec.Note(time.Now(), "renewal_wait", waited.Round(time.Millisecond).String())
	}
	return credentialProblem(err, b.cred.Name())
}

// cure asks for something better than what was refused, and reports whether
// the call may go again with it. An error is why no session of ours can be had
// at the moment: the app gets that as an answer of ours, since a 401 would tell
// it to log in, which helps nothing. Where nothing better is at hand although
// nothing failed (a key, a fresh token) the refusal is the truth and goes back.
func (t *renew) cure(ctx context.Context, x *exchange, b *binding) (again bool, err error) {
	ctx, cancel := context.WithDeadlineCause(ctx, x.deadline, errPatienceHeld)
	defer cancel()
	replay := x.body.replayable() && (!x.ep.Payment || x.view.cfg.Retry.Payments)
	if x.view.observes() {
		t.proxy.metrics.Observed("replay")
		replay = false
	}
	if !replay && b.cred.Kind() == tokens.KindSession {
		// It still tells that its token is dead, so that the next call has a new
		// one, but has nothing to wait for.
		cancel()
	}
	again, err = b.cred.Rejected(ctx, &x.use)
	if !replay {
		return false, nil
	}
	if err != nil {
		x.rec.Note(time.Now(), "renewal_failed", err.Error())
	}
	return again, credentialProblem(err, b.cred.Name())
}

// blamesCredential reports whether an answer says that the credential which we
// put in is dead (cleeng-api.md section 3.3).
func blamesCredential(x *exchange, resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized || x.injected.name == "" {
		return false
	}
	body, _ := peekBlame(resp)
	code := cleeng.ClassifyBody(x.up.surface, resp.StatusCode, body)
	x.refusal = code
	return code != cleeng.CodeBadPassword
}

// credentialProblem maps why no valid token exists to an answer.
func credentialProblem(err error, name string) error {
	failure, ok := errors.AsType[*tokens.Failure](err)
	switch {
	case errors.Is(err, tokens.ErrClosed):
		return &Problem{Code: CodeRenewalFailed, Err: err, Detail: "Credential " + name + " was being replaced by a changed configuration, or cleengate is ending. The call was not carried out; try again."}
	case errors.Is(err, errPatienceHeld):
		return &Problem{Code: CodeRenewalFailed, Err: err, Detail: "Credential " + name + " is being renewed, which takes longer than the call may wait. It was not carried out; try again, or allow more time with Prefer: wait=SECONDS."}
	case !ok:
		return err
	case failure.Permanent():
		return &Problem{Code: CodeCredentialRejected, Err: err, Detail: "Credential " + name + " is no longer accepted by Cleeng and cannot renew itself: " + failure.Detail + ". Give it a new password or refresh token."}
	}
	return &Problem{Code: CodeRenewalFailed, Err: err, RetryAfter: failure.RetryAfter, Detail: "Credential " + name + " has no valid token at the moment and could not be renewed yet: " + failure.Detail + ". The call was not carried out; try again."}
}
