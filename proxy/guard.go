package proxy

import (
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/cleengate/cleengate/internal/config"
)

// Guard decides whether a request may come in at all, before anything of it is
// kept. It protects the credential against web pages, rebound names and
// strangers (promise 10). It is immutable and safe for concurrent use.
type Guard struct {
	hosts   map[string]struct{}
	origins map[string]struct{}
	usual   atomic.Pointer[string] // the last Host that is allowed on each connection
}

// NewGuard takes names and origins from a validated configuration.
func NewGuard(cfg config.Guard) *Guard {
	g := &Guard{hosts: make(map[string]struct{}), origins: make(map[string]struct{})}
	for _, host := range cfg.AllowedHosts {
		g.hosts[strings.ToLower(host)] = struct{}{}
	}
	for _, origin := range cfg.AllowedOrigins {
		if o, ok := normalOrigin(origin); ok {
			g.origins[o] = struct{}{}
		}
	}
	return g
}

// Check looks at method, Host and browser evidence. It returns the allow-listed
// origin that the answer may name, or the refusal. Both listeners use it.
func (g *Guard) Check(r *http.Request) (origin string, p *Problem) {
	if p := checkMethod(r); p != nil {
		return "", p
	}
	if p := g.checkHost(r); p != nil {
		return "", p
	}
	return g.checkBrowser(r)
}

// checkMethod refuses what would turn the proxy into a tunnel or a mirror:
// CONNECT goes to wherever the caller says, TRACE echoes the credential that
// was put in, and an upgraded connection leaves every layer behind.
func checkMethod(r *http.Request) *Problem {
	switch r.Method {
	case http.MethodConnect, http.MethodTrace, "TRACK":
		return &Problem{Code: CodeNotAllowed, Detail: "Method " + r.Method + " is never forwarded, since it would expose the credential."}
	}
	if offered := r.Header["Upgrade"]; len(offered) == 1 && strings.EqualFold(strings.TrimSpace(offered[0]), "h2c") {
		// Some clients offer it with every first request (Java's, on plain
		// http). A server may ignore an upgrade (RFC 9110 section 7.8).
		delete(r.Header, "Upgrade")
		delete(r.Header, "Http2-Settings")
	} else if len(offered) > 0 {
		return &Problem{Code: CodeNotAllowed, Detail: "Upgrades (such as WebSocket) are not forwarded. Send the request without an Upgrade header."}
	}
	return nil
}

// guard is the outermost layer that can refuse. Refusals are recorded, without
// body; nothing of them reaches a log beyond the reason.
func (p *Proxy) guard(next layer) layer {
	return func(w *responseWriter, r *http.Request) {
		x := w.x
		token, inPath := takePathToken(r)
		if !inPath {
			token = first(r.Header[clientTokenHeader])
		}
		origin, refusal := x.view.guard.Check(r)
		x.origin = origin
		if refusal == nil && origin != "" && isPreflight(r) {
			answerPreflight(w, r)
			return
		}
		var proven string
		if refusal == nil {
			proven, refusal = x.view.clients.authenticate(token)
		}
		if refusal == nil {
			refusal = x.view.checkSize(r)
		}
		x.caller = x.view.clients.resolve(r, proven)
		x.rec.Client = x.caller.name
		if refusal != nil {
			p.metrics.GuardRefused(refusal.Code)
			x.closeAfter(r)
			writeProblem(w, r, x, refusal)
			return
		}
		if len(r.TransferEncoding) > 0 && r.ProtoMajor == 1 {
			// net/http drops a Content-Length that came beside it, so the two
			// cannot be told apart from one; with the connection ended, nothing
			// that followed can be taken for a request (RFC 9112 section 6.1).
			x.hangUp = true
		}
		next(w, r)
	}
}

// first is the first line of a field, "" without one.
func first(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return lines[0]
}

// closeAfter ends the connection where an unread body would have to be
// swallowed first.
func (x *exchange) closeAfter(r *http.Request) {
	if r.ContentLength != 0 && r.ProtoMajor == 1 && !x.body.finished() {
		x.hangUp = true
	}
}

func (v *view) checkSize(r *http.Request) *Problem {
	if limit := int64(v.cfg.Guard.MaxBody); r.ContentLength > limit {
		return bodyTooLarge(limit)
	}
	return nil
}

func bodyTooLarge(limit int64) *Problem {
	return &Problem{Code: CodeBodyTooLarge, Detail: "The request body is larger than " + config.Size(limit).String() + ". Send less, or raise guard.max_body in the configuration."}
}
