package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// action is one thing that happens to a session, or to the world around it.
type action struct {
	kind  string
	count int
	wait  time.Duration
	fault fault
	part  float64
	torn  bool
}

func (a action) String() string {
	return fmt.Sprintf("%s(count %d, wait %v, fault %d, part %v, torn %v)", a.kind, a.count, a.wait, a.fault, a.part, a.torn)
}

func actions(login bool) *rapid.Generator[[]action] {
	kinds := []string{"calls", "calls", "calls", "sleep", "sleep", "revoke", "fault", "restart", "kill", "disk full", "disk free"}
	if !login {
		kinds = append(kinds, "new refresh token")
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) action {
		return action{
			kind:  rapid.SampledFrom(kinds).Draw(t, "kind"),
			count: rapid.IntRange(1, 20).Draw(t, "count"),
			wait:  time.Duration(rapid.IntRange(0, 8000).Draw(t, "wait")) * time.Millisecond,
			fault: rapid.SampledFrom([]fault{resetBefore, resetAfter, throttle, unavailable, never}).Draw(t, "fault"),
			part:  rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "part"),
			torn:  rapid.Bool().Draw(t, "torn"),
		}
	}), 1, 40)
}

// model runs a script against a session and knows, independently of it, what
// may happen. It is used inside a bubble.
type model struct {
	t        *testing.T
	login    bool
	upstream *mediaStore
	crash    *crashRun
	session  *tokens.Session
	stop     func()
	full     *atomic.Bool // the disk of the present process
	calls    sync.WaitGroup

	mu       sync.Mutex // guards what follows
	broken   []string   // violations
	revoked  []time.Time
	excuses  int // events that justify a renewal beyond the usual
	faults   []fault
	diskFull bool
}

func (m *model) violate(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = append(m.broken, fmt.Sprintf(format, args...))
}

func (m *model) boot() {
	m.crash.disk.Fail = func(string, string) error {
		if m.full.Load() {
			return errors.New("no space left on device")
		}
		return nil
	}
	m.session = m.crash.start(m.t)
	m.stop = run(m.t, m.session)
}

// do makes n calls. A process that was killed while they ran answers nobody.
func (m *model) do(n int, patience time.Duration) {
	session, world, disk, full := m.session, m.crash.world, m.crash.disk, m.full
	alive := func() bool { return !world.Doomed() }
	a := &app{session: session, store: m.upstream, depart: func(jwt string) {
		if m.upstream.dead(jwt) {
			m.violate("a dead token was sent")
		}
		if alive() && !full.Load() && !m.wasFull() && !disk.WasDurable(jwt) {
			m.violate("promise 6: a token was used before it was on the disk")
		}
	}}
	for range n {
		m.calls.Go(func() {
			began := time.Now()
			ctx, cancel := context.WithTimeout(m.t.Context(), patience)
			defer cancel()
			r := a.call(ctx, "GET /offers")
			if alive() {
				m.judge(r, began, patience)
			}
		})
	}
}

func (m *model) wasFull() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.diskFull
}

// judge holds promise 4 against the result of a call.
func (m *model) judge(r result, _ time.Time, patience time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if r.elapsed > patience {
		m.broken = append(m.broken, fmt.Sprintf("a call took %v of %v", r.elapsed, patience))
	}
	// A place that refuses two tokens within a minute is taken for one that
	// refuses fresh tokens, for another minute: a revocation that hits the
	// token that replaced a revoked one may be seen. A single one never is.
	recent := 0
	for _, at := range m.revoked {
		if now.Sub(at) <= 2*time.Minute+patience {
			recent++
		}
	}
	if r.status == 401 && recent < 2 {
		m.broken = append(m.broken, fmt.Sprintf("promise 4: the app saw a 401 that a renewal cures: %+v", r))
	}
}

