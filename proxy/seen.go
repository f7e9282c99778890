package proxy

import (
	"hash/maphash"
	"net/http"
	"sync"
	"time"

	"github.com/cleengate/cleengate/tokens"
)

const (
	seenWindow = 5 * time.Minute
	maxSeen    = 4096
)

// credentialID stands for a credential that an app sent: a digest under a key of this
// process, from which it cannot be told.
type credentialID uint64

// ownCredential identifies the credential that the app itself sent.
func (p *Proxy) ownCredential(x *exchange, h http.Header) (id credentialID, ok bool) {
	var d maphash.Hash
	d.SetSeed(p.digestKey)
	if x.rpc != nil {
		for i := range x.rpc.Calls {
			_, _ = d.Write(x.rpc.Calls[i].AppendTokens(nil)) // never fails
		}
		return credentialID(d.Sum64()), true
	}
	authorization, key := first(h["Authorization"]), first(h["X-Publisher-Token"])
	if isAbsent(authorization) && isAbsent(key) {
		return id, false
	}
	hashPart(&d, authorization)
	hashPart(&d, key)
	return credentialID(d.Sum64()), true
}

// sightings remembers where credentials of apps were accepted last. Two places
// each are enough to tell "anywhere but here". The zero value is ready; it is
// bounded and safe for concurrent use.
type sightings struct {
	mu   sync.Mutex // guards last
	last map[credentialID][2]sighting
}

type sighting struct {
	where tokens.Where
	at    time.Time
}

func (s *sightings) note(id credentialID, where tokens.Where, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	pair, known := s.last[id]
	if !known && len(s.last) >= maxSeen {
		s.shrink(now)
	}
	if s.last == nil {
		s.last = make(map[credentialID][2]sighting)
	}
	if pair[0].where != where {
		pair[1] = pair[0]
	}
	pair[0] = sighting{where, now}
	s.last[id] = pair
}

// shrink forgets what is too old to matter, and failing that everything: the
// cost is a less exact diagnosis.
func (s *sightings) shrink(now time.Time) {
	for id, pair := range s.last {
		if now.Sub(pair[0].at) > seenWindow {
			delete(s.last, id)
		}
	}
	if len(s.last) >= maxSeen {
		clear(s.last)
	}
}

func (s *sightings) elsewhere(id credentialID, where tokens.Where, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seen := range s.last[id] {
		if !seen.at.IsZero() && seen.where != where && now.Sub(seen.at) <= seenWindow {
			return true
		}
	}
	return false
}
