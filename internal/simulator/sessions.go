package simulator

import (
	"time"
)

// refreshToken works once. Used ones are remembered, so that a second use can be
// told from a token that never was.
type refreshToken struct {
	customerID int
	expires    time.Time
	sso        bool
	used       bool
	revoked    bool
}

type customerToken struct {
	customerID int
	expires    time.Time
}

// pair is what a login or refresh gives.
type pair struct {
	jwt, refresh string
}

// issue mints a JWT and a refresh token. A customer may hold many at once.
func (c *call) issue(customerID int, sso bool) pair {
	w, k := c.world, c.knobs.Credentials
	life := k.JWTLifetime
	if sso {
		life = k.SSOLifetime
	}
	token := mintJWT(claims{
		CustomerID: customerID, PublisherID: PublisherID, IssuedAt: c.server.Unix(),
		Expires: c.server.Add(life).Unix(), Serial: w.id(),
	}, k.JWTAlgorithm, w.jwtKey)
	refresh := c.sim.random.token(48)
	w.refresh[refresh] = &refreshToken{customerID: customerID, expires: c.server.Add(k.RefreshLifetime), sso: sso}
	w.id()
	return pair{jwt: token, refresh: refresh}
}

func (c *call) issueCustomerToken(customerID int) string {
	token := c.sim.random.token(48)
	c.world.custTokens[token] = &customerToken{customerID: customerID, expires: c.server.Add(c.knobs.Credentials.CustomerTokenLifetime)}
	c.world.id()
	return token
}

// Revocation says which credentials to make invalid at once. CustomerID 0 means
// those of all customers.
type Revocation struct {
	CustomerID     int  `json:"customer_id"`
	JWTs           bool `json:"jwts"`
	RefreshTokens  bool `json:"refresh_tokens"`
	CustomerTokens bool `json:"customer_tokens"`
}

// Revoke makes credentials invalid and returns how many refresh and customer
// tokens that were. JWTs issued so far are refused with the code for invalid ones.
func (s *Simulator) Revoke(r Revocation) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if r.JWTs {
		s.world.revokedUpTo[r.CustomerID] = s.world.nextID
	}
	if r.RefreshTokens {
		n += s.world.revokeRefresh(r.CustomerID)
	}
	if r.CustomerTokens {
		for value, t := range s.world.custTokens {
			if r.CustomerID == 0 || t.customerID == r.CustomerID {
				delete(s.world.custTokens, value)
				n++
			}
		}
	}
	return n
}

func (w *world) revokeRefresh(customerID int) int {
	n := 0
	for _, t := range w.refresh {
		if !t.used && !t.revoked && (customerID == 0 || t.customerID == customerID) {
			t.revoked = true
			n++
		}
	}
	return n
}
