package config

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
)

// state is what two configurations are compared by.
type state struct {
	value   string
	empty   bool
	restart bool
}

// states describes every key. Secrets go in as digests, which are compared and
// never shown.
func (c *Config) states() map[string]state {
	all := map[string]state{}
	c.keys(func(k key) {
		s := state{empty: k.empty(), restart: k.field.Tag.Get("restart") != ""}
		switch {
		case k.secret():
			digest := sha256.New()
			for _, secret := range k.secrets() {
				sum := secret.Digest()
				digest.Write(sum[:])
			}
			s.value = string(digest.Sum(nil))
		case k.fileOnly():
			s.value = fmt.Sprint(k.value.Interface())
		default:
			s.value = render(k.value, false)
		}
		all[k.path] = s
	})
	return all
}

// Changed lists the keys whose values differ, sorted. A map entry that only
// one of the two has counts with each key that it sets. Secrets are compared
// by value, so a new content of an unchanged file shows under the secret's own
// key.
func Changed(before, after *Config) []string {
	return changed(before, after, func(state) bool { return true })
}

// RestartNeeded lists the changed keys that a running process keeps as they
// were until it is started anew: addresses, and sizes fixed at the start.
func RestartNeeded(before, after *Config) []string {
	return changed(before, after, func(s state) bool { return s.restart })
}

func changed(before, after *Config, counts func(state) bool) []string {
	old, fresh := before.states(), after.states()
	missing := state{empty: true}
	paths := map[string]bool{}
	for path, was := range old {
		is, both := fresh[path]
		if !both {
			is = missing
		}
		if counts(was) && (both && is.value != was.value || !both && !was.empty) {
			paths[path] = true
		}
	}
	for path, is := range fresh {
		if _, both := old[path]; !both && counts(is) && !is.empty {
			paths[path] = true
		}
	}
	return slices.Sorted(maps.Keys(paths))
}
