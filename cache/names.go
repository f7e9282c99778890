package cache

import (
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/cleengate/cleengate/internal/cleeng"
)

// Names that the cache gives to answers beside those of package cleeng. They
// can be purged by.
const (
	namePath      = "path:"
	nameTemplate  = "template:"
	nameAnonymous = cleeng.TagCredential + ":none"
)

// maxNameBytes bounds what is looked through for ids.
const maxNameBytes = 64 << 10

// names returns what a read returns, in the words of the catalogue, and how it
// can be found for a purge. The path's own name is first.
func (c *Cache) names(call *Call) []string {
	names := append(make([]string, 0, 12), namePath+call.Path, nameTemplate+call.Endpoint.Template)
	names = c.appendCredentials(names, call, -1)
	return call.Endpoint.AppendTags(names, call.Params, call.lookup)
}

// stales returns what a write changes.
func (c *Cache) stales(call *Call) []string {
	var stales []string
	if call.RPC == nil {
		stales = append(stales, namePath+call.Path) // RFC 9111 section 4.4
		stales = call.Endpoint.AppendStales(stales, call.Params, call.lookup, call.Private)
		return c.spellCredential(stales, call, -1)
	}
	for i := range call.RPC.Calls {
		one := call.RPC.Calls[i].AppendStales(nil)
		stales = append(stales, c.spellCredential(one, call, i)...)
	}
	return stales
}

// spellCredential puts the names of the call's credentials in the place of the
// word that stands for them. What was read without any may have changed as
// well.
func (c *Cache) spellCredential(stales []string, call *Call, element int) []string {
	spelled := stales[:0:0]
	for _, name := range stales {
		if name != cleeng.TagCredential {
			spelled = append(spelled, name)
			continue
		}
		spelled = append(c.appendCredentials(spelled, call, element), nameAnonymous)
	}
	return spelled
}

// appendCredentials appends a name for each credential that the call carries,
// the same wherever it stands: a write made with it makes stale what was read
// with it, on every surface. The digests reveal nothing of it.
func (c *Cache) appendCredentials(names []string, call *Call, element int) []string {
	before := len(names)
	if call.Credential != nil && (element < 0 || call.Injects == nil || call.Injects(element)) {
		names = append(names, c.credentialName("injected", call.Credential.Name(), call.Credential.Account()))
	}
	for _, field := range call.fields.names {
		for _, line := range call.Header[field] {
			if value := bareToken(line); value != "" {
				names = append(names, c.credentialName("sent", value))
			}
		}
	}
	if element >= 0 {
		for _, kind := range []cleeng.Auth{cleeng.AuthPublisher, cleeng.AuthCustomer} {
			if token := call.RPC.Calls[element].Token(kind); !token.IsZero() {
				names = append(names, c.credentialName("sent", token.Reveal()))
			}
		}
	}
	if len(names) == before {
		names = append(names, nameAnonymous)
	}
	return names
}

func (c *Cache) credentialName(parts ...string) string {
	k := newKeyBytes()
	k.b = append(k.b, c.secret[:]...)
	for _, part := range parts {
		k.addString(part)
	}
	sum := k.sum()
	return cleeng.TagCredential + ":" + hex.EncodeToString(sum[:12])
}

// bareToken is a credential without its scheme.
func bareToken(value string) string {
	value = strings.TrimSpace(value)
	if _, token, ok := strings.Cut(value, " "); ok {
		return strings.TrimSpace(token)
	}
	return value
}

// lookup finds an id that the path does not show: in the query, the body, or
// the claims of the customer's own token. A claim that nobody verified may
// decide what is dropped, never who may read.
func (call *Call) lookup(name string) string {
	if strings.Contains(call.Query, name) {
		if values, err := url.ParseQuery(call.Query); err == nil && values.Get(name) != "" {
			return values.Get(name)
		}
	}
	if len(call.Body) > 0 && len(call.Body) <= maxNameBytes {
		if value := member(call.Body, name); value != "" {
			return value
		}
	}
	if name == "customerId" {
		return member(claimsOf(call.Header), name)
	}
	return ""
}

// member returns a top-level member of a JSON object if it is text or a number.
func member(object []byte, name string) string {
	var members map[string]json.RawMessage
	if len(object) == 0 || json.Unmarshal(object, &members) != nil {
		return ""
	}
	var value any
	if json.Unmarshal(members[name], &value) != nil {
		return ""
	}
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return string(members[name])
	}
	return ""
}
