package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

// processes returns n sessions on one disk, as n processes would have them.
func processes(t *testing.T, n int, upstream *mediaStore, disk *tokens.CrashDisk, first string) (apps []*app) {
	t.Helper()
	for range n {
		store, err := tokens.NewFileStoreOn(tokens.FileStoreConfig{Name: "service"}, disk)
		if err != nil {
			t.Fatal(err)
		}
		session := newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			if first != "" {
				refreshOnly(first)(cfg)
			}
			cfg.Store = store
		})
		apps = append(apps, &app{session: session, store: upstream})
	}
	return apps
}

func TestPromise06ProcessesShareOneSession(t *testing.T) {
	for _, lock := range []error{nil, tokens.ErrLockBroken} {
		for _, login := range []bool{true, false} {
			t.Run(fmt.Sprintf("lock error %v, login %v", lock, login), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					upstream := newMediaStore()
					upstream.life = 20 * time.Second
					disk := tokens.NewCrashDisk(&tokens.World{})
					disk.LockErr, disk.Pause = lock, 3*time.Millisecond
					first := ""
					if !login {
						first = upstream.seed()
					}
					apps := processes(t, 3, upstream, disk, first)
					var stops []func()
					for _, a := range apps {
						stops = append(stops, run(t, a.session))
					}
					var group sync.WaitGroup
					for i := range 300 {
						for _, a := range apps {
							group.Go(func() {
								// With a broken lock and no login a process that comes too late has to
								// wait for its next look at the disk.
								if r := a.call(t.Context(), "GET /offers"); r.status != 200 && (lock == nil || login) {
									t.Errorf("the app saw %+v", r)
								}
							})
						}
						if i == 150 {
							upstream.revokeAll()
						}
						time.Sleep(time.Second)
					}
					group.Wait()
					for _, stop := range stops {
						stop()
					}
					if twice := upstream.twice(); twice != nil {
						t.Errorf("sent twice: %v", twice)
					}
					if logins, refreshes := upstream.counts(); lock == nil && logins+refreshes > 25 {
						t.Errorf("3 processes needed %d logins and %d refreshes in 5 minutes of 20 s tokens", logins, refreshes)
					}
				})
			})
		}
	}
}

// hooked lets something happen at the worst moment, where locks do not work.
type hooked struct {
	tokens.Store
	beforeClaim func()
}

func (h hooked) Lock(context.Context) (func(), error) { return func() {}, tokens.ErrLockBroken }

func (h hooked) Claim(digest string, lasting bool) error {
	h.beforeClaim()
	return h.Store.Claim(digest, lasting)
}

func TestPromise06WithoutLocksTheSlowerProcessLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		disk := tokens.NewCrashDisk(&tokens.World{})
		disk.LockErr = tokens.ErrLockBroken
		refresh := upstream.seed()
		fast := processes(t, 1, upstream, disk, refresh)[0]
		store, err := tokens.NewFileStoreOn(tokens.FileStoreConfig{Name: "service"}, disk)
		if err != nil {
			t.Fatal(err)
		}
		if r := fast.call(t.Context(), "GET /offers"); r.status != 200 {
			t.Fatalf("%+v", r)
		}
		upstream.revokeAll()
		overtake := sync.OnceFunc(func() {
			if r := fast.call(t.Context(), "GET /offers"); r.status != 200 {
				t.Errorf("the faster process: %+v", r)
			}
		})
		slow := &app{store: upstream, session: newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			refreshOnly(refresh)(cfg)
			cfg.Store = hooked{store, overtake}
		})}
		if r := slow.call(t.Context(), "GET /offers"); r.status != 200 {
			t.Errorf("the slower process: %+v", r)
		}
		if twice := upstream.twice(); twice != nil {
			t.Errorf("sent twice: %v", twice)
		}
		if err := errors.Join(fast.session.Close(), slow.session.Close()); err != nil {
			t.Error(err)
		}
	})
}

func TestSessionConfiguredTokenWinsOnlyIfNew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		disk := tokens.NewCrashDisk(&tokens.World{})
		first, second := upstream.seed(), upstream.seed()
		use := func(configured string) (generation uint64) {
			t.Helper()
			a := processes(t, 1, upstream, disk, configured)[0]
			if r := a.call(t.Context(), "GET /offers"); r.status != 200 {
				t.Fatalf("the app saw %+v", r)
			}
			if err := a.session.Close(); err != nil {
				t.Error(err)
			}
			return a.session.Status().Generation
		}
		for _, step := range []struct {
			configured string
			want       uint64
		}{
			{first, 1},  // new
			{first, 1},  // seen: the stored session goes on
			{second, 2}, // new: wins
			{second, 2}, // seen
			{first, 2},  // an old one put back
		} {
			if got := use(step.configured); got != step.want {
				t.Fatalf("with %s the generation is %d, want %d", step.configured, got, step.want)
			}
		}
		// One of the chain, put into the file by hand.
		upstream.revokeAll()
		if got := use(second); got != 3 {
			t.Fatalf("generation = %d", got)
		}
		for used, n := range upstream.uses {
			if n != 1 {
				t.Fatalf("%s was sent %d times", used, n)
			}
			use(used)
		}
		if twice := upstream.twice(); twice != nil {
			t.Errorf("sent twice: %v", twice)
		}
	})
}

func TestSessionRestartUsesTheStoredToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
			upstream := newMediaStore()
			upstream.skew = skew
			disk := tokens.NewCrashDisk(&tokens.World{})
			var generation uint64
			for restart := range 10 {
				a := processes(t, 1, upstream, disk, "")[0]
				stop := run(t, a.session)
				if r := a.call(t.Context(), "GET /offers"); r.status != 200 || r.sent != 1 {
					t.Errorf("skew %v, start %d: %+v", skew, restart, r)
				}
				time.Sleep(time.Minute)
				generation = a.session.Status().Generation
				stop()
			}
			if logins, refreshes := upstream.counts(); logins != 1 || refreshes > 1 || uint64(logins+refreshes) != generation {
				t.Errorf("skew %v: 10 starts in 10 minutes cost %d logins and %d refreshes", skew, logins, refreshes)
			}
			// Off for longer than the token lives.
			time.Sleep(time.Hour)
			a := processes(t, 1, upstream, disk, "")[0]
			if r := a.call(t.Context(), "GET /offers"); r.status != 200 || r.sent != 1 {
				t.Errorf("skew %v, after an hour off: %+v", skew, r)
			}
			if err := a.session.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestSessionOfAnotherLoginIsNotUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		store := tokens.NewMemoryStore()
		one := newSession(t, upstream, func(cfg *tokens.SessionConfig) { cfg.Store = store })
		if err := one.Secure(t.Context()); err != nil {
			t.Fatal(err)
		}
		other := newSession(t, upstream, func(cfg *tokens.SessionConfig) {
			cfg.Store = store
			cfg.Login = tokens.Login{Email: "other@example.com", Password: redact.New(password)}
		})
		if got := category(t, other, time.Second); got != tokens.Permanent {
			t.Errorf("category = %s: it must log in, and that fails", got)
		}
		if one.Account() == other.Account() {
			t.Error("two logins are one account")
		}
		if err := one.Close(); err != nil {
			t.Error(err)
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	})
}
