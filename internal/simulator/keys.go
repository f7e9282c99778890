package simulator

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Key is a publisher key: the X-Publisher-Token of Core, the publisherToken of
// JSON-RPC. It does not expire; it is valid until it is deleted.
type Key struct {
	Name  string `json:"name"`  // shown in counters; unique
	Value string `json:"value"` // the secret itself
	// AllowedIPs are the addresses (CIDR) that may use it; none means all.
	AllowedIPs []string `json:"allowed_ips,omitempty"`
}

// AddKey makes a further key valid. It is an error if the value or name is empty
// or taken, or an address prefix cannot be read.
func (s *Simulator) AddKey(key Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case key.Value == "":
		return errors.New("key: value is missing; send {\"name\": ..., \"value\": ...}")
	case key.Name == "":
		return errors.New("key: name is missing; it is what counters show instead of the value")
	}
	for _, prefix := range key.AllowedIPs {
		if _, err := netip.ParsePrefix(prefix); err != nil {
			return fmt.Errorf("key %s: allowed_ips: %q is no address prefix; write CIDR such as 192.0.2.7/32", key.Name, prefix)
		}
	}
	if slices.ContainsFunc(s.world.keys, func(k *publisherKey) bool { return k.Name == key.Name || k.Value == key.Value }) {
		return fmt.Errorf("key %s: the name or the value is in use; delete the other key first", key.Name)
	}
	s.world.keys = append(s.world.keys, &publisherKey{Key: key, publisherID: PublisherID})
	return nil
}

// DeleteKey makes a key invalid at once. It takes the name or the value and
// reports whether there was such a key.
func (s *Simulator) DeleteKey(nameOrValue string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.world.keys)
	s.world.keys = slices.DeleteFunc(s.world.keys, func(k *publisherKey) bool { return k.Name == nameOrValue || k.Value == nameOrValue })
	return len(s.world.keys) < before
}

// Keys lists the valid keys.
func (s *Simulator) Keys() []Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Key, 0, len(s.world.keys))
	for _, k := range s.world.keys {
		key := k.Key
		key.AllowedIPs = slices.Clone(key.AllowedIPs)
		list = append(list, key)
	}
	return list
}

func (w *world) key(value string) *publisherKey {
	for _, k := range w.keys {
		if subtle.ConstantTimeCompare([]byte(k.Value), []byte(value)) == 1 {
			return k
		}
	}
	return nil
}

func (k *publisherKey) allows(addr netip.Addr) bool {
	return len(k.AllowedIPs) == 0 || slices.ContainsFunc(k.AllowedIPs, func(cidr string) bool {
		p, err := netip.ParsePrefix(cidr)
		return err == nil && p.Contains(addr)
	})
}
