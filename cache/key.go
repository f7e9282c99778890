package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"net/http"
	"sync"
)

// Key stands for all calls that have the same answer: a digest, so that a list
// of keys tells nothing of what was asked or by whom.
type Key = [sha256.Size]byte

// keyBytes gathers what a key is the digest of. Each part has its length before
// it and each list its count, so the parts can be told from the bytes: no two
// lists of parts have the same ones.
type keyBytes struct{ b []byte }

// maxPooled keeps a single huge request from being remembered.
const maxPooled = 64 << 10

var keyPool = sync.Pool{New: func() any { return &keyBytes{b: make([]byte, 0, 1024)} }}

func newKeyBytes() *keyBytes {
	k, _ := keyPool.Get().(*keyBytes)
	k.b = k.b[:0]
	return k
}

// sum ends the use of k.
func (k *keyBytes) sum() Key {
	key := sha256.Sum256(k.b)
	clear(k.b) // it holds credentials
	if cap(k.b) <= maxPooled {
		keyPool.Put(k)
	}
	return key
}

func (k *keyBytes) addCount(n int) { k.b = binary.AppendUvarint(k.b, uint64(n)) } //nolint:gosec // a length

func (k *keyBytes) addString(s string) {
	k.addCount(len(s))
	k.b = append(k.b, s...)
}

func (k *keyBytes) addBytes(b []byte) {
	k.addCount(len(b))
	k.b = append(k.b, b...)
}

// addField appends all lines of a field; one that is absent differs from one
// that is empty.
func (k *keyBytes) addField(h http.Header, name string) {
	lines := h[name]
	k.addCount(len(lines))
	for _, line := range lines {
		k.addString(line)
	}
}

func (k *keyBytes) addFields(h http.Header, names []string) {
	k.addCount(len(names))
	for _, name := range names {
		k.addString(name)
		k.addField(h, name)
	}
}

// identify digests who asks: the injected credential by name and account, and
// every credential field that the app sent, with a secret of this process.
func (c *Cache) identify(call *Call, fields []string) Key {
	if call.Credential == nil || len(fields) > 0 {
		return c.digestIdentity(call, fields)
	}
	// Most calls bring nothing of their own: all of them are made by one
	// identity for each upstream, until the credential is replaced.
	slot := &c.injected[len(call.Upstream)%len(c.injected)]
	name := call.Credential.Name()
	if known := slot.Load(); known != nil && known.upstream == call.Upstream && known.credential == name && known.account == call.account {
		return known.key
	}
	fresh := &injectedIdentity{upstream: call.Upstream, credential: name, account: call.account, key: c.digestIdentity(call, nil)}
	slot.Store(fresh)
	return fresh.key
}

// injectedIdentity is that of calls that carry a configured credential alone.
type injectedIdentity struct {
	upstream, credential, account string
	key                           Key
}

func (c *Cache) digestIdentity(call *Call, fields []string) Key {
	k := newKeyBytes()
	k.b = append(k.b, c.secret[:]...)
	k.addString(call.Upstream)
	if call.Credential == nil {
		k.addCount(0)
	} else {
		k.addCount(1)
		k.addString(call.Credential.Name())
		k.addString(call.account)
	}
	k.addFields(call.Header, fields)
	return k.sum()
}

// primaryKey digests a GET, which HEAD shares, together with the identity.
func (call *Call) primaryKey() Key {
	k := newKeyBytes()
	call.addCommon(k)
	k.addString(http.MethodGet)
	k.addString(call.Path)
	k.addQuery(call.Query)
	return k.sum()
}

// addCommon appends what every key begins with.
func (call *Call) addCommon(k *keyBytes) {
	k.b = append(k.b, call.identity[:]...)
	k.addString(call.Upstream)
	k.addString(call.Base)
	for _, name := range accepted {
		k.addField(call.Header, name)
	}
	k.addFields(call.Header, call.keyed.names)
}

// variantKey digests a primary key with the values of the fields that the
// answer's Vary named (RFC 9111 section 4.1).
func variantKey(primary Key, names []string, h http.Header) Key {
	k := newKeyBytes()
	k.addString("variant")
	k.b = append(k.b, primary[:]...)
	k.addFields(h, names)
	return k.sum()
}
