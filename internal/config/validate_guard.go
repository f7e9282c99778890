package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

func (c *checks) guard() {
	for i, host := range c.cfg.Guard.AllowedHosts {
		c.allowedHost(index("guard.allowed_hosts", i), host)
	}
	for i, origin := range c.cfg.Guard.AllowedOrigins {
		c.allowedOrigin(index("guard.allowed_origins", i), origin)
	}
	const short = 16
	if token := c.cfg.Guard.ClientToken; !token.IsZero() && len(token.Reveal()) < short {
		c.warn("guard.client_token", fmt.Sprintf("the client token has fewer than %d characters and can be guessed; make one with: openssl rand -hex 32", short))
	}
	if token := c.cfg.Admin.Token; !token.IsZero() && len(token.Reveal()) < short {
		c.warn("admin.token", fmt.Sprintf("the admin token has fewer than %d characters and can be guessed; make one with: openssl rand -hex 32", short))
	}
}

// allowedHost takes a name or address as it stands in the Host field, without
// port: wildcards would let a rebinding name through.
func (c *checks) allowedHost(path, host string) {
	bare := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if _, err := netip.ParseAddr(bare); err == nil {
		return
	}
	switch {
	case strings.Contains(host, "*"):
		c.fault(path, quote(host)+" holds a wildcard", "write every host name out, such as cleengate.internal.example")
	case strings.Contains(host, "://"):
		c.fault(path, quote(host)+" has a scheme", "write only the host, such as cleengate.internal.example")
	case strings.Contains(host, ":"):
		c.fault(path, quote(host)+" has a port, and ports are not compared", "write only the host, such as cleengate.internal.example")
	case !validHost(host):
		c.fault(path, quote(host)+" is not a host name", "write only the host, such as cleengate.internal.example")
	}
}

// allowedOrigin takes an origin exactly as browsers send it (RFC 6454 section
// 6.2): anything else would never match, and the page would stay refused.
func (c *checks) allowedOrigin(path, origin string) {
	const remedy = "write only scheme, host and port, such as https://shop.example or http://localhost:3000"
	if origin == "*" || strings.EqualFold(origin, "null") {
		c.fault(path, quote(origin)+" would let any web page use the credential", remedy)
		return
	}
	parsed, err := url.Parse(origin)
	switch {
	case err != nil || parsed.Scheme == "" || parsed.Host == "" || parsed.User != nil:
		c.fault(path, quote(origin)+" is not an origin", remedy)
	case strings.Contains(origin, "*"):
		c.fault(path, quote(origin)+" holds a wildcard", "write every origin out")
	case parsed.Path != "" || parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		c.fault(path, quote(origin)+" has more than scheme, host and port", "write "+parsed.Scheme+"://"+parsed.Host)
	case origin != strings.ToLower(origin):
		c.fault(path, quote(origin)+" has capital letters, which browsers never send", "write "+strings.ToLower(origin))
	case parsed.Scheme == "https" && parsed.Port() == "443", parsed.Scheme == "http" && parsed.Port() == "80":
		c.fault(path, quote(origin)+" names the default port, which browsers leave out", "write "+parsed.Scheme+"://"+strings.TrimSuffix(parsed.Host, ":"+parsed.Port()))
	case !urlHost(parsed):
		c.fault(path, quote(origin)+" has no valid host", remedy)
	}
}

func (c *checks) clients() {
	agents, tokens := map[string]string{}, map[[32]byte]string{}
	for _, name := range sortedNames(c.cfg.Clients) {
		client, path := c.cfg.Clients[name], "clients."+name
		if agent := client.UserAgent; agent != "" {
			if other, twice := agents[agent]; twice {
				c.fault(path+".user_agent", fmt.Sprintf("%s is also that of %s", quote(agent), other), "let each User-Agent belong to one client")
			}
			agents[agent] = path
		}
		if !client.Token.IsZero() {
			given := c.given(path+".token_file", path+".token")
			if other, twice := tokens[client.Token.Digest()]; twice {
				c.fault(given, "the token is also that of "+other, "give each client a token of its own")
			}
			if client.Token.Equal(c.cfg.Guard.ClientToken) {
				c.fault(given, "the token is also guard.client_token", "give the client a token of its own")
			}
			tokens[client.Token.Digest()] = path
		}
		if client.Patience > c.cfg.Patience.Max {
			c.faultAt(c.given(path+".patience", "patience.max"), path+".patience", fmt.Sprintf("%s is longer than patience.max (%s)", formatDuration(client.Patience), formatDuration(c.cfg.Patience.Max)), "make it at most the maximum")
		}
	}
}
