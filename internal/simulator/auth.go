package simulator

import (
	"net/http"
	"strconv"
	"strings"
)

// bearer reads the JWT of an Authorization header. A header that is empty counts
// as absent; one with another scheme gives a token that cannot be valid.
func bearer(r *http.Request) string {
	value := strings.TrimSpace(r.Header.Get("Authorization"))
	if value == "" {
		return ""
	}
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return value
	}
	if token = strings.TrimSpace(token); token == "" {
		return "?"
	}
	return token
}

// nameCredential names the credential of the headers for the counters. It needs mu.
func (c *call) nameCredential() string {
	if value := c.r.Header.Get("X-Publisher-Token"); value != "" {
		if k := c.world.key(value); k != nil {
			return "key:" + k.Name
		}
		return "unknown"
	}
	if token := bearer(c.r); token != "" {
		claims, state := c.world.checkJWT(token, c.now.Add(c.knobs.Clock.Skew))
		if state == jwtInvalid {
			return "unknown"
		}
		return "customer:" + strconv.Itoa(claims.CustomerID)
	}
	return "none"
}

// subject is what the quotas count this call for.
func (c *call) subject() subject {
	who := subject{key: c.credential, publisher: strconv.Itoa(PublisherID), ip: c.addr.String(), endpoint: c.name}
	if strings.HasPrefix(c.credential, "customer:") {
		who.customer = c.credential
	}
	if c.surface == surfaceRPC {
		who.key = c.rpcCredential()
	}
	return who
}

// authenticate checks the credential that the endpoint asks for and fills
// c.key or c.customer.
func (c *call) authenticate() (answer, bool) {
	switch c.route.access {
	case byKey:
		return c.checkKey()
	case byJWT:
		return c.checkCustomer()
	case byEither:
		if c.r.Header.Get("X-Publisher-Token") != "" {
			return c.checkKey()
		}
		return c.checkCustomer()
	case optional:
		// A bad JWT on a public call is ignored, as is an empty one.
		if claims, state := c.world.checkJWT(bearer(c.r), c.server); state == jwtValid {
			c.customer = c.world.customers[claims.CustomerID]
		}
	}
	return c.denied("")
}

func (c *call) checkKey() (answer, bool) {
	k := c.world.key(c.r.Header.Get("X-Publisher-Token"))
	if k == nil {
		return c.unauthorized("", "Invalid or missing publisher token"), true
	}
	if !k.allows(c.addr) {
		return c.addressRefused(), true
	}
	c.key = k
	return c.denied(k.Name)
}

func (c *call) addressRefused() answer {
	message := "Access denied"
	if c.knobs.Credentials.IPDeniedNamesAddress {
		message = "IP address " + c.addr.String() + " is not allowed"
	}
	if c.knobs.Credentials.IPDeniedStatus == http.StatusUnauthorized {
		return c.unauthorized("", message)
	}
	return failure(c.surface, http.StatusForbidden, "", message)
}

func (c *call) checkCustomer() (answer, bool) {
	claims, state := c.world.checkJWT(bearer(c.r), c.server)
	k := c.knobs.Credentials
	switch state {
	case jwtMissing:
		return c.unauthorized(k.MissingCode, "JWT is missing"), true
	case jwtInvalid:
		return c.unauthorized(k.InvalidCode, "JWT is invalid"), true
	case jwtExpired:
		return c.unauthorized(k.ExpiredCode, "JWT is expired"), true
	}
	c.customer = c.world.customers[claims.CustomerID]
	if id, own := c.vars["customerId"]; own && id != strconv.Itoa(claims.CustomerID) {
		return failure(c.surface, http.StatusForbidden, "", "Customer is not allowed to use this resource"), true
	}
	return c.denied("")
}

// denied applies the missing permissions of credentials.denied.
func (c *call) denied(key string) (answer, bool) {
	for _, d := range c.knobs.Credentials.Denied {
		if d.Key != "" && d.Key != key || !matches(d.Match, c.r.Method, c.r.URL.EscapedPath(), c.template()) {
			continue
		}
		if d.Status == http.StatusUnauthorized {
			return c.unauthorized(c.knobs.Credentials.InvalidCode, "Insufficient permissions"), true
		}
		return failure(c.surface, http.StatusForbidden, "", "Insufficient permissions"), true
	}
	return answer{}, false
}

// unauthorized is a 401 in the shape of the surface.
func (c *call) unauthorized(code, message string) answer {
	const status = http.StatusUnauthorized
	if c.surface == surfaceMediaStore || c.surface == surfaceInApp {
		if code == "" {
			code = c.knobs.Credentials.InvalidCode
		}
		return mediaError(status, code, message)
	}
	switch c.knobs.Credentials.CoreUnauthorizedBody {
	case "success":
		return jsonAnswer(status, object{"success": false, "data": nil, "message": message})
	case "empty":
		return answer{status: status, header: http.Header{}}
	case "html":
		return html(status, "401 Authorization Required")
	default:
		return coreError(status, message)
	}
}

func (c *call) notFound() answer {
	if _, _, allowed := c.sim.find(c.r); len(allowed) > 0 {
		return failure(c.surface, http.StatusMethodNotAllowed, "", "Method not allowed").with("Allow", strings.Join(allowed, ", "))
	}
	return failure(c.surface, http.StatusNotFound, "", "Not Found")
}
