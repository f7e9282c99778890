package cache

import (
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/cache/store"
)

// found is what is stored for a call.
type found struct {
	entry   *entry // nil: nothing that could be of use
	verdict rfc9111.Verdict
	mark    store.Mark // before it was looked up; zero at the front desk
}

func (f *found) kind() rfc9111.Kind {
	if f.entry == nil {
		return rfc9111.MustValidate
	}
	return f.verdict.Kind
}

// find looks up the answer to a read. It does not allocate.
func (c *Cache) find(call *Call, key Key, now time.Time) found {
	e := c.lookup(call, key)
	if e == nil || e.shadow || call.policy.never || !e.servable(call, now) {
		return found{}
	}
	return found{entry: e, verdict: e.terms.Judge(call.request, now)}
}

// lookup follows the key to the variant that the call's fields choose.
func (c *Cache) lookup(call *Call, key Key) *entry {
	e, ok := c.store.Get(store.Key(key))
	if ok && e.vary != nil {
		e, ok = c.store.Get(store.Key(variantKey(key, e.vary, call.Header)))
	}
	if !ok || e.vary != nil {
		return nil
	}
	return e
}

// servable reports whether the secret that the answer was obtained with is
// still the caller's.
func (e *entry) servable(call *Call, now time.Time) bool {
	if !e.until.IsZero() && !now.Round(0).Before(e.until) {
		return false
	}
	return !e.origin.Injected || call.Credential != nil && call.Credential.Holds(e.origin.Token)
}

// put stores an answer that departed at mark, and reports whether lookups find
// it from now on. Where a write came after the mark it stores nothing.
func (c *Cache) put(call *Call, key Key, e *entry, mark store.Mark) (stored bool) {
	c.epochs.IfCurrent(e.names, mark, func() { stored = c.putCurrent(call, key, e) })
	return stored
}

func (c *Cache) putCurrent(call *Call, key Key, e *entry) bool {
	if e.reply == nil {
		names, ok := rfc9111.VaryNames(e.header)
		if !ok {
			return false
		}
		if names = unkeyed(names); len(names) > 0 {
			index := &entry{vary: names, names: e.names, template: e.template}
			if !c.insert(key, index) {
				return false
			}
			key = variantKey(key, names, call.Header)
		}
	}
	return c.insert(key, e)
}

func (c *Cache) insert(key Key, e *entry) bool {
	return c.store.Put(store.Item[*entry]{Key: store.Key(key), Value: e, Bytes: e.bytes(), Tags: e.names})
}

// unkeyed are the fields of Vary that are not part of every key already.
func unkeyed(names []string) []string {
	kept := names[:0]
	for _, name := range names {
		switch name {
		case "Accept", "Accept-Encoding", "Accept-Language":
			continue
		}
		// Credentials and the fields that a key has for their name's sake are in
		// it when they are sent; when they are not, that is what they have in
		// common with all calls of the same key.
		if kindOf(name) != fieldPlain {
			continue
		}
		kept = append(kept, name)
	}
	return kept
}

// drop removes the answer to a call.
func (c *Cache) drop(call *Call, key Key) {
	e, ok := c.store.Get(store.Key(key))
	if ok && e.vary != nil {
		key = variantKey(key, e.vary, call.Header)
	}
	c.store.Delete(store.Key(key))
}
