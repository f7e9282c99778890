package tokens

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/cleengate/cleengate/internal/redact"
)

// Session is a customer session that cleengate owns: a JWT that is replaced
// before it expires, or when upstream refuses it. See the package comment for
// what it promises.
type Session struct {
	name     string
	header   HeaderForm
	source   Source
	store    Store
	reload   func(ctx context.Context) (SessionSecrets, error)
	poll     time.Duration
	deadline time.Duration
	logins   *LoginGate
	clock    *Clock
	known    func([]redact.Secret)
	metrics  Metrics
	log      *slog.Logger
	identity string
	jitter   func() float64 // in [0,1)

	current  atomic.Pointer[held]
	account  atomic.Pointer[account]
	doubt    atomic.Pointer[doubt] // of a token that was refused and not accepted since; nil: none
	troubled atomic.Bool           // caused holds something that an acceptance clears

	mu       sync.Mutex // guards what follows
	secrets  SessionSecrets
	login    Login
	running  *renewal
	failure  *Failure
	until    time.Time // the failure is remembered until then
	reread   time.Time // secrets were read at
	check    bool      // the secrets changed, see whether that matters
	causes   causes
	lineage  uint64 // accounts so far
	origin   string // of the current token
	idBase   uint64
	accounts string    // begins each account; unlike that of any other object
	trouble  string    // why the session is in memory only
	mendAt   time.Time // when to try to store it again
	closing  bool

	// What follows is touched by the one running renewal only.
	delays   *backoff.ExponentialBackOff
	pace     time.Duration // what a renewal takes
	spent    []string      // refresh tokens used by this process
	lockless bool          // broken locks were logged

	reloadFails atomic.Bool
	wake        chan struct{}      // tells Run that something changed
	life        context.Context    // ends at Close; what has been sent outlives it
	end         context.CancelFunc // ends life
	renewals    sync.WaitGroup
}

var _ Credential = (*Session)(nil)

// Name implements [Credential].
func (s *Session) Name() string { return s.name }

// Kind implements [Credential].
func (s *Session) Kind() Kind { return KindSession }

// Header implements [Credential].
func (s *Session) Header() HeaderForm { return s.header }

// Account implements [Credential]: it changes when a new refresh token is
// configured, which may be another customer's.
func (s *Session) Account() string { return s.account.Load().name }

// Holds implements [Credential]: all tokens of one account have one ID.
func (s *Session) Holds(id uint64) bool { return id == s.account.Load().id }

// account is who the tokens belong to, as far as one can know.
type account struct {
	name string
	id   uint64
}

// descend notes where the current token comes from. It needs mu.
func (s *Session) descend(origin string) {
	if s.origin != "" && s.origin != origin {
		s.lineage++
	}
	s.origin = origin
	s.account.Store(&account{
		name: s.accounts + "/" + strconv.FormatUint(s.lineage, 10),
		id:   s.idBase + s.lineage,
	})
}

// Current implements [Credential]. It takes no lock.
func (s *Session) Current(now time.Time, call *Call) (Token, error) {
	h := s.current.Load()
	if h == nil || h.token.Expired(now) {
		return Token{}, ErrExpired
	}
	if call != nil {
		call.token, call.held = h.token, h
	}
	return h.token, nil
}

// Status implements [Credential].
func (s *Session) Status() Status {
	status := Status{Name: s.name, Kind: KindSession}
	if h := s.current.Load(); h != nil {
		status.Generation = h.token.Generation
		status.Valid = !h.token.Expired(time.Now())
		status.ExpiresAt = h.token.Expires
		status.RenewedAt = h.renewed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.failure != nil:
		status.LastError = s.failure.Detail + " (" + string(s.failure.Category) + ")"
	case s.trouble != "":
		status.LastError = s.trouble
	}
	return status
}

// Close implements [Credential]. It waits for a renewal that is on its way, as
// its answer cannot be had twice; that takes no longer than its deadline.
func (s *Session) Close() error {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	s.end()
	s.renewals.Wait()
	return nil
}

// poke makes Run look again. It needs no lock.
func (s *Session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
