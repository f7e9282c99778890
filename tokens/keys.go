package tokens

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// KeysConfig configures [Keys].
type KeysConfig struct {
	// Name of the credential. Required.
	Name string
	// Kind is KindPublisherToken or KindHeader. Required.
	Kind Kind
	// Header is where the value goes. Zero: [PublisherTokenForm] for
	// publisher tokens; required for KindHeader.
	Header HeaderForm
	// Values in order of preference. Empty: calls pass without a credential.
	Values []redact.Secret
	// Reload reads the values anew. It is asked every Poll, and at once when a
	// call is refused. An empty list or an error leaves the last values in
	// place. Nil: values change by [Keys.SetKeys] only.
	Reload func(ctx context.Context) ([]redact.Secret, error)
	// Poll is the period of Reload while Run runs. Zero: never.
	Poll time.Duration
	// Log takes what an operator should know. Nil: nowhere.
	Log *slog.Logger
}

// Keys is a credential of one or more static values. A value is never given
// up: where no better one is at hand the call goes out with it, and upstream's
// refusal goes back. Another value is preferred only after it was accepted on
// the very call that was refused before.
type Keys struct {
	name   string
	kind   Kind
	header HeaderForm
	reload func(ctx context.Context) ([]redact.Secret, error)
	poll   time.Duration
	log    *slog.Logger

	state    atomic.Pointer[keyset]
	troubled atomic.Bool // verdicts holds something that an acceptance clears

	mu         sync.Mutex // guards what follows, and writes to state
	verdicts   verdicts
	generation uint64
	lineage    uint64
	lastID     uint64
	origin     string // begins each account; unlike that of any other object
	changed    time.Time

	reloading   chan struct{} // holds one element while a reload runs
	reloadFails atomic.Bool
	closed      chan struct{}
	closeOnce   sync.Once
}

var _ Credential = (*Keys)(nil)

// NewKeys validates cfg. It reads no file; the values come with cfg.
func NewKeys(cfg KeysConfig) (*Keys, error) {
	if cfg.Kind != KindPublisherToken && cfg.Kind != KindHeader {
		return nil, fmt.Errorf("credential %s: kind %q has no static values; it must be %s or %s",
			cfg.Name, cfg.Kind, KindPublisherToken, KindHeader)
	}
	if cfg.Header.Name == "" {
		if cfg.Kind == KindHeader {
			return nil, fmt.Errorf("credential %s: no header name is given; set name", cfg.Name)
		}
		cfg.Header = PublisherTokenForm()
	}
	cfg.Header.Name = http.CanonicalHeaderKey(cfg.Header.Name)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	k := &Keys{
		name:      cfg.Name,
		kind:      cfg.Kind,
		header:    cfg.Header,
		reload:    cfg.Reload,
		poll:      cfg.Poll,
		log:       cfg.Log.With(slog.String("credential", cfg.Name)),
		reloading: make(chan struct{}, 1),
		closed:    make(chan struct{}),
		origin:    rand.Text(),
		lastID:    randomID(),
	}
	k.state.Store(&keyset{})
	if err := k.SetKeys(cfg.Values); err != nil {
		return nil, err
	}
	return k, nil
}

// SetKeys replaces the values. A list that differs from the present one starts
// afresh with its first value; verdicts on the old one are forgotten. On error
// nothing changes. An empty list makes calls pass without a credential.
func (k *Keys) SetKeys(values []redact.Secret) error {
	values, err := validKeys(k.kind, values)
	if err != nil {
		return fmt.Errorf("credential %s: %w", k.name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.state.Load()
	next, kept := k.build(old, values)
	if next == nil {
		return nil
	}
	k.changed = time.Now()
	k.verdicts = verdicts{}
	k.troubled.Store(false)
	k.state.Store(next)
	if len(old.keys) > 0 {
		k.log.Info("the keys of the credential changed",
			slog.Int("keys", len(next.keys)), slog.Int("kept", kept), slog.Uint64("generation", k.generation))
	}
	return nil
}

// build returns the set for values and how many of them old had, or nil if
// they are the same list. It needs mu.
func (k *Keys) build(old *keyset, values []redact.Secret) (next *keyset, kept int) {
	same := len(values) == len(old.keys)
	next = &keyset{}
	for i, value := range values {
		at := old.find(value)
		same = same && at == i
		if at >= 0 {
			kept++
			next.keys = append(next.keys, old.keys[at])
			continue
		}
		k.lastID++
		next.keys = append(next.keys, &key{id: k.lastID, value: value})
	}
	if same {
		return nil, kept
	}
	k.generation++
	// A rotation overlaps: the new key is added before the old one goes. A
	// list with nothing in common may be another publisher's.
	if kept == 0 {
		k.lineage++
	}
	if len(next.keys) > 0 {
		next.account = k.origin + "/" + strconv.FormatUint(k.lineage, 10)
	}
	for i, one := range next.keys {
		token := newToken(k.header, one.value)
		token.Generation, token.Key, token.ID = k.generation, i, one.id
		next.tokens = append(next.tokens, token)
	}
	return next, kept
}

// Name implements [Credential].
func (k *Keys) Name() string { return k.name }

// Kind implements [Credential].
func (k *Keys) Kind() Kind { return k.kind }

// Header implements [Credential].
func (k *Keys) Header() HeaderForm { return k.header }

// Account implements [Credential]: it changes when a new list of values has
// nothing in common with the old one.
func (k *Keys) Account() string { return k.state.Load().account }

// Holds implements [Credential]: each value has an ID of its own.
func (k *Keys) Holds(id uint64) bool {
	for _, token := range k.state.Load().tokens {
		if token.ID == id {
			return true
		}
	}
	return false
}

// Secure implements [Credential]: there is nothing to wait for.
func (k *Keys) Secure(context.Context) error { return nil }

// Current implements [Credential]. It takes no lock.
func (k *Keys) Current(_ time.Time, call *Call) (Token, error) {
	set := k.state.Load()
	if call == nil {
		call = &Call{}
	}
	at := set.choose(call.Where, call.refused)
	switch {
	case len(set.keys) == 0:
		call.token, call.key = Token{}, nil
		return Token{}, ErrNoToken
	case at < 0:
		// Refused with all of them, and sent again for another reason.
		at = set.head
	}
	call.token, call.key = set.tokens[at], set.keys[at]
	return call.token, nil
}

// Status implements [Credential].
func (k *Keys) Status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	return Status{
		Name:       k.name,
		Kind:       k.kind,
		Generation: k.generation,
		Valid:      len(k.state.Load().keys) > 0 && !k.verdicts.suspect,
		RenewedAt:  k.changed,
		LastError:  k.verdicts.lastError,
	}
}
