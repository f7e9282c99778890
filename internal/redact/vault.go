package redact

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// A replaced secret can still turn up: in an answer under way, in an app
	// that was not told, in an export of yesterday's failures.
	keepSuperseded = 24 * time.Hour
	maxSuperseded  = 256
)

// Vault is the set of secrets that the process holds. It finds them in text
// and takes them out. Owners announce their values with [Vault.Set]; reading
// never waits for that, as it works on a snapshot.
//
// Values shorter than [MinSearch] bytes are accepted and not searched for.
// A Vault is safe for concurrent use.
type Vault struct {
	current atomic.Pointer[matcher]
	version atomic.Uint64

	mu         sync.Mutex // guards what follows, and building of current
	owners     map[string][]Secret
	superseded []retired // oldest first
}

type retired struct {
	owner  string
	secret Secret
	since  time.Time
}

// NewVault returns an empty vault.
func NewVault() *Vault {
	return &Vault{owners: make(map[string][]Secret)}
}

// Set replaces the secrets of owner, such as "credential publisher"; none
// removes the owner. The values that it had before stay known for a day, at
// most 256 of all owners together. The owner's name is printed where one of
// its secrets is found, so it must not be secret itself.
func (v *Vault) Set(owner string, secrets ...Secret) {
	secrets = slices.DeleteFunc(slices.Clone(secrets), Secret.IsZero)
	v.mu.Lock()
	defer v.mu.Unlock()
	before := v.owners[owner]
	if slices.EqualFunc(before, secrets, Secret.Equal) {
		return
	}
	now := time.Now()
	for _, s := range before {
		if !slices.ContainsFunc(secrets, s.Equal) {
			v.superseded = append(v.superseded, retired{owner: owner, secret: s, since: now})
		}
	}
	if len(secrets) == 0 {
		delete(v.owners, owner)
	} else {
		v.owners[owner] = secrets
	}
	v.superseded = slices.DeleteFunc(v.superseded, func(r retired) bool { return now.Sub(r.since) > keepSuperseded })
	if n := len(v.superseded) - maxSuperseded; n > 0 {
		v.superseded = slices.Delete(v.superseded, 0, n)
	}
	v.current.Store(compile(v.patterns()))
	v.version.Add(1) // after it: who reads the new number searches with the new set
}

// Version is another number whenever the set has changed. What was found free
// of secrets after reading it stays so as long as it stays the same. A nil
// Vault never changes.
func (v *Vault) Version() uint64 {
	if v == nil {
		return 0
	}
	return v.version.Load()
}

func (v *Vault) patterns() []pattern {
	var out []pattern
	known := make(map[string]bool)
	add := func(owner string, s Secret) {
		if value := s.Reveal(); !known[value] {
			known[value] = true
			out = append(out, spellings(owner, value)...)
		}
	}
	for owner, secrets := range v.owners {
		for _, s := range secrets {
			add(owner, s)
		}
	}
	for _, r := range v.superseded {
		add(r.owner+" (superseded)", r.secret)
	}
	return out
}

// Find reports whether text holds one of the secrets, and as which owner and
// spelling, for example "credential publisher: base64".
func (v *Vault) Find(text []byte) (rule string, found bool) {
	s := search{known: [2]*matcher{v.snapshot()}}
	if spans := s.run(stringOf(text)); len(spans) > 0 {
		return spans[0].rule, true
	}
	return "", false
}

// Scrub returns text with every known secret replaced by [Mask]. Where there
// is none it returns text itself, else a new slice.
func (v *Vault) Scrub(text []byte) []byte {
	s := search{known: [2]*matcher{v.snapshot()}}
	if out, changed := s.scrub(stringOf(text), plainMask); changed {
		return []byte(out)
	}
	return text
}

// ScrubString is Scrub for a string.
func (v *Vault) ScrubString(text string) string {
	s := search{known: [2]*matcher{v.snapshot()}}
	out, _ := s.scrub(text, plainMask)
	return out
}

func (v *Vault) snapshot() *matcher {
	if v == nil {
		return nil
	}
	return v.current.Load()
}

func plainMask(string) string { return Mask }