func (m *model) perform(a action) {
	switch a.kind {
	case "calls":
		m.do(a.count, a.wait+50*time.Millisecond)
	case "sleep":
		time.Sleep(a.wait)
	case "revoke":
		m.mu.Lock()
		m.revoked = append(m.revoked, time.Now())
		m.excuses++
		m.mu.Unlock()
		m.upstream.revokeAll()
	case "fault":
		m.mu.Lock()
		for range 1 + a.count/8 {
			m.faults = append(m.faults, a.fault)
		}
		m.mu.Unlock()
	case "restart":
		m.stop()
		m.boot()
	case "kill":
		m.kill(a)
	case "disk full", "disk free":
		m.mu.Lock()
		m.diskFull = m.diskFull || a.kind == "disk full"
		m.mu.Unlock()
		m.full.Store(a.kind == "disk full")
	case "new refresh token":
		m.mu.Lock()
		m.excuses++
		m.mu.Unlock()
		m.crash.first = m.upstream.seed()
		m.session.SetSecrets(tokens.SessionSecrets{RefreshToken: redact.New(m.crash.first)})
	}
}

// kill cuts the power some steps from now, in the middle of calls, and starts
// anew with what the disk kept.
func (m *model) kill(a action) {
	m.do(a.count, time.Second)
	world := m.crash.world
	world.Doom(a.count)
	time.Sleep(a.wait / 8)
	world.Doom(0)
	m.stop()
	m.calls.Wait()
	m.mu.Lock()
	m.excuses += 2 // a renewal that was lost, and the one instead
	m.mu.Unlock()
	m.crash.world = &tokens.World{}
	m.crash.disk = m.crash.disk.AfterCut(m.crash.world, a.part, a.torn)
	m.full = &atomic.Bool{}
	m.boot()
}

// script runs actions and returns the violations.
func (m *model) script(list []action) []string {
	began := time.Now()
	m.upstream.fault = func(string, int) fault {
		m.mu.Lock()
		defer m.mu.Unlock()
		if len(m.faults) == 0 {
			return noFault
		}
		next := m.faults[0]
		m.faults = m.faults[1:]
		m.excuses++
		return next
	}
	m.boot()
	for _, a := range list {
		m.perform(a)
	}
	m.calls.Wait()
	m.heal()
	m.stop()
	if twice := m.upstream.twice(); twice != nil {
		m.violate("promise 6: refresh tokens were sent twice: %v", twice)
	}
	logins, refreshes := m.upstream.counts()
	usual := 2 + int(time.Since(began)/(m.upstream.life/2))
	if renewals := logins + refreshes; renewals > usual+2*m.excuses {
		m.violate("%d renewals in %v of %v tokens with %d excuses", renewals, time.Since(began), m.upstream.life, m.excuses)
	}
	return m.broken
}

// heal ends all trouble; a session then works by itself, or with a new refresh
// token if the old one was lost for good.
func (m *model) heal() {
	m.mu.Lock()
	m.faults = nil
	m.mu.Unlock()
	m.full.Store(false)
	time.Sleep(2*time.Minute + m.upstream.life)
	if !m.login && !m.session.Status().Valid {
		m.perform(action{kind: "new refresh token"})
		time.Sleep(2 * time.Minute)
	}
	a := &app{session: m.session, store: m.upstream}
	ctx, cancel := context.WithTimeout(m.t.Context(), time.Minute)
	defer cancel()
	if r := a.call(ctx, "GET /customers/{id}"); r.status != 200 {
		m.violate("after all trouble has ended a call gives %+v, status %+v", r, m.session.Status())
	}
}

func TestPromise0406Model(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		login := rapid.Bool().Draw(rt, "login")
		life := rapid.SampledFrom([]time.Duration{5 * time.Second, 20 * time.Second, 15 * time.Minute}).Draw(rt, "life")
		skew := rapid.SampledFrom([]time.Duration{0, 0, time.Hour, -time.Hour, 700 * time.Millisecond}).Draw(rt, "skew")
		latency := time.Duration(rapid.IntRange(1, 150).Draw(rt, "latency")) * time.Millisecond
		pause := time.Duration(rapid.IntRange(0, 20).Draw(rt, "disk sync")) * time.Millisecond
		list := actions(login).Draw(rt, "actions")
		var broken []string
		synctest.Test(t, func(t *testing.T) {
			crash := newCrashRun(login, 0)
			crash.upstream.life, crash.upstream.skew, crash.upstream.latency = life, skew, latency
			crash.disk.Pause = pause
			m := &model{t: t, login: login, upstream: crash.upstream, crash: crash, full: &atomic.Bool{}}
			broken = m.script(list)
		})
		if len(broken) > 0 {
			rt.Fatalf("%d violations, the first: %s", len(broken), broken[0])
		}
	})
}
