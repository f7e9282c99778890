package tokens_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

const childVariable = "TOKENS_TEST_CHILD"

// TestMain lets the test binary be the program that gets killed.
func TestMain(m *testing.M) {
	if settings, ok := os.LookupEnv(childVariable); ok {
		if err := child(settings); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child uses a session without end, on a real disk and a real network.
func child(settings string) error {
	part := strings.SplitN(settings, "|", 3) // state directory, URL, configured refresh token
	transport := &http.Transport{}
	source, err := tokens.NewMediaStore(part[1], transport)
	if err != nil {
		return err
	}
	store, err := tokens.NewFileStore(tokens.FileStoreConfig{Dir: part[0], Name: "service", Key: redact.New("state key")})
	if err != nil {
		return err
	}
	cfg := tokens.SessionConfig{Name: "service", Source: source, Upstream: part[1], Store: store}
	if cfg.RefreshToken = redact.New(part[2]); cfg.RefreshToken.IsZero() {
		cfg.Login = tokens.Login{Email: email, Password: redact.New(password)}
	}
	session, err := tokens.NewSession(cfg)
	if err != nil {
		return err
	}
	for {
		if err := childCall(session, transport, part[1]); err != nil {
			return err
		}
	}
}

func childCall(session *tokens.Session, transport http.RoundTripper, base string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	call := &tokens.Call{Where: tokens.Where{Upstream: "mediastore", Endpoint: "GET /offers"}}
	for {
		if err := session.Secure(ctx); err != nil {
			return err
		}
		token, err := session.Current(time.Now(), call)
		if err != nil {
			return err
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/offers", nil)
		if err != nil {
			return err
		}
		session.Header().Set(request.Header, token)
		response, err := transport.RoundTrip(request)
		if err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if tokens.Accepts(response.StatusCode) {
			session.Accepted(call)
			return nil
		}
		again, err := session.Rejected(ctx, call)
		if !again {
			return err
		}
	}
}

// killer serves a mediaStore on loopback, revokes often so that renewals
// follow each other, and reports the stages at which to kill.
type killer struct {
	store  *mediaStore
	stages chan string // "before", "after", "answered", "accepted"
	over   chan struct{}
}

func (k *killer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.URL.Path == "/offers" {
		if !k.store.authorize(strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		k.reach("accepted")
		k.store.revokeAll()
		return
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	k.reach("before")
	response := k.store.handle(request.URL.Path, body)
	k.reach("after")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
	_ = http.NewResponseController(w).Flush()
	k.reach("answered")
}

// reach waits until the test has decided about a stage.
func (k *killer) reach(stage string) {
	select {
	case k.stages <- stage:
	case <-k.over:
	}
}

func TestPromise06KilledProcesses(t *testing.T) {
	for _, login := range []bool{true, false} {
		t.Run(fmt.Sprintf("login %v", login), func(t *testing.T) {
			upstream := newMediaStore()
			k := &killer{store: upstream, stages: make(chan string), over: make(chan struct{})}
			server := httptest.NewServer(k)
			defer server.Close()
			defer close(k.over)
			dir, first := t.TempDir(), ""
			worked := 0
			for round := range 20 {
				if !login {
					first = upstream.seed() // the operator puts in a new one each time
				}
				if k.round(t, dir+"|"+server.URL+"|"+first) {
					worked++
				} else {
					t.Errorf("round %d: the process ended by itself without a session", round)
				}
			}
			if twice := upstream.twice(); twice != nil {
				t.Errorf("sent twice: %v", twice)
			}
			t.Logf("%d rounds, %d refresh tokens used", worked, len(upstream.uses))
			if len(upstream.uses) < worked/2 {
				t.Errorf("only %d refreshes in %d rounds", len(upstream.uses), worked)
			}
		})
	}
}

// round runs two processes on one state directory and kills both at a random
// stage, or a little after it. It reports whether a call was accepted before.
func (k *killer) round(t *testing.T, settings string) (accepted bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ended := make(chan error, 2)
	for range 2 {
		command := exec.CommandContext(ctx, os.Args[0])
		command.Env = append(os.Environ(), childVariable+"="+settings)
		var complaint strings.Builder
		command.Stderr = &complaint
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		go func() {
			if err := command.Wait(); ctx.Err() == nil {
				ended <- errors.Join(err, errors.New(complaint.String()))
				return
			}
			ended <- nil
		}()
	}
	target, extra := 3+rand.IntN(20), time.Duration(rand.IntN(4000))*time.Microsecond
	alive := 2
	for stage := 0; stage < target || !accepted; stage++ {
		select {
		case name := <-k.stages:
			accepted = accepted || name == "accepted"
		case err := <-ended:
			t.Logf("a process ended by itself: %v", err)
			if alive--; alive == 0 {
				return accepted
			}
		case <-ctx.Done():
			t.Error("no progress for a minute")
			return false
		}
	}
	timer := time.NewTimer(extra)
	defer timer.Stop()
	var drain sync.WaitGroup
	stop := make(chan struct{})
	drain.Go(func() {
		for {
			select {
			case <-k.stages: // those that are on their way go on
			case <-stop:
				return
			}
		}
	})
	<-timer.C
	cancel() // SIGKILL
	for ; alive > 0; alive-- {
		<-ended
	}
	close(stop)
	drain.Wait()
	return accepted
}
