package proxy

import (
	"net/http"
	"net/http/httputil"
	"strings"

	"github.com/cleengate/cleengate/cache"
	"github.com/cleengate/cleengate/internal/config"
)

// reverseProxy makes the ReverseProxy of one upstream. What it changes on the
// way up is undone here wherever promise 12 wants the app's own bytes.
func (p *Proxy) reverseProxy(up *upstream, transport http.RoundTripper) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:   func(pr *httputil.ProxyRequest) { rewrite(pr, up) },
		Transport: transport,
		// Bodies of unknown length are flushed by ReverseProxy as they come, and
		// those of known length by responseWriter, which spares the extra write
		// that a FlushInterval costs every answer.
		BufferPool:     p.copies,
		ErrorHandler:   p.fail,
		ModifyResponse: p.modifyResponse,
		ErrorLog:       p.reverseLog,
	}
}

// passedOn are fields that ReverseProxy removes when it is used with Rewrite,
// and that the app has a right to send.
var passedOn = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"}

func rewrite(pr *httputil.ProxyRequest, up *upstream) {
	x := exchangeOf(pr.In.Context())
	out := pr.Out
	out.URL.Scheme, out.URL.Host = up.base.Scheme, up.base.Host
	setTarget(out.URL, x.path, x.query, pr.In.URL.ForceQuery)
	out.Host = up.base.Host
	// Clone copied the trailers' names; their values come in with the end of
	// the body and are written to the original map.
	out.Trailer = pr.In.Trailer
	for _, name := range passedOn {
		if values, ok := pr.In.Header[name]; ok {
			out.Header[name] = values
		}
	}
	x.plain = true
	for name := range out.Header {
		if strings.HasPrefix(name, "Cleengate-") {
			delete(out.Header, name)
		}
		x.plain = x.plain && strings.IndexByte(name, '_') < 0
	}
	out.Header["X-Request-Id"] = x.own[:]
}

// modifyResponse diagnoses a refusal, and clears what the upstream must not say
// in our name.
func (p *Proxy) modifyResponse(resp *http.Response) error {
	p.diagnose(exchangeOf(resp.Request.Context()), resp)
	delete(resp.Header, "X-Request-Id") // ours is set in its place; the journal keeps the upstream's
	return nil
}

// forwardTo hands the request to ReverseProxy.
func (p *Proxy) forwardTo(up *upstream) layer {
	return func(w *responseWriter, r *http.Request) {
		x := w.x
		if !expressible(x.path) {
			writeProblem(w, r, x, &Problem{Code: CodeBadRequest, Detail: "This path begins with two slashes and holds bytes that must be percent-encoded. Encode them, or drop one slash."})
			return
		}
		x.rec.Digest, x.rec.Identity = p.digest(r, x)
		up.reverse.ServeHTTP(w, withExchange(r, x))
	}
}

// chain puts the layers below ReverseProxy together, the innermost first.
func (p *Proxy) chain(up *upstream, transport http.RoundTripper, cfg *config.Config, parts Parts) http.RoundTripper {
	rt := transport
	rt = &attempt{next: rt, proxy: p}
	rt = &inject{next: rt}
	rt = p.limited(up, rt, parts.Limits, cfg.Retry.Throttled)
	rt = &renew{next: rt, proxy: p}
	rt = &retry{next: rt, proxy: p}
	rt = &refreshes{next: rt, proxy: p}
	if parts.Cache.Enabled() {
		rt = &cache.Transport{Cache: parts.Cache, Rules: cache.NewRules(cfg.Cache), Next: rt, Proxy: stored{proxy: p}, Observe: cfg.Mode == config.Observe}
	}
	return rt
}
