package tokens

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// probePause is how often a session that is dead for good is tried again.
	probePause = time.Minute
	// leastPause keeps jitter from making a failed renewal follow at once.
	leastPause = 50 * time.Millisecond
	// rereadPause is how often callers that meet a dead session make the
	// secrets be read again.
	rereadPause = time.Second
)

// renewal is one attempt to replace the token. Any number of callers wait for
// it; none of them can end it.
type renewal struct {
	done   chan struct{} // closed when it has ended
	needed chan struct{} // closed when somebody waits for it
	once   sync.Once     // closes needed
	stale  uint64        // generation that is to be replaced, 0 for none
	places []sighting    // where and when that generation was refused
}

func (r *renewal) need() { r.once.Do(func() { close(r.needed) }) }

// newDelays returns exponential backoff with full jitter: each delay is
// uniform between zero and twice the interval, which doubles from 250 ms to
// 30 s (M. Brooker, "Exponential Backoff and Jitter", 2015).
func newDelays() *backoff.ExponentialBackOff {
	delays := &backoff.ExponentialBackOff{
		InitialInterval:     250 * time.Millisecond,
		RandomizationFactor: 1,
		Multiplier:          2,
		MaxInterval:         30 * time.Second,
	}
	delays.Reset()
	return delays
}

// Secure implements [Credential]. A token that is being replaced because
// upstream refused it is waited for, unless it was accepted since.
func (s *Session) Secure(ctx context.Context) error {
	h := s.current.Load()
	if h == nil || h.token.Expired(time.Now()) {
		return s.await(ctx, 0, nil)
	}
	if d := s.doubt.Load(); d != nil && d.generation == h.token.Generation {
		return s.resolve(ctx, d)
	}
	return nil
}

// await returns nil once a token newer than generation stale is there and
// alive. It begins the renewal or joins the one that runs; refusal is where and
// when stale was refused, if it was.
func (s *Session) await(ctx context.Context, stale uint64, refusal *sighting) error {
	for {
		over, pause, err := s.approach(ctx, stale, refusal)
		if over == nil && pause == nil {
			return err
		}
		select {
		case <-over:
		case <-pause:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.life.Done():
			return ErrClosed
		}
	}
}

// approach takes one step of await: there is a result, or over or pause say
// what to wait for. A refusal begins the renewal even if its caller has no
// time left: others will need it.
func (s *Session) approach(ctx context.Context, stale uint64, refusal *sighting) (over <-chan struct{}, pause <-chan time.Time, err error) {
	if ctx.Err() == nil {
		s.reviveIfDead(ctx)
	} else if refusal == nil {
		return nil, nil, context.Cause(ctx)
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.usable(stale, now) {
		return nil, nil, nil
	}
	if s.closing {
		return nil, nil, ErrClosed
	}
	if s.running == nil && s.failure != nil && now.Before(s.until) {
		deadline, limited := ctx.Deadline()
		if s.failure.Permanent() || limited && !deadline.After(s.until) {
			return nil, nil, s.remembered(now)
		}
		return nil, time.After(s.until.Sub(now)), nil
	}
	r := s.running
	if r == nil {
		r = s.begin(stale)
	}
	r.need()
	if refusal != nil && r.stale == stale {
		r.places = append(r.places, *refusal)
	}
	return r.done, nil, nil
}

// usable reports whether the current token is alive and newer than stale.
func (s *Session) usable(stale uint64, now time.Time) bool {
	h := s.current.Load()
	return h != nil && h.token.Generation > stale && !h.token.Expired(now)
}

// remembered returns the last failure as of now. It needs mu.
func (s *Session) remembered(now time.Time) *Failure {
	f := *s.failure
	f.RetryAfter = max(0, s.until.Sub(now))
	return &f
}

// reviveIfDead looks for a new secret when the session is dead for good.
func (s *Session) reviveIfDead(ctx context.Context) {
	now := time.Now()
	s.mu.Lock()
	dead := s.failure != nil && s.failure.Permanent() && now.Sub(s.reread) >= rereadPause
	if dead {
		s.reread = now
	}
	s.mu.Unlock()
	if dead {
		s.refreshSecrets(ctx)
	}
}

// begin starts a renewal that replaces generation stale. It needs mu, and that
// none is running.
func (s *Session) begin(stale uint64) *renewal {
	r := &renewal{done: make(chan struct{}), needed: make(chan struct{}), stale: stale}
	s.running = r
	s.check = false
	s.renewals.Go(func() { s.renew(r) })
	return r
}

// renew runs r on a context of its own.
func (s *Session) renew(r *renewal) {
	ctx, cancel := context.WithTimeout(context.Background(), s.deadline)
	defer cancel()
	began := time.Now()
	outcome, err := s.obtain(ctx, r)
	if err == nil && outcome == Renewed {
		s.pace = max(time.Since(began), s.pace/2)
	}
	s.settle(r, outcome, err)
}

// settle ends r and remembers how it ended.
func (s *Session) settle(r *renewal, outcome Outcome, err error) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running = nil
	defer close(r.done)
	defer s.poke()
	if err == nil {
		s.failure = nil
		s.delays.Reset()
		if h := s.current.Load(); outcome == Renewed {
			s.causes.renewed(r.places, h, now)
			s.troubled.Store(s.causes.any())
		}
		if outcome != "" {
			s.metrics.Renewal(s.name, outcome)
			s.log.Info("the session has a new token", slog.String("outcome", string(outcome)),
				slog.Uint64("generation", s.current.Load().token.Generation))
		}
		return
	}
	f, ok := errors.AsType[*Failure](err)
	if !ok {
		f = &Failure{Category: Transient, Detail: err.Error(), Err: err}
	}
	f.Credential = s.name
	pause := max(leastPause, s.delays.NextBackOff(), f.RetryAfter)
	level := slog.LevelWarn
	if f.Permanent() {
		pause, level = probePause, slog.LevelError
	}
	s.failure, s.until = f, now.Add(pause)
	s.metrics.Renewal(s.name, Outcome(f.Category))
	s.log.Log(context.Background(), level, "the session could not be renewed",
		slog.String("category", string(f.Category)), slog.String("detail", f.Detail),
		slog.Float64("next_attempt_seconds", pause.Seconds()), slog.Bool("token_alive", s.usable(0, now)))
}
