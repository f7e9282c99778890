// Package store keeps answers in memory within a budget of bytes, and
// remembers which of them a write has made stale.
//
// [Store] is a map from [Key] to values of one type, over ristretto: TinyLFU
// decides what is worth its bytes (Einziger, Friedman, Manes, "TinyLFU: A
// Highly Efficient Cache Admission Policy", 2017). What ristretto leaves open
// is settled here. Its writes are requests that are applied later, or dropped,
// or refused; [Store.Put] says which, and what it accepted is visible when it
// returns. It keeps hashes of keys; here the whole key lies beside the value,
// so that a collision is a miss. It does not check a replacement against the
// budget; here one that does not fit competes like a new entry. And it lists
// nothing; here an index of tags finds what a purge names, kept consistent
// with every eviction and bounded by the same budget.
//
// [Epochs] orders reads and writes: a read takes a [Mark] when it departs, a
// write bumps the tags that it changes, and an answer whose mark is older than
// the latest bump of one of its tags is not to be stored:
//
//	mark := epochs.Mark()
//	answer := fetch()
//	epochs.IfCurrent(tags, mark, func() { store.Put(item) })
//
// against a write, which says
//
//	epochs.Bump(tags...)
//	for _, t := range tags {
//		store.PurgeTag(t)
//	}
//
// No order of these steps leaves the old answer in the store.
package store
