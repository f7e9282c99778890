package simulator

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options are set once, at the start. The zero value is useful.
type Options struct {
	// Knobs at the start; nil means DefaultKnobs.
	Knobs *Knobs
	// Seed of the random source; 0 is a seed like any other.
	Seed uint64
	// Empty leaves out the sample data of [Defaults], so there is no key and no
	// customer, but the offers' publisher exists.
	Empty bool
	// RecordArrivals is how many of the newest calls [Simulator.Arrivals] keeps;
	// 0 means 20000, negative none.
	RecordArrivals int
}

// Simulator is an [http.Handler] that behaves as Cleeng does. All methods may be
// used at the same time from several goroutines. It starts no goroutine.
//
// Faults that break a connection take it over if they can, else they panic with
// [http.ErrAbortHandler], as a handler under net/http may.
type Simulator struct {
	opts    Options
	knobs   atomic.Pointer[Knobs] // never changed in place
	random  *random
	tally   *tally
	routes  []*route
	methods map[string]rpcMethod
	closed  chan struct{}
	once    sync.Once

	// mu guards the data, the quotas and the fault counts.
	mu     sync.Mutex
	world  *world
	quotas quotas
	limits []Limit // of the present knobs, with defaults filled in
	faults []faultCount
}

var _ http.Handler = (*Simulator)(nil)

// New returns a simulator with the sample data. It panics with a [*KnobError] if
// opts.Knobs is invalid; a program that takes knobs from a user calls
// [Knobs.Validate] first.
func New(opts Options) *Simulator {
	knobs := DefaultKnobs()
	if opts.Knobs != nil {
		knobs = opts.Knobs.clone()
	}
	if err := knobs.Validate(); err != nil {
		panic(err)
	}
	if opts.RecordArrivals == 0 {
		opts.RecordArrivals = 20000
	}
	s := &Simulator{opts: opts, random: newRandom(opts.Seed), tally: newTally(time.Now(), opts.RecordArrivals), closed: make(chan struct{})}
	s.routes, s.methods = allRoutes(), rpcMethods()
	s.setKnobs(knobs)
	s.resetData()
	return s
}

// Close ends calls that hang on purpose. It may be called more than once; the
// simulator goes on answering other calls.
func (s *Simulator) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// Knobs returns a copy of the present knobs.
func (s *Simulator) Knobs() Knobs { return s.knobs.Load().clone() }

// Tune changes knobs while the simulator runs. The change holds for calls that
// arrive afterwards. If the result is invalid nothing changes and the error is
// a [*KnobError].
func (s *Simulator) Tune(change func(k *Knobs)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.Knobs()
	change(&k)
	if err := k.Validate(); err != nil {
		return err
	}
	s.setKnobs(k.clone())
	return nil
}

// Patch applies a JSON merge patch (RFC 7396) to the knobs: objects merge,
// everything else replaces, null puts the default back. On error nothing changes.
func (s *Simulator) Patch(patch []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.Knobs()
	if err := k.merge(patch, DefaultKnobs()); err != nil {
		return err
	}
	if err := k.Validate(); err != nil {
		return err
	}
	s.setKnobs(k)
	return nil
}

// setKnobs needs mu, or a simulator that nobody else knows yet.
func (s *Simulator) setKnobs(k Knobs) {
	if old := s.knobs.Load(); old == nil || !reflect.DeepEqual(old.Faults, k.Faults) {
		s.faults = make([]faultCount, len(k.Faults))
	}
	s.limits = nil
	for i, l := range k.Quota.Limits {
		s.limits = append(s.limits, l.normal(i))
	}
	s.knobs.Store(&k)
}

// resetData needs mu, or a simulator that nobody else knows yet.
func (s *Simulator) resetData() {
	s.world = newWorld()
	s.world.jwtKey = s.random.bytes(32)
	if !s.opts.Empty {
		s.world.seed(time.Now().Truncate(time.Second))
	}
	s.quotas = quotas{counters: map[string]*counter{}}
}

// Reset says what to put back to the start.
type Reset struct {
	Counters bool `json:"counters"` // counters and recorded arrivals
	Data     bool `json:"data"`     // customers, orders, keys, tokens; old JWTs become invalid
	Quotas   bool `json:"quotas"`   // what the limits have counted
	Knobs    bool `json:"knobs"`    // to the Options
}

// Reset puts back what is asked for.
func (s *Simulator) Reset(what Reset) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if what.Counters {
		s.tally.reset(time.Now())
	}
	if what.Data {
		s.resetData()
	}
	if what.Quotas {
		clear(s.quotas.counters)
	}
	if what.Knobs {
		k := DefaultKnobs()
		if s.opts.Knobs != nil {
			k = s.opts.Knobs.clone()
		}
		s.setKnobs(k)
		s.faults = make([]faultCount, len(k.Faults))
	}
}

// Counters returns what has happened since the start or the last reset.
func (s *Simulator) Counters() Counters {
	c := s.tally.snapshot()
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Foreign = s.quotas.foreign()
	return c
}

// Arrivals returns the newest calls in the order of their arrival.
func (s *Simulator) Arrivals() []Arrival {
	list := s.tally.arrivals()
	slices.SortFunc(list, func(a, b Arrival) int { return a.Seq - b.Seq })
	return list
}

// CarriedOut tells how often a write with this natural key was carried out, such
// as CarriedOut("externalId", "abc") or CarriedOut("Idempotency-Key", "k1").
func (s *Simulator) CarriedOut(field, value string) int { return s.tally.carried(field + ":" + value) }

// clone copies a Knobs value with all that it refers to.
func (k Knobs) clone() Knobs {
	k.Credentials.Denied = slices.Clone(k.Credentials.Denied)
	k.Quota.Limits = slices.Clone(k.Quota.Limits)
	for i := range k.Quota.Limits {
		k.Quota.Limits[i].By = slices.Clone(k.Quota.Limits[i].By)
		k.Quota.Limits[i].Surfaces = slices.Clone(k.Quota.Limits[i].Surfaces)
	}
	k.Quota.Dialects = slices.Clone(k.Quota.Dialects)
	k.Faults = slices.Clone(k.Faults)
	for i := range k.Faults {
		k.Faults[i].Headers = cloneLists(k.Faults[i].Headers)
	}
	k.HTTP.Headers = cloneLists(k.HTTP.Headers)
	k.Data.Countries = maps.Clone(k.Data.Countries)
	return k
}

func cloneLists(m map[string][]string) map[string][]string {
	out := maps.Clone(m)
	for name, v := range out {
		out[name] = slices.Clone(v)
	}
	return out
}
