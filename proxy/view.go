package proxy

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sort"
	"strings"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
)

// view is everything that a configuration decides, ready for use. It is built
// whole, swapped at once, and never changed; a request keeps the one it came
// in with to its end.
type view struct {
	cfg       *config.Config
	guard     *Guard
	clients   *clients
	upstreams []*upstream
	routers   map[string]*router // by listener: "" is the shared one
}

// observes reports the mode in which nothing is delayed, repeated or shared.
func (v *view) observes() bool { return v.cfg.Mode == config.Observe }

// upstream is one API behind the proxy.
type upstream struct {
	name      string
	surface   cleeng.Surface
	base      *url.URL
	baseURL   string // scheme and host of base
	prefix    string
	path      string // replaces prefix when sent
	aliases   []string
	allow     []config.Pattern
	own       string // its own listener's address, "" for the shared one
	cred      *binding
	limit     string
	transport *http.Transport
	reverse   *httputil.ReverseProxy
	lane      http.RoundTripper // of our own logins and refreshes
	desk      *cache.FrontDesk  // nil: nothing is answered from memory
}

// build makes the view of cfg. Connections of upstreams that did not change are
// taken over from old.
func (p *Proxy) build(cfg *config.Config, parts Parts, old *view) (*view, error) {
	v := &view{cfg: cfg, guard: NewGuard(cfg.Guard), clients: newClients(cfg), routers: make(map[string]*router)}
	for name, u := range cfg.Upstreams {
		up, err := p.buildUpstream(name, u, cfg, parts, old)
		if err != nil {
			return nil, err
		}
		v.upstreams = append(v.upstreams, up)
	}
	sort.Slice(v.upstreams, func(i, j int) bool { return v.upstreams[i].name < v.upstreams[j].name })
	for _, up := range v.upstreams {
		if v.routers[up.own] == nil {
			v.routers[up.own] = newRouter()
		}
		v.routers[up.own].add(up, p.identify(up, p.frontDesk(up, p.forwardTo(up))))
	}
	return v, nil
}

func (p *Proxy) buildUpstream(name string, u config.Upstream, cfg *config.Config, parts Parts, old *view) (*upstream, error) {
	base, err := url.Parse(u.URL)
	if err != nil {
		return nil, fmt.Errorf("upstreams.%s.url: %w", name, err)
	}
	up := &upstream{
		name: name, surface: surfaceOf(name), base: base, baseURL: base.Scheme + "://" + base.Host, prefix: u.Prefix, path: u.Path,
		allow: u.Allow, own: u.Listen, limit: u.Limit,
	}
	for _, r := range cfg.Routes(name) {
		if r.Prefix != u.Prefix {
			up.aliases = append(up.aliases, r.Prefix)
		}
	}
	if u.Credential != "" {
		up.cred = newBinding(parts.Credentials[u.Credential], cfg.Credentials[u.Credential])
	}
	if up.transport, err = p.transportFor(name, u, cfg, old); err != nil {
		return nil, err
	}
	if parts.Cache.Enabled() && cfg.Mode != config.Observe {
		up.desk = &cache.FrontDesk{Cache: parts.Cache, Rules: cache.NewRules(cfg.Cache)}
	}
	up.lane = p.laneChain(up, parts.Limits)
	up.reverse = p.reverseProxy(up, p.chain(up, up.transport, cfg, parts))
	return up, nil
}

// surfaceOf takes the default names for the APIs they stand for. Of an
// upstream under any other name nothing is known.
func surfaceOf(name string) cleeng.Surface {
	switch s := cleeng.Surface(name); s {
	case cleeng.SurfaceCore, cleeng.SurfaceRPC, cleeng.SurfaceMediaStore, cleeng.SurfaceInApp, cleeng.SurfaceLogin:
		return s
	}
	return cleeng.SurfaceUnknown
}

// target is the path as it goes upstream.
func (u *upstream) target(raw string) string {
	for _, alias := range u.aliases {
		if rest, ok := strings.CutPrefix(raw, alias); ok {
			if u.path != "" {
				return u.path + rest
			}
			return u.prefix + rest
		}
	}
	if u.path == "" {
		return raw
	}
	if rest, ok := strings.CutPrefix(raw, u.prefix); ok {
		return u.path + rest
	}
	return raw
}

// isRPC reports whether the request is a JSON-RPC call: its credential stands
// in the body.
func (u *upstream) isRPC(x *exchange) bool {
	if u.surface != cleeng.SurfaceRPC {
		return false
	}
	at := u.path
	if at == "" {
		at = u.prefix
	}
	return x.path == at
}

// checkAllowed holds the call against upstreams.NAME.allow, before any
// credential is put in. A path that is not in normal form could mean another
// one upstream, so only a pattern for every path lets it through.
func (u *upstream) checkAllowed(method string, x *exchange) *Problem {
	if len(u.allow) == 0 {
		return nil
	}
	for _, pattern := range u.allow {
		if pattern.Match(method, x.path) {
			return nil
		}
	}
	return &Problem{Code: CodeNotAllowed, Detail: visible(method, 20) + " on this path is not in the allow list of upstream " + u.name + ". If it should be, add it to the configuration: upstreams: {" + u.name + ": {allow: [...]}}."}
}
