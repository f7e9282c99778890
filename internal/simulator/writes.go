package simulator

import (
	"crypto/sha256"
	"encoding/hex"
)

// digest identifies a write by all that it asks for.
func (c *call) digest() string {
	h := sha256.New()
	for _, part := range []string{c.r.Method, c.r.URL.RequestURI(), string(c.body)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return c.name + " " + hex.EncodeToString(h.Sum(nil)[:8])
}

// naturalKeys are the values that should make a write unique.
func (c *call) naturalKeys(body object) []string {
	var keys []string
	for _, name := range []string{"Idempotency-Key", "Correlation-Id"} {
		if v := c.r.Header.Get(name); v != "" {
			keys = append(keys, name+":"+v)
		}
	}
	return append(keys, bodyKeys(body)...)
}

func bodyKeys(body object) []string {
	var keys []string
	for _, name := range []string{"externalId", "externalPaymentId", "transactionId"} {
		if v := text(body, name); v != "" {
			keys = append(keys, name+":"+v)
		}
	}
	return keys
}
