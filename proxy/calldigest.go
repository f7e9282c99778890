package proxy

import (
	"hash/maphash"
	"net/http"
	"strings"
)

// identityFields and answerFields are the request fields that decide whose answer it
// is, and in which form.
var (
	identityFields = [...]string{"Authorization", "X-Publisher-Token", "Cookie", "X-Forwarded-For"}
	answerFields   = [...]string{"Accept", "Accept-Language", "Range"}
)

// digest tells a read from all others by the same or another caller: two have the
// same digest if they ask for the same in the name of the same, and the same
// identity if only the latter. The digest is 0 for what cannot be compared: a
// write, or a body that was not read. The key is this process's own and nothing of
// a digest leaves it, so that it gives no hold to find out what was hashed.
func (p *Proxy) digest(r *http.Request, x *exchange) (digest, identity uint64) {
	var h maphash.Hash
	h.SetSeed(p.digestKey)
	hashPart(&h, x.caller.name)
	hashPart(&h, remoteHost(r.RemoteAddr))
	hashFields(&h, r.Header, identityFields[:])
	identity = h.Sum64()
	if !x.ep.Reads() {
		return 0, identity
	}
	for _, part := range [...]string{x.up.name, r.Method, x.path} {
		hashPart(&h, part)
	}
	hashFields(&h, r.Header, answerFields[:])
	sum := h.Sum64() + p.digestQuery(x.query)
	switch {
	case x.rpc != nil:
		elements, ok := p.digestRPC(x)
		if !ok {
			return 0, identity
		}
		sum += elements
	case x.body != nil:
		if !x.body.complete() {
			return 0, identity
		}
		sum += maphash.Bytes(p.digestKey, x.body.bytes())
	}
	return max(sum, 1), identity
}

func hashFields(h *maphash.Hash, header http.Header, names []string) {
	for _, name := range names {
		for _, value := range header[name] {
			hashPart(h, name)
			hashPart(h, value)
		}
	}
}

// hashPart ends each part with a byte that is in none, so that no two lists of parts
// read the same.
func hashPart(h *maphash.Hash, part string) {
	_, _ = h.WriteString(part) // never fails
	_ = h.WriteByte(0)
}

// digestQuery does not depend on the order of parameters.
func (p *Proxy) digestQuery(query string) (sum uint64) {
	for query != "" {
		var parameter string
		parameter, query, _ = strings.Cut(query, "&")
		sum += maphash.String(p.digestKey, parameter)
	}
	return sum
}

// digestRPC depends on the order of a batch. It reports false for calls that have
// no one meaning.
func (p *Proxy) digestRPC(x *exchange) (sum uint64, ok bool) {
	hash := func(b []byte) uint64 { return maphash.Bytes(p.digestKey, b) }
	for i := range x.rpc.Calls {
		c := &x.rpc.Calls[i]
		if c.Ambiguous {
			return 0, false
		}
		sum = sum*31 + maphash.String(p.digestKey, c.Method) + c.Digest(hash)
	}
	return sum, true
}
