package tokens

import (
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// held is a session's token with what belongs to it. It is immutable but for
// seen, and for what the running renewal alone touches.
type held struct {
	token    Token
	refresh  redact.Secret
	origin   string
	asked    time.Time // when upstream was asked for it; zero: by another process
	renewed  time.Time
	lifetime time.Duration // zero: unknown
	due      time.Time     // when to renew ahead; zero: never
	seen     sightings

	unstored bool // storing it failed, and has to be tried again
	loose    bool // its refresh token is certainly on no disk
}

const (
	// Renew ahead within this part of the lifetime.
	earliestPart = 0.75
	latestPart   = 0.90
	// leastReserve is the part of the lifetime kept for a renewal and its
	// first repetition.
	leastReserve = 0.05
	// flightTime is allowed for the way to upstream: a token that departs
	// later than so long before its expiry may arrive dead.
	flightTime = 250 * time.Millisecond
	// issuerSkew is how far iat and Date of one answer may differ before they
	// are taken to come from different clocks.
	issuerSkew = 5 * time.Second
)

// hold makes a token of a grant.
func (s *Session) hold(grant Grant, generation uint64, origin string) *held {
	h := s.newHeld(grant.Token, grant.Refresh, generation, origin)
	h.asked, h.renewed = grant.Sent, grant.Received
	expires, issued := claimTimes(grant.Token)
	if expires.IsZero() {
		return h
	}
	date := grant.Date
	if date.IsZero() {
		date = issued
	}
	s.clock.Observe(date, grant.Sent, grant.Received)
	earliest, latest := s.clock.span(grant.Received)
	upstream := earliest.Add(latest.Sub(earliest) / 2)

	// assured is how long the token lives at least, whatever the clocks say.
	lifetime, assured := expires.Sub(upstream), expires.Sub(latest)
	if !grant.Date.IsZero() {
		// Both are cut to whole seconds, mostly of the same instant.
		lifetime = expires.Sub(grant.Date)
	}
	if !issued.IsZero() && expires.After(issued) {
		lifetime = expires.Sub(issued)
		if issued.Sub(upstream).Abs() > issuerSkew {
			// exp is of the issuer's clock, which is not the gateway's.
			assured = lifetime - dateResolution - grant.Received.Sub(grant.Sent)
		}
	}
	s.limit(h, grant.Received, lifetime, assured)
	return h
}

// limit sets expiry and renewal of h, which had lifetime at issue and lives at
// least assured from now. Beyond what is plausible they stay unknown: then
// upstream's refusal is what makes it be renewed.
func (s *Session) limit(h *held, now time.Time, lifetime, assured time.Duration) {
	usable := assured - min(flightTime, lifetime/20)
	if usable <= 0 || lifetime <= 0 || lifetime > maxLifetime {
		return
	}
	h.lifetime = lifetime
	h.token.Expires = now.Add(usable)
	age := max(0, now.Sub(h.renewed))
	reserve := max(time.Duration(leastReserve*float64(lifetime)), 2*s.pace)
	latest := min(time.Duration(latestPart*float64(lifetime))-age, usable-reserve)
	earliest := min(time.Duration(earliestPart*float64(lifetime))-age, latest)
	if latest <= 0 {
		// Hardly longer than a renewal takes: as late as half of what is left.
		earliest, latest = usable/2, usable/2
	}
	h.due = now.Add(earliest + time.Duration(s.jitter()*float64(latest-earliest)))
}

// restore makes a token of a stored record. It is zero of expiry where the
// record does not say.
func (s *Session) restore(record Record, generation uint64, now time.Time) *held {
	h := s.newHeld(record.Token, record.Refresh, generation, record.Origin)
	h.renewed = record.Renewed
	expires, _ := claimTimes(record.Token)
	if expires.IsZero() || record.Lifetime <= 0 {
		return h
	}
	latest := now.Round(0).Add(record.Offset)
	if _, known := s.clock.Offset(); known {
		_, latest = s.clock.span(now)
	}
	if left := expires.Sub(latest); left > min(flightTime, record.Lifetime/20) {
		s.limit(h, now, record.Lifetime, left)
	} else {
		h.token.Expires = now // dead
	}
	return h
}

func (s *Session) newHeld(token, refresh redact.Secret, generation uint64, origin string) *held {
	h := &held{token: newToken(s.header, token), refresh: refresh, origin: origin}
	h.token.Generation = generation
	return h
}

// record is the stored form of h.
func (s *Session) record(h *held, spent []string) Record {
	offset, _ := s.clock.Offset()
	return Record{
		Identity:   s.identity,
		Origin:     h.origin,
		Generation: h.token.Generation,
		Token:      h.token.Value,
		Refresh:    h.refresh,
		Renewed:    h.renewed.Round(0),
		Lifetime:   h.lifetime,
		Offset:     offset,
		Spent:      spent,
	}
}
