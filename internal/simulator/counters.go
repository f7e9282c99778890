package simulator

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Counters is a snapshot of what has happened since the start or the last reset.
// It owns its maps and slices.
type Counters struct {
	Since time.Time `json:"since"`
	// Arrivals are calls that reached the server, whatever became of them.
	Arrivals int `json:"arrivals"`
	// ArrivalsPer100ms begins at Since, one element per 100 ms, without the
	// empty end, for the first 90 minutes.
	ArrivalsPer100ms []int `json:"arrivals_per_100ms"`
	// InFlight are calls that arrived and have no answer header yet.
	InFlight     int `json:"in_flight"`
	InFlightPeak int `json:"in_flight_peak"`
	// Endpoints are keyed by "METHOD template".
	Endpoints map[string]EndpointCount `json:"endpoints"`
	// Credentials counts calls by credential, then by endpoint. Credentials have
	// names (key:first, customer:100000001, none, unknown), never values.
	Credentials map[string]map[string]int `json:"credentials"`
	Statuses    map[int]int               `json:"statuses"`

	Logins         int `json:"logins"`
	Registrations  int `json:"registrations"`
	Refreshes      int `json:"refreshes"`       // that gave a new pair
	RefreshReuse   int `json:"refresh_reuse"`   // of a token that was already used
	RefreshRefused int `json:"refresh_refused"` // of a token that is unknown, expired or revoked
	Unauthorized   int `json:"unauthorized"`    // 401 answers, and JSON-RPC elements with code 1 or 3
	Throttled      int `json:"throttled"`       // calls refused by a quota or a throttle fault
	Captchas       int `json:"captchas"`        // 429 with CPT0001 or CPT0002
	Foreign        int `json:"foreign"`         // calls that another consumer took from the quotas

	RPCCalls  int         `json:"rpc_calls"` // elements, single or in a batch
	RPCErrors map[int]int `json:"rpc_errors"`

	Writes WriteCount     `json:"writes"`
	Faults map[string]int `json:"faults"` // strikes by kind
}

// EndpointCount counts the calls of one endpoint.
type EndpointCount struct {
	Arrivals int         `json:"arrivals"`
	Handled  int         `json:"handled"` // carried out: no fault, quota or credential stopped them
	Statuses map[int]int `json:"statuses"`
}

// WriteCount tells which writes were carried out more than once. A write is
// known by its natural keys (Idempotency-Key, externalId, externalPaymentId,
// transactionId, Correlation-Id), and by a digest of method, path and body.
type WriteCount struct {
	CarriedOut int `json:"carried_out"`
	// Duplicates has every natural key ("externalId:abc") that was carried out
	// more than once, with the number of times.
	Duplicates map[string]int `json:"duplicates"`
	// DuplicateBodies likewise by digest; two equal writes may be meant.
	DuplicateBodies map[string]int `json:"duplicate_bodies"`
	// Forgotten counts keys that were no longer watched, as the table was full.
	Forgotten int `json:"forgotten"`
}

const (
	slotWidth = 100 * time.Millisecond
	maxSlots  = 54000 // 90 minutes
	maxKeys   = 200000
)

// tally is the live form of Counters.
type tally struct {
	mu     sync.Mutex
	c      Counters
	bodies map[string]int // write digest to times carried out
	keys   map[string]int // natural key to times carried out
	log    []Arrival      // ring of the newest calls
	logMax int
	logged int
}

func newTally(now time.Time, logMax int) *tally {
	t := &tally{logMax: logMax}
	t.reset(now)
	return t
}

func (t *tally) reset(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	inFlight := t.c.InFlight
	t.c = Counters{
		Since: now, InFlight: inFlight, InFlightPeak: inFlight, Endpoints: map[string]EndpointCount{}, Credentials: map[string]map[string]int{},
		Statuses: map[int]int{}, RPCErrors: map[int]int{}, Faults: map[string]int{},
	}
	t.bodies, t.keys, t.log, t.logged = map[string]int{}, map[string]int{}, nil, 0
}

// add runs f under the lock.
func (t *tally) add(f func(c *Counters)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.c)
}

// arrive counts a call and returns its place in the order of arrival.
func (t *tally) arrive(now time.Time, endpoint, credential string) (seq int) {
	t.add(func(c *Counters) {
		c.Arrivals++
		seq = c.Arrivals
		c.InFlight++
		c.InFlightPeak = max(c.InFlightPeak, c.InFlight)
		if slot := int(now.Sub(c.Since) / slotWidth); slot >= 0 && slot < maxSlots {
			for len(c.ArrivalsPer100ms) <= slot {
				c.ArrivalsPer100ms = append(c.ArrivalsPer100ms, 0)
			}
			c.ArrivalsPer100ms[slot]++
		}
		e := c.Endpoints[endpoint]
		e.Arrivals++
		c.Endpoints[endpoint] = e
		if c.Credentials[credential] == nil {
			c.Credentials[credential] = map[string]int{}
		}
		c.Credentials[credential][endpoint]++
	})
	return seq
}

func (t *tally) leave() { t.add(func(c *Counters) { c.InFlight-- }) }

func (t *tally) handled(endpoint string) {
	t.add(func(c *Counters) {
		e := c.Endpoints[endpoint]
		e.Handled++
		c.Endpoints[endpoint] = e
	})
}

func (t *tally) status(endpoint string, status int) {
	t.add(func(c *Counters) {
		c.Statuses[status]++
		if status == 401 {
			c.Unauthorized++
		}
		e := c.Endpoints[endpoint]
		if e.Statuses == nil {
			e.Statuses = map[int]int{}
		}
		e.Statuses[status]++
		c.Endpoints[endpoint] = e
	})
}

func (t *tally) fault(kind string) { t.add(func(c *Counters) { c.Faults[kind]++ }) }

// wrote records a write that was carried out.
func (t *tally) wrote(digest string, keys []string) {
	t.add(func(c *Counters) {
		c.Writes.CarriedOut++
		t.count(c, t.bodies, digest)
		for _, key := range keys {
			t.count(c, t.keys, key)
		}
	})
}

func (t *tally) count(c *Counters, table map[string]int, key string) {
	if _, known := table[key]; !known && len(table) >= maxKeys {
		c.Writes.Forgotten++
		return
	}
	table[key]++
}

func repeated(table map[string]int) map[string]int {
	out := map[string]int{}
	for key, n := range table {
		if n > 1 {
			out[key] = n
		}
	}
	return out
}

func (t *tally) snapshot() Counters {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.c
	c.ArrivalsPer100ms = slices.Clone(c.ArrivalsPer100ms)
	c.Endpoints = make(map[string]EndpointCount, len(t.c.Endpoints))
	for name, e := range t.c.Endpoints {
		e.Statuses = maps.Clone(e.Statuses)
		c.Endpoints[name] = e
	}
	c.Credentials = make(map[string]map[string]int, len(t.c.Credentials))
	for name, m := range t.c.Credentials {
		c.Credentials[name] = maps.Clone(m)
	}
	c.Statuses, c.RPCErrors, c.Faults = maps.Clone(c.Statuses), maps.Clone(c.RPCErrors), maps.Clone(c.Faults)
	c.Writes.Duplicates, c.Writes.DuplicateBodies = repeated(t.keys), repeated(t.bodies)
	return c
}
