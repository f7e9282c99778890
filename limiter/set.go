package limiter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// maxBuckets bounds the buckets of a [Set].
const maxBuckets = 4096

// saveEvery is how often what was learned is written down, at most.
const saveEvery = time.Second

// Set holds the buckets of all limits, one for each credential that uses a limit,
// and keeps what they have learned. All methods may be called from any goroutine.
type Set struct {
	dir   string
	log   *slog.Logger
	dirty chan struct{}

	revision atomic.Uint64 // of the configuration

	mu      sync.Mutex // guards everything below
	configs map[string]Config
	buckets map[bucketKey]*Bucket
	saved   map[bucketKey]*bucketState // read back, and not asked for yet
	savedAt time.Time
	clean   bool
	closed  bool
	ran     bool      // Run was called
	drainBy time.Time // zero if not draining
	failed  error     // of the last attempt to save
}

type bucketKey struct{ limit, credential string }

// NewSet makes a set of the given limits, named by [Config.Name]. dir is where
// learned limits are kept; empty keeps them in memory. log may be nil.
func NewSet(configs []Config, dir string, log *slog.Logger) (*Set, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	s := &Set{dir: dir, log: log, dirty: make(chan struct{}, 1), buckets: make(map[bucketKey]*Bucket)}
	if err := s.Reconfigure(configs); err != nil {
		return nil, err
	}
	return s, nil
}

// Reconfigure replaces the limits. Buckets keep what they learned and who waits in
// them; those of a limit that is gone refuse further calls. On an error nothing
// changes.
func (s *Set) Reconfigure(configs []Config) error {
	byName := make(map[string]Config, len(configs))
	var errs []error
	for _, c := range configs {
		if _, twice := byName[c.Name]; twice {
			errs = append(errs, fmt.Errorf("limit %q is configured twice; give each its own name", c.Name))
		}
		errs = append(errs, c.Validate())
		byName[c.Name] = c
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.configs = byName
	s.revision.Add(1)
	for key, b := range s.buckets {
		cfg, ok := byName[key.limit]
		if !ok {
			delete(s.buckets, key)
			errs = append(errs, b.Close())
			continue
		}
		errs = append(errs, b.Reconfigure(cfg))
	}
	return errors.Join(errs...)
}

// Get is the bucket of a limit for a credential, made when it is first asked for.
// It is nil, which means no limiting, where no limit has that name. The number of
// buckets is bounded; past that, credentials share one.
func (s *Set) Get(limit, credential string) *Bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := bucketKey{limit, credential}
	if b := s.buckets[key]; b != nil {
		return b
	}
	cfg, ok := s.configs[limit]
	if !ok {
		return nil
	}
	if len(s.buckets) >= maxBuckets {
		key.credential = sharedName
		if b := s.buckets[key]; b != nil {
			return b
		}
	}
	b, err := NewBucket(cfg, displayName(key.credential), s.log)
	if err != nil {
		return nil // cannot be: the configuration was validated
	}
	b.changed = s.touch
	s.buckets[key] = b
	if was := s.saved[key]; was != nil {
		delete(s.saved, key)
		b.restore(was, max(0, time.Since(s.savedAt)), s.clean)
	}
	if s.closed || !s.drainBy.IsZero() {
		b.Drain(s.drainBy)
	}
	return b
}

// touch notes that there is something to save. It never blocks.
func (s *Set) touch() {
	select {
	case s.dirty <- struct{}{}:
	default:
	}
}

// Snapshot reports all buckets, by name and credential.
func (s *Set) Snapshot() []Snapshot {
	var list []Snapshot
	for _, b := range s.all() {
		list = append(list, b.Snapshot())
	}
	slices.SortFunc(list, func(a, b Snapshot) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Credential, b.Credential))
	})
	return list
}

func (s *Set) all() []*Bucket {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*Bucket, 0, len(s.buckets))
	for _, b := range s.buckets {
		list = append(list, b)
	}
	return list
}

// Load reads back what a process before this one has learned, before the first Get.
// It also notes that calls may leave from now on, which is why it writes. An error
// says what was wrong; the set works all the same.
func (s *Set) Load() error {
	if s.dir == "" {
		return nil
	}
	now := time.Now()
	was, err := readState(s.dir, now)
	if err != nil || was == nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = make(map[bucketKey]*bucketState)
	s.savedAt, s.clean = was.SavedAt, was.Clean
	if was.Clean {
		was.Clean = false
		err = writeState(s.dir, was)
	}
	if s.savedAt.After(now) {
		s.savedAt = now // a clock was set back: the worst is that no time has passed
	}
	for i := range min(len(was.Buckets), maxBuckets) {
		b := &was.Buckets[i]
		s.saved[bucketKey{b.Limit, b.Credential}] = b
	}
	return err
}

// Save writes down what was learned, now.
func (s *Set) Save() error { return s.save(false) }

func (s *Set) save(clean bool) error {
	if s.dir == "" {
		return nil
	}
	st := state{Version: stateVersion, SavedAt: time.Now().UTC(), Clean: clean}
	for _, b := range s.all() {
		st.Buckets = append(st.Buckets, b.export())
	}
	s.mu.Lock()
	for _, b := range s.saved { // of a credential that has not called yet
		old := *b
		passed := st.SavedAt.Sub(s.savedAt).Seconds()
		old.PausedSeconds = max(0, old.PausedSeconds-passed)
		old.Held = slices.Clone(old.Held)
		for i := range old.Held {
			old.Held[i].PausedSeconds = max(0, old.Held[i].PausedSeconds-passed)
		}
		st.Buckets = append(st.Buckets, old)
	}
	s.mu.Unlock()
	slices.SortFunc(st.Buckets, func(a, b bucketState) int {
		return cmp.Or(cmp.Compare(a.Limit, b.Limit), cmp.Compare(a.Credential, b.Credential))
	})
	err := writeState(s.dir, &st)
	s.mu.Lock()
	s.failed = err
	s.mu.Unlock()
	return err
}

// Err is the error of the last attempt to save, nil if it succeeded.
func (s *Set) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed
}

// Run saves what is learned until ctx ends. It sleeps while nothing is.
func (s *Set) Run(ctx context.Context) error {
	s.mu.Lock()
	s.ran = true
	s.mu.Unlock()
	complained := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.dirty:
		}
		err := s.Save()
		if err != nil && !complained {
			s.log.Warn("learned limits are not saved; after a restart they are learned anew", "error", err)
		}
		complained = err != nil
		timer := time.NewTimer(saveEvery)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// Drain refuses new calls and those that cannot leave by the given time.
func (s *Set) Drain(by time.Time) {
	s.mu.Lock()
	s.drainBy = by
	s.mu.Unlock()
	for _, b := range s.all() {
		b.Drain(by)
	}
}

// Close refuses everything that waits and, if Run was called, saves for the last
// time: a process that never served has learned nothing, and another one may be at
// work in the same directory. It is idempotent.
func (s *Set) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	ran := s.ran
	s.mu.Unlock()
	var errs []error
	for _, b := range s.all() {
		errs = append(errs, b.Close())
	}
	if ran {
		errs = append(errs, s.save(true))
	}
	return errors.Join(errs...)
}
