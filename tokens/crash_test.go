package tokens_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/tokens"
)

// wire is the network of a world that ends with it: a request leaves, is
// handled, and is answered, and the power may be cut between these.
type wire struct {
	world *tokens.World
	store *mediaStore
}

func (w wire) RoundTrip(request *http.Request) (*http.Response, error) {
	if !w.world.Step("send " + request.URL.Path) {
		return nil, tokens.ErrPowerCut
	}
	response, err := w.store.RoundTrip(request)
	if !w.world.Step("answer " + request.URL.Path) {
		return nil, tokens.ErrPowerCut
	}
	return response, err
}

type crashRun struct {
	upstream *mediaStore
	disk     *tokens.CrashDisk
	world    *tokens.World
	first    string // the configured refresh token, "" for a login
}

// start is one start of the program on what the last one left.
func (c *crashRun) start(t *testing.T) *tokens.Session {
	t.Helper()
	store, err := tokens.NewFileStoreOn(tokens.FileStoreConfig{Name: "service"}, c.disk)
	if err != nil {
		t.Fatal(err)
	}
	return newSession(t, c.upstream, func(cfg *tokens.SessionConfig) {
		if c.first != "" {
			refreshOnly(c.first)(cfg)
		}
		cfg.Store = store
		if cfg.Source, err = tokens.NewMediaStore("https://mediastore.test", wire{c.world, c.upstream}); err != nil {
			t.Fatal(err)
		}
	})
}

// live obtains a token and has it replaced twice, checking at each use that it
// is on the disk already.
func (c *crashRun) live(t *testing.T) {
	t.Helper()
	session := c.start(t)
	a := &app{session: session, store: c.upstream}
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		r := a.call(ctx, "GET /offers")
		cancel()
		token, err := session.Current(time.Now(), nil)
		if r.status == 200 && err == nil && c.world.CutAt == 0 &&
			!bytes.Contains(c.disk.Durable("session-service.json"), []byte(token.Value.Reveal())) {
			t.Error("a token was used before it was on the disk")
		}
		c.upstream.revokeAll()
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
}

// outcome is what a start after the cut comes to.
func (c *crashRun) outcome(t *testing.T) (works bool) {
	t.Helper()
	session := c.start(t)
	a := &app{session: session, store: c.upstream}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := a.call(ctx, "GET /offers")
	if failure, ok := errors.AsType[*tokens.Failure](r.err); r.status != 200 && (!ok || !failure.Permanent()) {
		t.Errorf("after the cut the app saw %+v", r)
	}
	if err := session.Close(); err != nil {
		t.Error(err)
	}
	return r.status == 200
}

// irreplaceable reports whether the steps end while a refresh token is claimed
// and its answer is not stored: then nobody can say whether it is still good.
func irreplaceable(steps []string) bool {
	open := false
	for i, step := range steps {
		claim := strings.HasPrefix(step, "create ") && (strings.HasSuffix(step, ".claim") || strings.HasSuffix(step, ".used"))
		switch {
		case claim:
			open = true
		case step == "syncdir " && strings.HasPrefix(steps[i-1], "rename "):
			open = false
		}
	}
	return open
}

func TestPromise06KilledAtEveryStep(t *testing.T) {
	for _, login := range []bool{true, false} {
		name := map[bool]string{true: "login", false: "refresh token only"}[login]
		t.Run(name, func(t *testing.T) {
			total := 0
			synctest.Test(t, func(t *testing.T) {
				c := newCrashRun(login, 0)
				c.live(t)
				total = len(c.world.Steps)
			})
			if total < 40 {
				t.Fatalf("the scenario has %d steps only", total)
			}
			lost := 0
			for cut := 1; cut <= total; cut++ {
				for _, part := range []float64{0, 0.5, 1} {
					for _, torn := range []bool{true, false} {
						synctest.Test(t, func(t *testing.T) {
							c := newCrashRun(login, cut)
							c.live(t)
							steps := c.world.Steps
							c.world = &tokens.World{}
							c.disk = c.disk.AfterCut(c.world, part, torn)
							works := c.outcome(t)
							if !works {
								lost++
							}
							if !works && (login || !irreplaceable(steps)) {
								t.Errorf("cut after %q: the session is lost", steps[len(steps)-1])
							}
							if twice := c.upstream.twice(); twice != nil {
								t.Errorf("cut after %q (part %v, torn %v): sent twice: %v", steps[len(steps)-1], part, torn, twice)
							}
						})
					}
				}
			}
			t.Logf("%d steps, %d of %d cuts lost the session", total, lost, total*6)
		})
	}
}

