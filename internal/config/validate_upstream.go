package config

import (
	"fmt"
	"net/url"
	"strings"
)

func (c *checks) upstreams() {
	routes := map[string]string{}
	for _, name := range sortedNames(c.cfg.Upstreams) {
		upstream, path := c.cfg.Upstreams[name], "upstreams."+name
		c.upstreamURL(path+".url", upstream.URL)
		c.prefix(path, upstream)
		if upstream.Prefix != "" {
			route := upstream.Listen + " " + upstream.Prefix
			if other, twice := routes[route]; twice {
				at := c.given(path+".prefix", other+".prefix", path+".listen", other+".listen")
				c.faultAt(at, path+".prefix", fmt.Sprintf("%s is also the prefix of %s on the same listener", quote(upstream.Prefix), other), "give each upstream its own prefix or its own listen address")
			}
			routes[route] = path
		}
		if _, ok := c.cfg.Credentials[upstream.Credential]; upstream.Credential != "" && !ok {
			c.fault(path+".credential", undefined(upstream.Credential, "credentials"), defined(upstream.Credential, "credentials", sortedNames(c.cfg.Credentials)))
		}
		if _, ok := c.cfg.Limits[upstream.Limit]; upstream.Limit != "" && !ok {
			c.fault(path+".limit", undefined(upstream.Limit, "limits"), defined(upstream.Limit, "limits", sortedNames(c.cfg.Limits)))
		}
		if upstream.CAFile != "" {
			c.caFile(path+".ca_file", upstream.CAFile)
		}
		c.proxy(path+".proxy", upstream.Proxy)
	}
}

func undefined(name, section string) string {
	return fmt.Sprintf("%s is not defined under %s", quote(name), section)
}

func defined(name, section string, names []string) string {
	if near := closest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return fmt.Sprintf(`define it under %s, or name %s, or "" for none`, section, orList(names))
}

// upstreamURL is scheme and host alone: a path in it would be lost or doubled
// beside prefix and path. A URL with a password is not shown.
func (c *checks) upstreamURL(path, text string) {
	const remedy = "write scheme and host, such as https://api.cleeng.com"
	if text == "" {
		c.fault(path, "is missing", remedy)
		return
	}
	parsed, err := url.Parse(text)
	switch {
	case err != nil:
		c.fault(path, "is not a URL", remedy)
	case parsed.User != nil:
		c.fault(path, "holds a user name or password", "configure a credential instead, and keep only scheme and host in the URL")
	case parsed.Host == "" || !urlHost(parsed):
		c.fault(path, quote(text)+" has no valid host", remedy)
	case parsed.Scheme != "https" && parsed.Scheme != "http":
		c.fault(path, quote(text)+" is not https", remedy)
	case parsed.Scheme == "http" && !loopbackHost(parsed.Hostname()):
		c.fault(path, quote(text)+" would send credentials unencrypted", "write https:// (http is for loopback hosts only)")
	case strings.Trim(parsed.Path, "/") != "":
		c.fault(path, quote(text)+" has a path", "keep only scheme and host, and set "+strings.TrimSuffix(path, ".url")+".path to what replaces the prefix")
	case parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "":
		c.fault(path, "has a query or fragment", remedy)
	}
}

func urlHost(parsed *url.URL) bool {
	if port := parsed.Port(); port == "" && strings.HasSuffix(parsed.Host, ":") || port == "0" {
		return false
	}
	_, err := ParseListen(parsed.Hostname() + ":1")
	if strings.Contains(parsed.Hostname(), ":") {
		_, err = ParseListen("[" + parsed.Hostname() + "]:1")
	}
	return parsed.Hostname() != "" && err == nil
}

// tokenPath begins the paths whose first segment after it is a client token.
const tokenPath = "/-/"

func (c *checks) prefix(path string, upstream Upstream) {
	prefix, sent := upstream.Prefix, upstream.Path
	switch {
	case prefix == "":
		c.fault(path+".prefix", "is missing", "write the beginning of the paths that go to this upstream, such as /3.1/, or / for all others")
		return
	case !plainPath(prefix):
		c.fault(path+".prefix", quote(prefix)+" is not a plain path", "begin with / and leave out //, dot segments, query and percent signs")
		return
	case strings.HasPrefix(prefix+"/", tokenPath):
		c.fault(path+".prefix", quote(prefix)+" is reserved for client tokens", "choose a prefix that does not begin with /-/")
		return
	case sent == "":
		return
	case !plainPath(sent):
		c.fault(path+".path", quote(sent)+" is not a plain path", "begin with / and leave out //, dot segments, query and percent signs")
	case strings.HasSuffix(sent, "/") != strings.HasSuffix(prefix, "/"):
		c.faultAt(c.given(path+".path", path+".prefix"), path+".path", fmt.Sprintf("%s and the prefix %s do not end alike, so paths would be joined wrongly", quote(sent), quote(prefix)), "end both with / or neither")
	}
}

func plainPath(path string) bool {
	return Normal(path) && !strings.ContainsAny(path, "%?#*; \t")
}

// NoProxy as an upstream's proxy calls directly, whatever the environment says.
const NoProxy = "direct"

func (c *checks) proxy(path, text string) {
	if text == "" || text == NoProxy {
		return
	}
	const remedy = "write direct, or a URL such as http://proxy.example:3128"
	parsed, err := url.Parse(text)
	switch {
	case err != nil || parsed.Host == "" && parsed.User == nil:
		c.fault(path, "is not a URL with a host", remedy)
	case parsed.User != nil:
		c.fault(path, "holds a user name or password, which would be shown with the configuration", "leave it empty and put the URL into the variable HTTPS_PROXY, or use a proxy without password")
	case parsed.Scheme != "http" && parsed.Scheme != "https" && parsed.Scheme != "socks5" && parsed.Scheme != "socks5h":
		c.fault(path, quote(text)+" has an unknown scheme", "write http://, https:// or socks5://")
	case strings.Trim(parsed.Path, "/") != "" || parsed.RawQuery != "" || parsed.Fragment != "":
		c.fault(path, quote(text)+" has more than scheme, host and port", remedy)
	}
}

// Route is one prefix that an upstream answers to.
type Route struct {
	// Prefix is the beginning of the path as the app sends it, Sent what
	// replaces it upstream.
	Prefix, Sent string
}

// Routes lists what the named upstream answers to on its listener. It is the
// configured prefix, and for the JSON-RPC upstream under its default prefix
// also the alias /api/3.0/json-rpc, which older clients append to their base
// URL, unless another upstream has that prefix. An unknown name has none.
func (c *Config) Routes(name string) []Route {
	upstream, ok := c.Upstreams[name]
	if !ok {
		return nil
	}
	sent := upstream.Path
	if sent == "" {
		sent = upstream.Prefix
	}
	routes := []Route{{Prefix: upstream.Prefix, Sent: sent}}
	if name != RPCUpstream || upstream.Prefix != rpcPrefix {
		return routes
	}
	for _, other := range c.Upstreams {
		if other.Listen == upstream.Listen && other.Prefix == rpcAlias {
			return routes
		}
	}
	return append(routes, Route{Prefix: rpcAlias, Sent: sent})
}
