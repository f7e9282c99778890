package tokens

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"
)

// refusalMemory is how long a place that refused every key is not tried with
// more than one.
const refusalMemory = time.Minute

// verdicts is what upstream has said about a list of keys.
type verdicts struct {
	refusing  places[struct{}] // places that refused every key
	suspect   bool             // refused with every key, and accepted nowhere
	lastError string
	errorAt   Where
}

// Rejected implements [Credential]: it offers each key once on one call. A
// place that refused all of them lacks a permission; for a minute its calls
// are not doubled again, unless it accepts one meanwhile.
func (k *Keys) Rejected(ctx context.Context, call *Call) (again bool, err error) {
	if call.key == nil {
		return false, nil
	}
	if !slices.Contains(call.refused, call.key) {
		call.refused = append(call.refused, call.key)
	}
	k.reread(ctx)

	now := time.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.verdicts.refusing.get(call.Where, now); known {
		return false, nil
	}
	set := k.state.Load()
	if len(set.keys) == 0 {
		return false, nil
	}
	if set.choose(call.Where, call.refused) >= 0 {
		return true, nil
	}
	k.verdicts.refusing.put(call.Where, struct{}{}, now, now.Add(refusalMemory))
	k.verdicts.lastError = "refused with every configured key at " + call.Where.Endpoint
	k.verdicts.errorAt = call.Where
	elsewhere := slices.ContainsFunc(set.keys, func(one *key) bool { return one.seen.elsewhere(call.Where, now) })
	k.verdicts.suspect = !elsewhere
	k.troubled.Store(true)
	k.log.Warn("upstream refused every key of the credential",
		slog.String("upstream", call.Where.Upstream), slog.String("endpoint", call.Where.Endpoint),
		slog.Int("keys", len(set.keys)), slog.Bool("accepted_elsewhere", elsewhere))
	return false, nil
}

// Accepted implements [Credential].
func (k *Keys) Accepted(call *Call) {
	if call.key == nil {
		return
	}
	call.key.seen.note(call.Where, time.Now())
	if len(call.refused) > 0 && !slices.Contains(call.refused, call.key) {
		k.prefer(call)
	}
	if k.troubled.Load() {
		k.clear(call.Where)
	}
}

// AcceptedElsewhere implements [Credential]. It looks at all keys that the call
// was refused with: the last one tried may not be in use anywhere.
func (k *Keys) AcceptedElsewhere(now time.Time, call *Call) bool {
	elsewhere := func(one *key) bool { return one.seen.elsewhere(call.Where, now) }
	return call.key != nil && elsewhere(call.key) || slices.ContainsFunc(call.refused, elsewhere)
}

// prefer puts the key of call before those that the same call was refused
// with. The place is noted as well: were it the head alone, two endpoints that
// take one key each would cost a refusal at every change between them.
func (k *Keys) prefer(call *Call) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.state.Load()
	at := old.position(call.key)
	if at < 0 {
		return // no longer configured
	}
	next := *old
	if slices.Contains(call.refused, old.keys[old.head]) {
		next.head = at
	}
	next.preferred = maps.Clone(old.preferred)
	if next.preferred == nil || len(next.preferred) >= maxPlaces {
		next.preferred = make(map[Where]int)
	}
	next.preferred[call.Where] = at
	if next.head == old.head && old.preferred[call.Where] == at && len(old.preferred) == len(next.preferred) {
		return // another call found out first
	}
	k.state.Store(&next)
	k.log.Warn("one key of the credential was refused and another accepted on the same call; the other is preferred now",
		slog.String("upstream", call.Where.Upstream), slog.String("endpoint", call.Where.Endpoint),
		slog.Int("key", at+1), slog.Int("keys", len(old.keys)))
}

// clear forgets the refusals at a place that has just accepted a key.
func (k *Keys) clear(where Where) {
	k.mu.Lock()
	defer k.mu.Unlock()
	v := &k.verdicts
	v.refusing.forget(where)
	v.suspect = false
	if v.errorAt == where {
		v.lastError = ""
	}
	k.troubled.Store(len(v.refusing.m) > 0 || v.lastError != "")
}