func newCrashRun(login bool, cut int) *crashRun {
	world := &tokens.World{CutAt: cut}
	c := &crashRun{upstream: newMediaStore(), world: world, disk: tokens.NewCrashDisk(world)}
	if !login {
		c.first = c.upstream.seed()
	}
	return c
}

func TestPromise06NoTokenIsHandedOutBeforeItIsStored(t *testing.T) {
	for _, login := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			c := newCrashRun(login, 0)
			c.disk.Pause = time.Second
			session := c.start(t)
			var group sync.WaitGroup
			for range 20 {
				group.Go(func() {
					if err := session.Secure(t.Context()); err != nil {
						t.Error(err)
					}
					token, err := session.Current(time.Now(), nil)
					if err != nil || !c.disk.WasDurable(token.Value.Reveal()) {
						t.Errorf("a token was handed out before it was stored, %v", err)
					}
				})
				time.Sleep(250 * time.Millisecond)
			}
			group.Wait()
			if err := session.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A save that failed at its last step has put the refresh token on the disk.
func TestPromise06FailedSaveMayHaveHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrashRun(true, 0)
		broken := false
		c.disk.Fail = func(operation, _ string) error {
			if broken = broken || operation == "syncdir"; broken {
				return errors.New("input/output error")
			}
			return nil
		}
		session := c.start(t)
		a := &app{session: session, store: c.upstream}
		a.call(t.Context(), "GET /offers")
		c.upstream.revokeAll()
		c.upstream.fault = func(path string, _ int) fault {
			if path == "/auths/refresh_token" {
				return resetAfter
			}
			return noFault
		}
		if r := a.call(t.Context(), "GET /offers"); r.status != 200 {
			t.Errorf("a session that can log in: %+v", r)
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
		c.upstream.revokeAll()
		c.upstream.fault, c.disk.Fail = nil, nil
		if !c.outcome(t) {
			t.Error("the session is lost")
		}
		if twice := c.upstream.twice(); twice != nil {
			t.Errorf("sent twice: %v", twice)
		}
	})
}

func TestPromise06DiskFailsAtEveryStep(t *testing.T) {
	full := errors.New("no space left on device")
	for _, login := range []bool{true, false} {
		total := 0
		synctest.Test(t, func(t *testing.T) {
			c := newCrashRun(login, 0)
			c.live(t)
			total = len(c.world.Steps)
		})
		for failAt := 1; failAt <= total; failAt++ {
			synctest.Test(t, func(t *testing.T) {
				c := newCrashRun(login, 0)
				var free atomic.Bool
				c.disk.Fail = func(string, string) error {
					if !free.Load() && c.world.Length() >= failAt {
						return full
					}
					return nil
				}
				session := c.start(t)
				stop := run(t, session)
				a := &app{session: session, store: c.upstream}
				for range 3 {
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
					r := a.call(ctx, "GET /offers")
					cancel()
					if failure, ok := errors.AsType[*tokens.Failure](r.err); r.status != 200 && (login || !ok || failure.Category != tokens.Storage) {
						t.Errorf("disk full from step %d: %+v", failAt, r)
					}
					c.upstream.revokeAll()
				}
				// It heals by itself, and nothing was lost.
				free.Store(true)
				time.Sleep(2 * time.Minute)
				r := a.call(t.Context(), "GET /offers")
				token, _ := session.Current(time.Now(), nil)
				if r.status != 200 {
					t.Errorf("disk full from step %d, then free: %+v", failAt, r)
				}
				if !bytes.Contains(c.disk.Durable("session-service.json"), []byte(token.Value.Reveal())) {
					t.Errorf("disk full from step %d, then free: the session is not stored", failAt)
				}
				stop()
				if twice := c.upstream.twice(); twice != nil {
					t.Errorf("disk full from step %d: sent twice: %v", failAt, twice)
				}
				if left := slices.DeleteFunc(c.disk.Names(), func(name string) bool { return !strings.HasSuffix(name, ".claim") }); len(left) > 1 {
					t.Errorf("disk full from step %d: claims are left over: %v", failAt, left)
				}
			})
		}
	}
}
