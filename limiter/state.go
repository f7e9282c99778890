package limiter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// stateFile is the name of the file that learned limits are kept in.
const stateFile = "limits.json"

// stateVersion is the version of its form. Another one is treated as spoilt.
const stateVersion = 1

// maxStateSize bounds what is read back.
const maxStateSize = 8 << 20

// state is what all buckets know at a time.
type state struct {
	Version int       `json:"version"`
	SavedAt time.Time `json:"saved_at"`
	// Clean says that nothing left after SavedAt.
	Clean   bool          `json:"clean"`
	Buckets []bucketState `json:"buckets"`
}

// bucketState is what one bucket knows.
type bucketState struct {
	Limit      string  `json:"limit"`
	Credential string  `json:"credential"`
	Rate       float64 `json:"rate"`    // learned, calls a second
	Cut        bool    `json:"cut"`     // whether a throttle has been seen
	Ceiling    float64 `json:"ceiling"` // the rate that was throttled
	Capped     bool    `json:"capped"`
	// PausedSeconds is how much of a pause was left, and Failures how many probes
	// have failed in it.
	PausedSeconds float64       `json:"paused_seconds,omitempty"`
	Failures      int           `json:"failures,omitempty"`
	Endpoint      string        `json:"endpoint,omitempty"`
	Held          []heldState   `json:"held,omitempty"` // endpoints with a pause of their own
	Windows       []windowState `json:"windows,omitempty"`
}

type heldState struct {
	Endpoint      string  `json:"endpoint"`
	PausedSeconds float64 `json:"paused_seconds"`
	Failures      int     `json:"failures,omitempty"`
}

type windowState struct {
	Family      string  `json:"family"`
	Policy      string  `json:"policy,omitempty"`
	Limit       int64   `json:"limit"`
	SpanSeconds float64 `json:"span_seconds"`
	Told        bool    `json:"told,omitempty"`
	Sure        bool    `json:"sure,omitempty"`
	Rolling     bool    `json:"rolling,omitempty"`
	Settled     bool    `json:"settled,omitempty"`
	// Sent are the departures of the last span, oldest first.
	Sent []sentState `json:"sent,omitempty"`
	// Remaining is what the provider said to remain, less what left since, and
	// holds for HoldsSeconds; 0 if it said nothing.
	Remaining    int64   `json:"remaining,omitempty"`
	HoldsSeconds float64 `json:"holds_seconds,omitempty"`
}

// export writes down what the bucket has learned.
func (b *Bucket) export() bucketState {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	s := bucketState{
		Limit: b.cfg.Name, Credential: b.credential,
		Rate: b.rate.rate, Cut: b.rate.cut, Ceiling: b.rate.ceiling, Capped: b.capped,
	}
	if b.pause.on {
		s.PausedSeconds = max(b.pause.until-now, 0).Seconds()
		s.Failures, s.Endpoint = b.pause.failures, b.pause.endpoint
	}
	for name, k := range b.pause.parked {
		if !k.trial && k.until > now {
			s.Held = append(s.Held, heldState{Endpoint: name, PausedSeconds: (k.until - now).Seconds(), Failures: k.failures})
		}
	}
	for _, w := range b.windows {
		ws := windowState{
			Family: w.key.family, Policy: w.key.policy, Limit: w.limit, SpanSeconds: w.log.span.Seconds(),
			Told: w.told, Sure: w.sure, Rolling: w.rolling, Settled: w.settled, Sent: exportSent(&w.log, now),
		}
		if w.level.known && w.level.expires > now {
			ws.Remaining = max(0, int64(w.level.credit(now, b.departed, 0)))
			ws.HoldsSeconds = (w.level.expires - now).Seconds()
		}
		s.Windows = append(s.Windows, ws)
	}
	return s
}

