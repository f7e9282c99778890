package limiter

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Defaults of [Config].
const (
	DefaultStart       = 20.0
	DefaultQueue       = 4000
	DefaultConcurrency = 64
	DefaultMaxPause    = time.Hour
)

// startBurst is how many calls may leave at once while the limit is unknown.
const startBurst = 5

// Config describes one limit. The zero value is usable: an unknown limit that
// is learned, with the defaults above and no reserve.
type Config struct {
	// Name is the limit's name in snapshots and logs.
	Name string
	// Rate in calls a second pins a ceiling that headers and throttles can only
	// lower. 0 learns it.
	Rate float64
	// Start in calls a second is where learning begins while nothing is known.
	// 0 means [DefaultStart].
	Start float64
	// Burst is how many calls may leave at once after a rest. 0 is automatic: one
	// where the limit is known, five where it is not.
	Burst int
	// Queue bounds the calls that wait. 0 means [DefaultQueue].
	Queue int
	// Concurrency bounds the calls that left and have no answer yet; logins stand
	// outside. 0 means [DefaultConcurrency].
	Concurrency int
	// Reserve is the share of departures, 0 to 1, on which calls with
	// [Call.Claim] have first claim. Unclaimed it is lent to everybody.
	Reserve float64
	// MaxPause bounds what a hint of the provider can make the bucket wait.
	// 0 means [DefaultMaxPause].
	MaxPause time.Duration
	// Observe computes and counts everything and delays nothing.
	Observe bool
}

// withDefaults fills what was left zero.
func (c Config) withDefaults() Config {
	if c.Start == 0 {
		c.Start = DefaultStart
	}
	if c.Queue == 0 {
		c.Queue = DefaultQueue
	}
	if c.Concurrency == 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.MaxPause == 0 {
		c.MaxPause = DefaultMaxPause
	}
	return c
}

// Validate reports everything that is impossible about c, or nil.
func (c Config) Validate() error {
	var errs []error
	finite := func(what string, v float64) {
		if v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			errs = append(errs, fmt.Errorf("limit %q: %s is %v; it must be a finite number, 0 or above", c.Name, what, v))
		}
	}
	finite("rate", c.Rate)
	finite("start", c.Start)
	finite("reserve", c.Reserve)
	if c.Reserve > 1 {
		errs = append(errs, fmt.Errorf("limit %q: reserve is %v; it is a share, at most 1", c.Name, c.Reserve))
	}
	for what, v := range map[string]int{"burst": c.Burst, "queue": c.Queue, "concurrency": c.Concurrency} {
		if v < 0 {
			errs = append(errs, fmt.Errorf("limit %q: %s is %d; it must be 0 (automatic) or above", c.Name, what, v))
		}
	}
	if c.MaxPause < 0 {
		errs = append(errs, fmt.Errorf("limit %q: max_pause is %v; it must be 0 (one hour) or above", c.Name, c.MaxPause))
	}
	return errors.Join(errs...)
}
