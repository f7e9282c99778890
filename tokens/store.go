package tokens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

var (
	// ErrClaimed means that the refresh token has been sent before, or is being sent.
	ErrClaimed = errors.New("the refresh token has been used before")
	// ErrNotStored means that nothing of the record will be found later. Other errors of
	// Save leave that open.
	ErrNotStored = errors.New("the session is not stored")
	// ErrLocked means that another process held the lock for as long as one could wait.
	ErrLocked = errors.New("another process holds the lock of the session")
	// ErrLockBroken means that there is no working lock. It does not mean that somebody
	// holds it.
	ErrLockBroken = errors.New("the state directory has no working file locks")
)

// Record is what a session keeps. The zero Record is an absent one.
type Record struct {
	// Identity tells sessions of different logins apart; see [Store].
	Identity string
	// Origin is the digest of the configured refresh token that the session
	// descends from, or "login".
	Origin     string
	Generation uint64
	Token      redact.Secret
	Refresh    redact.Secret
	// Renewed is the local time of issue, Lifetime what the token had then.
	// Zero where the token has no readable expiry.
	Renewed  time.Time
	Lifetime time.Duration
	// Offset is what upstream's clock was ahead of the local one.
	Offset time.Duration
	// Spent are the digests of the refresh tokens used last, oldest first.
	Spent []string
}

// Store keeps the record of one session and guards the single use of its
// refresh tokens. Methods other than Lock are called with the lock held, or
// without one where [ErrLockBroken] was returned.
//
// An implementation holds to this, whenever its process ends: when Claim has
// returned nil, every later Claim of that digest, by any process, returns
// [ErrClaimed], until Withdraw or until a Save that names it as spent. When
// Save has returned nil, every later Load returns that record.
type Store interface {
	// Lock takes the session's lock among all processes. It waits as long as
	// ctx lasts. Errors: [ErrLocked], [ErrLockBroken].
	Lock(ctx context.Context) (unlock func(), err error)
	// Load returns the record. One that cannot be read or has another
	// identity is put aside under another name, and counts as absent.
	Load(identity string) (Record, error)
	// Claim notes that a refresh token is about to be sent. A lasting claim
	// stays in force after Save.
	Claim(digest string, lasting bool) error
	// Withdraw takes a claim back: the token was not used after all.
	Withdraw(digest string, lasting bool) error
	// Claimed reports whether a claim on digest is in force.
	Claimed(digest string) (bool, error)
	// Save replaces the record, then ends the claims that do not last on the
	// tokens it lists as spent. Errors: [ErrNotStored] if that is certain.
	Save(record Record) error
}

// digest is the name under which a refresh token is remembered.
func digest(refresh redact.Secret) string {
	sum := sha256.Sum256([]byte("cleengate refresh token\x00" + refresh.Reveal()))
	return hex.EncodeToString(sum[:16])
}

// MemoryStore is a [Store] that ends with its process. Use [NewMemoryStore].
type MemoryStore struct {
	lock chan struct{}

	mu     sync.Mutex // guards what follows
	record Record
	claims map[string]bool // digest to lasting
}

var _ Store = (*MemoryStore)(nil)

// NewMemoryStore returns an empty store. Safe for concurrent use.
func NewMemoryStore() *MemoryStore {
	return &MemoryStore{lock: make(chan struct{}, 1), claims: make(map[string]bool)}
}

// Lock implements [Store].
func (m *MemoryStore) Lock(ctx context.Context) (unlock func(), err error) {
	select {
	case m.lock <- struct{}{}:
		return func() { <-m.lock }, nil
	case <-ctx.Done():
		return nil, ErrLocked
	}
}

// Load implements [Store].
func (m *MemoryStore) Load(identity string) (Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.record.Identity != identity {
		return Record{}, nil
	}
	return m.record, nil
}

// Claim implements [Store].
func (m *MemoryStore) Claim(digest string, lasting bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, claimed := m.claims[digest]; claimed {
		return ErrClaimed
	}
	m.claims[digest] = lasting
	return nil
}

// Withdraw implements [Store].
func (m *MemoryStore) Withdraw(digest string, _ bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.claims, digest)
	return nil
}

// Claimed implements [Store].
func (m *MemoryStore) Claimed(digest string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, claimed := m.claims[digest]
	return claimed, nil
}

// Save implements [Store].
func (m *MemoryStore) Save(record Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.record = record
	for _, digest := range record.Spent {
		if !m.claims[digest] {
			delete(m.claims, digest)
		}
	}
	return nil
}
