package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// surface names one of the APIs; the values are those of Limit.Surfaces.
type surface string

const (
	surfaceCore       surface = "core"
	surfaceRPC        surface = "rpc"
	surfaceMediaStore surface = "mediastore"
	surfaceInApp      surface = "inapp"
	surfaceDevice     surface = "device"
	surfaceSim        surface = "sim"
)

// access is the credential that an endpoint asks for.
type access int

const (
	public   access = iota
	optional        // a JWT is looked at if it is there
	byJWT
	byKey
	byEither
)

// route is one endpoint. handle runs under Simulator.mu and returns a complete
// answer; raw writes its own and may take long.
type route struct {
	method, template string
	segments         []string
	surface          surface
	access           access
	read             bool // POST that changes nothing
	handle           func(c *call) answer
	raw              func(c *call)
}

func (r *route) name() string { return r.method + " " + r.template }

func (r *route) writes() bool {
	return !r.read && r.method != http.MethodGet && r.surface != surfaceSim
}

func allRoutes() []*route {
	routes := slices.Concat(
		mediaStoreRoutes(), checkoutRoutes(), accountRoutes(), coreRoutes(), coreOfferRoutes(), coreSubscriptionRoutes(), corePaymentRoutes(),
		rpcRoutes(), inAppRoutes(), deviceRoutes(), testRoutes(),
	)
	for _, r := range routes {
		r.segments = strings.Split(strings.TrimPrefix(r.template, "/"), "/")
	}
	// Literal segments win over variables: /offers/season-groups over /offers/{offerId}.
	slices.SortStableFunc(routes, func(a, b *route) int { return strings.Count(a.template, "{") - strings.Count(b.template, "{") })
	return routes
}

// find matches a request by its encoded path, so an encoded slash stays inside
// its segment and a doubled one makes an empty segment that matches nothing.
// HEAD finds the GET route. allowed has the methods of the path if only the
// method did not match.
func (s *Simulator) find(r *http.Request) (found *route, vars map[string]string, allowed []string) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	for _, route := range s.routes {
		if vars, ok := route.match(parts); ok {
			if route.method == method || route.method == "*" {
				return route, vars, nil
			}
			allowed = append(allowed, route.method)
		}
	}
	return nil, nil, allowed
}

func (r *route) match(parts []string) (map[string]string, bool) {
	wild := r.segments[len(r.segments)-1] == "*"
	if len(parts) != len(r.segments) && (!wild || len(parts) < len(r.segments)-1) {
		return nil, false
	}
	var vars map[string]string
	for i, segment := range r.segments {
		switch {
		case segment == "*" && i == len(r.segments)-1:
			return vars, true
		case strings.HasPrefix(segment, "{"):
			value, err := url.PathUnescape(parts[i])
			if err != nil || value == "" {
				return nil, false
			}
			if vars == nil {
				vars = map[string]string{}
			}
			vars[segment[1:len(segment)-1]] = value
		case segment != parts[i]:
			return nil, false
		}
	}
	return vars, true
}

// matches tells whether "METHOD /path" with stars fits a call. The path part is
// compared with the raw path and with the endpoint's template.
func matches(pattern, method, path, template string) bool {
	if pattern == "" {
		return true
	}
	verb, glob, both := strings.Cut(pattern, " ")
	if !both {
		verb, glob = "*", pattern
	}
	return (verb == "*" || strings.EqualFold(verb, method)) && (globMatch(glob, path) || globMatch(glob, template))
}

// globMatch knows the star only, for any run of characters.
func globMatch(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, parts[len(parts)-1])
}

// surfaceOf guesses the surface of a path that matches no endpoint.
func surfaceOf(path string) surface {
	switch {
	case strings.HasPrefix(path, "/3.1"):
		return surfaceCore
	case strings.Contains(path, "/3.0/"):
		return surfaceRPC
	case strings.HasPrefix(path, "/sim/"):
		return surfaceSim
	default:
		return surfaceMediaStore
	}
}
