package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"time"
)

// claims are those of the documented sample token, and a jti that keeps two
// tokens of one second apart.
type claims struct {
	CustomerID  int   `json:"customerId"`
	PublisherID int   `json:"publisherId"`
	IssuedAt    int64 `json:"iat"`
	Expires     int64 `json:"exp"`
	Serial      int   `json:"jti,string"`
}

// mintJWT makes a token of the right shape. Cleeng does not publish its
// verification key, so nobody but the issuer can check a signature; hence an
// "RS256" token carries 256 bytes stretched from an HMAC in place of an RSA signature.
func mintJWT(c claims, algorithm string, key []byte) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"` + algorithm + `"}`))
	body, err := json.Marshal(c)
	if err != nil {
		return "" // cannot happen: integers and a string
	}
	unsigned := header + "." + base64.RawURLEncoding.EncodeToString(body)
	return unsigned + "." + base64.RawURLEncoding.EncodeToString(signJWT(unsigned, algorithm, key))
}

func signJWT(unsigned, algorithm string, key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(unsigned))
	sum := mac.Sum(nil)
	if algorithm != "RS256" {
		return sum
	}
	signature := make([]byte, 256)
	_, _ = rand.NewChaCha8([32]byte(sum)).Read(signature)
	return signature
}

type jwtState int

const (
	jwtValid jwtState = iota
	jwtMissing
	jwtInvalid
	jwtExpired
)

// checkJWT verifies signature, expiry and revocation. now is the server's clock.
func (w *world) checkJWT(token string, now time.Time) (claims, jwtState) {
	var c claims
	if token == "" {
		return c, jwtMissing
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c, jwtInvalid
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	if !decodePart(parts[0], &header) || !decodePart(parts[1], &c) {
		return c, jwtInvalid
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, signJWT(parts[0]+"."+parts[1], header.Algorithm, w.jwtKey)) {
		return c, jwtInvalid
	}
	if now.Unix() >= c.Expires {
		return c, jwtExpired
	}
	if w.isRevoked(c, 0) || w.isRevoked(c, c.CustomerID) {
		return c, jwtInvalid
	}
	if w.customers[c.CustomerID] == nil {
		return c, jwtInvalid
	}
	return c, jwtValid
}

// isRevoked compares in the order of issue, as two tokens of one second differ.
func (w *world) isRevoked(c claims, customer int) bool {
	return c.Serial <= w.revokedUpTo[customer]
}

func decodePart(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}
