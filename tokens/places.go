package tokens

import (
	"sync"
	"time"
)

// elsewhereWindow is how long an acceptance at one place says something about
// a refusal at another.
const elsewhereWindow = 5 * time.Minute

// sightings remembers where a token was accepted last. Two distinct places
// are enough to answer "anywhere but here". The zero value is ready.
type sightings struct {
	mu   sync.Mutex // guards last
	last [2]sighting
}

type sighting struct {
	where Where
	at    time.Time
}

func (s *sightings) note(where Where, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last[0].where != where {
		s.last[0], s.last[1] = sighting{where, now}, s.last[0]
		return
	}
	s.last[0].at = now
}

func (s *sightings) elsewhere(where Where, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seen := range s.last {
		if !seen.at.IsZero() && seen.where != where && now.Sub(seen.at) <= elsewhereWindow {
			return true
		}
	}
	return false
}

// since reports whether anything was noted after then.
func (s *sightings) since(then time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[0].at.After(then)
}

// maxPlaces bounds what is remembered per place. Endpoints come from a closed
// catalogue far below it, so that it only stops a caller who forgets that.
const maxPlaces = 1024

// places maps the place of a call to something remembered until a deadline.
// The zero value is ready. Not safe for concurrent use.
type places[V any] struct {
	m map[Where]place[V]
}

type place[V any] struct {
	value V
	until time.Time // zero: for good
}

func (p *places[V]) get(where Where, now time.Time) (value V, ok bool) {
	found, ok := p.m[where]
	if !ok {
		return value, false
	}
	if !found.until.IsZero() && !now.Before(found.until) {
		delete(p.m, where)
		return value, false
	}
	return found.value, true
}

// put remembers value. When full it forgets what is over, and failing that
// any other place: the cost is one extra attempt there.
func (p *places[V]) put(where Where, value V, now, until time.Time) {
	if p.m == nil {
		p.m = make(map[Where]place[V])
	}
	if _, known := p.m[where]; !known && len(p.m) >= maxPlaces {
		p.shrink(now)
	}
	p.m[where] = place[V]{value: value, until: until}
}

func (p *places[V]) shrink(now time.Time) {
	for where, found := range p.m {
		if !found.until.IsZero() && !now.Before(found.until) {
			delete(p.m, where)
		}
	}
	for where := range p.m {
		if len(p.m) < maxPlaces {
			return
		}
		delete(p.m, where)
	}
}

func (p *places[V]) forget(where Where) { delete(p.m, where) }