// restore takes over what a process before this one has learned. passed is how long
// ago it wrote s, at least 0; clean says that nothing left since.
func (b *Bucket) restore(s *bucketState, passed time.Duration, clean bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	if sane(s.Rate) {
		b.rate.rate = min(max(s.Rate, minRate), maxRate)
	}
	if s.Cut && sane(s.Ceiling) {
		b.rate.cut, b.rate.ceiling = true, min(max(s.Ceiling, minRate), maxRate)
		b.rate.grown = b.rate.grownTo(b.rate.rate)
		b.capped = s.Capped
	}
	for i := range min(len(s.Windows), maxWindows) {
		b.restoreWindow(&s.Windows[i], now, passed, clean)
	}
	if left := b.leftOf(s.PausedSeconds, passed); left > 0 {
		b.pause = pause{on: true, since: now, began: now, until: now + left, endpoint: s.Endpoint, failures: min(max(s.Failures, 0), 6)}
	}
	for i := range min(len(s.Held), maxParked) {
		h := &s.Held[i]
		if left := b.leftOf(h.PausedSeconds, passed); left > 0 {
			if b.pause.parked == nil {
				b.pause.parked = make(map[string]*parking)
			}
			b.pause.parked[h.Endpoint] = &parking{began: now, until: now + left, failures: min(max(h.Failures, 0), 6)}
			b.line.park(h.Endpoint)
		}
	}
	b.settle(now)
}

// leftOf is what is left of a pause that was written down some time ago.
func (b *Bucket) leftOf(seconds float64, passed time.Duration) time.Duration {
	return time.Duration(min(max(seconds, 0), b.cfg.MaxPause.Seconds())*float64(time.Second)) - passed
}

func (b *Bucket) restoreWindow(s *windowState, now, passed time.Duration, clean bool) {
	span := time.Duration(s.SpanSeconds * float64(time.Second))
	if s.Limit <= 0 || s.Limit > maxCount || !sane(s.SpanSeconds) || s.SpanSeconds > maxBelievable.Seconds() || span < minSpan {
		return
	}
	key := keyOf(&reading{family: s.Family, policy: s.Policy, limit: s.Limit})
	if b.windowOf(key) != nil {
		return
	}
	w := &window{key: key, limit: s.Limit, log: newLedger(span), told: s.Told, read: now}
	w.sure, w.rolling, w.settled = s.Sure, s.Rolling, s.Settled
	w.readings = 1 // the next reading is not the first, whose word would be a guess
	w.rebase()
	b.windows = append(b.windows, w)
	b.known = now
	w.recall(s.Sent, now-passed)
	since := 0
	if !clean {
		since = w.presume(now-passed, now, w.burst(max(b.cfg.Burst, 1)))
	}
	if holds := b.leftOf(s.HoldsSeconds, passed); holds > 0 && s.Remaining >= 0 {
		w.level = level{known: true, remaining: max(0, s.Remaining-int64(since)), ordinal: b.departed, sent: now, expires: now + holds}
	}
}

func sane(v float64) bool { return v > 0 && !math.IsInf(v, 0) && !math.IsNaN(v) }

// readState reads a state file. Where there is none it answers nil. A spoilt one is
// moved aside, and the error says where to.
func readState(dir string, now time.Time) (*state, error) {
	name := filepath.Join(dir, stateFile)
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing was saved, which is no error
	}
	if err != nil {
		return nil, fmt.Errorf("learned limits cannot be read, and are learned anew: %w", err)
	}
	var s state
	if info.Size() > maxStateSize {
		err = fmt.Errorf("it has %d bytes, more than any that was written", info.Size())
	} else {
		var data []byte
		if data, err = os.ReadFile(name); err != nil { //nolint:gosec // the directory is configured
			return nil, fmt.Errorf("learned limits cannot be read, and are learned anew: %w", err)
		}
		err = json.Unmarshal(data, &s)
	}
	if err == nil && s.Version != stateVersion {
		err = fmt.Errorf("its version is %d, not %d", s.Version, stateVersion)
	}
	if err == nil {
		return &s, nil
	}
	aside := name + ".spoilt-" + strconv.FormatInt(now.Unix(), 10)
	if moved := os.Rename(name, aside); moved != nil {
		return nil, fmt.Errorf("%s is spoilt (%w) and cannot be moved aside: %w", name, err, moved)
	}
	return nil, fmt.Errorf("%s was spoilt (%w) and is kept as %s; limits are learned anew", name, err, aside)
}

// writeState replaces the state file so that a crash at any instant leaves the old
// or the new one whole.
func writeState(dir string, s *state) error {
	data, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("learned limits cannot be written down: %w", err)
	}
	f, err := os.CreateTemp(dir, stateFile+".*.tmp") // mode 0600
	if err != nil {
		return fmt.Errorf("learned limits cannot be saved: %w", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, stateFile))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("learned limits cannot be saved: %w", err), os.Remove(f.Name()))
	}
	return syncDir(dir)
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the directory is configured
	if err != nil {
		return fmt.Errorf("learned limits are saved, but may not survive a power failure: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("learned limits are saved, but may not survive a power failure: %w", err)
	}
	return nil
}
