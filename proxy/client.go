package proxy

import (
	"net"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/internal/redact"
)

const (
	clientTokenHeader = "Cleengate-Token"
	clientNameHeader  = "Cleengate-Client"
	tokenPathPrefix   = "/-/" // base URL http://host:8401/-/TOKEN
	maxCallerName     = 64
)

// caller is who sent a request, as fair shares and reports see it. A name is
// what a caller says of itself: good for fairness among callers that do not
// forge names, never for authorisation.
type caller struct {
	name     string
	known    bool          // configured, or proven by a client token: owns a queue
	share    int           // weight in the queue
	patience time.Duration // 0: patience.default
}

// clients resolves callers and checks client tokens. It is immutable.
type clients struct {
	byName   map[string]caller
	byAgent  []agentPrefix // longest first
	tokens   []clientToken
	required bool // some token must be shown
}

type agentPrefix struct {
	prefix string
	caller caller
}

type clientToken struct {
	secret redact.Secret
	caller string // "" for the common token
}

func newClients(cfg *config.Config) *clients {
	c := &clients{byName: make(map[string]caller, len(cfg.Clients))}
	if !cfg.Guard.ClientToken.IsZero() {
		c.required = true
		c.tokens = append(c.tokens, clientToken{secret: cfg.Guard.ClientToken})
	}
	for name, client := range cfg.Clients {
		known := caller{name: name, known: true, share: max(client.Share, 1), patience: client.Patience}
		c.byName[name] = known
		if client.UserAgent != "" {
			c.byAgent = append(c.byAgent, agentPrefix{client.UserAgent, known})
		}
		if !client.Token.IsZero() {
			c.tokens = append(c.tokens, clientToken{client.Token, name})
		}
	}
	sort.Slice(c.byAgent, func(i, j int) bool {
		a, b := c.byAgent[i], c.byAgent[j]
		if len(a.prefix) != len(b.prefix) {
			return len(a.prefix) > len(b.prefix)
		}
		return a.prefix < b.prefix
	})
	return c
}

// authenticate checks the token of a request, from header or path, and
// returns whom it names. Every token is compared, each in constant time, so
// that timing tells nothing.
func (c *clients) authenticate(shown string) (name string, p *Problem) {
	matched := false
	if shown != "" && len(c.tokens) > 0 {
		guess := redact.New(shown)
		for _, t := range c.tokens {
			if t.secret.Equal(guess) {
				matched, name = true, t.caller
			}
		}
	}
	switch {
	case matched:
		return name, nil
	case shown != "" && len(c.tokens) > 0:
		return "", &Problem{Code: CodeUnauthenticated, Detail: "The client token is not one that this proxy knows. Compare it with the file named in guard.client_token_file."}
	case c.required:
		return "", &Problem{Code: CodeUnauthenticated, Detail: "This proxy asks for a client token. Send it in the header " + clientTokenHeader + ", or put it into the base URL: http://HOST:PORT/-/TOKEN."}
	}
	return "", nil
}

// resolve finds the caller: its client token, its Cleengate-Client, a
// configured beginning of User-Agent, the product in User-Agent, its address.
func (c *clients) resolve(r *http.Request, proven string) caller {
	if proven != "" {
		return c.byName[proven]
	}
	if said := first(r.Header[clientNameHeader]); said != "" {
		name := visible(said, maxCallerName)
		if known, ok := c.byName[name]; ok {
			return known
		}
		return caller{name: name, share: 1}
	}
	agent := first(r.Header["User-Agent"])
	for _, a := range c.byAgent {
		if strings.HasPrefix(agent, a.prefix) {
			return a.caller
		}
	}
	if product := agentProduct(agent); product != "" {
		return caller{name: product, share: 1}
	}
	return caller{name: remoteHost(r.RemoteAddr), share: 1}
}

// agentProduct is the first product name of a User-Agent (RFC 9110 section
// 10.1.5), without its version.
func agentProduct(agent string) string {
	product, _, _ := strings.Cut(agent, " ")
	product, _, _ = strings.Cut(product, "/")
	return visible(product, maxCallerName)
}

func remoteHost(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	if addr == "" || addr == "@" {
		return "local" // a unix socket
	}
	return visible(addr, maxCallerName)
}

// takePathToken removes a leading /-/TOKEN from the request target and returns
// the token. It does so whether or not tokens are configured: a token must
// never travel on.
func takePathToken(r *http.Request) (token string, found bool) {
	raw := rawTarget(r)
	if !strings.HasPrefix(raw, tokenPathPrefix) {
		return "", false
	}
	rest := raw[len(tokenPathPrefix):]
	token, path, _ := strings.Cut(rest, "/")
	if decoded, err := url.PathUnescape(token); err == nil {
		token = decoded
	}
	path = "/" + path
	u := *r.URL
	query := u.RawQuery
	target := path
	if query != "" || u.ForceQuery {
		target += "?" + query
	}
	setTarget(&u, path, query, u.ForceQuery)
	if !expressible(path) { // the answer will say so
		u.Path, u.RawPath, u.Opaque = path, "", ""
	}
	r.URL, r.RequestURI = &u, target
	return token, true
}
