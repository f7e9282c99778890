package cleeng

// Digest returns a number that is the same for two calls of one method whose
// params differ at most in the order of their top-level names and in white space
// around them. Tokens count as params, so it tells callers' identities apart;
// the id of the call does not count. It is for telling calls apart within one
// process: hash must be keyed with a seed that nobody outside knows, and should
// not keep its argument. Digest does not allocate.
func (c *RPCCall) Digest(hash func([]byte) uint64) uint64 {
	literal := c.params.of(c.body)
	if len(literal) == 0 || literal[0] != '{' {
		return hash(literal)
	}
	var sum uint64
	for w := walk(literal, 0); ; {
		key, value, ok := w.member()
		if !ok {
			return sum
		}
		sum += scramble(hash(key.of(literal)) + 3*hash(value.of(literal)))
	}
}

// scramble is the finalizer of MurmurHash3. Without it a sum over members would
// be the same when two of them swap their values.
func scramble(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
