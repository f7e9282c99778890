package proxy

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// checkHost refuses a Host that a page could have been rebound to (DNS
// rebinding): only loopback names and literals, the configured names, and an
// IP literal that is the address this very connection came in on are let
// through. Ports are not compared, since forwarders change them. A name is
// compared whole, never by its beginning or end: 127.0.0.1.nip.io is not ours.
func (g *Guard) checkHost(r *http.Request) *Problem {
	if usual := g.usual.Load(); usual != nil && *usual == r.Host && r.URL.User == nil {
		return nil
	}
	name, ok := hostName(r.Host)
	if !ok || r.URL.User != nil {
		return hostRefused(r.Host)
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		addr = addr.Unmap()
		if addr.IsLoopback() {
			return g.allow(r.Host)
		}
		if addr == localAddr(r) {
			return nil
		}
	} else if name == "localhost" {
		return g.allow(r.Host)
	}
	if _, listed := g.hosts[name]; listed {
		return g.allow(r.Host)
	}
	return hostRefused(r.Host)
}

// allow remembers a Host that needs no look at the connection.
func (g *Guard) allow(host string) *Problem {
	host = strings.Clone(host)
	g.usual.Store(&host)
	return nil
}

func hostRefused(host string) *Problem {
	if host == "" {
		return &Problem{Code: CodeHostRefused, Detail: "The request has no Host. Send one: localhost, a loopback address, or a name listed under guard.allowed_hosts."}
	}
	shown := visible(host, 100)
	return &Problem{Code: CodeHostRefused, Detail: "Host " + shown + " is not a name of this proxy. If it should be, add it to the configuration: guard: {allowed_hosts: [" + shown + "]}."}
}

// hostName splits an optional port off and lower-cases the rest. It reports
// false for what is no host at all, such as one with user information.
func hostName(host string) (string, bool) {
	name := host
	switch {
	case host == "":
		return "", false
	case host[0] == '[':
		end := strings.IndexByte(host, ']')
		if end < 0 || (end+1 < len(host) && !isPort(host[end+1:])) {
			return "", false
		}
		name = host[1:end]
		if !strings.Contains(name, ":") {
			return "", false // brackets are for IPv6 only (RFC 3986 section 3.2.2)
		}
	default:
		if i := strings.IndexByte(host, ':'); i >= 0 {
			if !isPort(host[i:]) {
				return "", false
			}
			name = host[:i]
		}
	}
	if name == "" || strings.ContainsAny(name, "@/\\ \t%") {
		return "", false
	}
	return strings.ToLower(name), true
}

func isPort(s string) bool {
	if s == "" || s[0] != ':' || len(s) > 6 {
		return false
	}
	for _, c := range s[1:] {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// localAddr is the connection's own address, the zero Addr where there is none
// (a unix socket).
func localAddr(r *http.Request) netip.Addr {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return netip.Addr{}
	}
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap().WithZone("")
}

func isVisible(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' {
			return false
		}
	}
	return true
}

// visible makes foreign text fit for a message: printable ASCII only, cut.
func visible(s string, limit int) string {
	if len(s) <= limit && isVisible(s) {
		return strings.Clone(s) // of a field that nothing else keeps
	}
	cut := s
	if len(cut) > limit {
		cut = cut[:limit]
	}
	out := []byte(cut)
	for i, c := range out {
		if c < ' ' || c > '~' || c == '"' {
			out[i] = '?'
		}
	}
	if len(s) > limit {
		return string(out) + "..."
	}
	return string(out)
}
