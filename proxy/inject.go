package proxy

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/config"
	"github.com/cleengate/cleengate/limiter"
	"github.com/cleengate/cleengate/tokens"
)

// binding is a credential as one upstream uses it.
type binding struct {
	cred tokens.Credential
	mode config.CredentialMode
	auth cleeng.Auth // what an endpoint must accept; 0: every endpoint
}

func newBinding(cred tokens.Credential, cfg config.Credential) *binding {
	if cred == nil || cfg.Mode == config.Pass {
		return nil
	}
	b := &binding{cred: cred, mode: cfg.Mode}
	switch cfg.Kind {
	case config.PublisherToken:
		b.auth = cleeng.AuthPublisher
	case config.Session:
		b.auth = cleeng.AuthJWT
	case config.Header:
	}
	return b
}

// inject puts in the credential that is valid now, at departure. It never
// waits: a token that died in the queue is reported, not sent. Each attempt
// passes here, so each gets a fresh view of the body.
type inject struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (i *inject) RoundTrip(r *http.Request) (*http.Response, error) {
	x := exchangeOf(r.Context())
	if x.body != nil {
		r.Body = x.body.open()
	}
	x.injected, x.refusal, x.sends = injection{}, cleeng.CodeNone, nil
	x.rec.Settle() // the header of the attempt before this one
	if b := x.wanted(r.Header); b != nil {
		token, err := b.cred.Current(time.Now(), &x.use)
		switch {
		case err == nil:
			x.injected = injection{name: b.cred.Name(), generation: token.Generation}
			r = b.put(r, x, token)
		case errors.Is(err, tokens.ErrNoToken):
			// Nothing is configured: the call goes as it is, and the upstream's
			// answer is diagnosed.
		default:
			x.place = nil // it is given back
			return nil, errors.Join(limiter.ErrNotSent, err)
		}
	}
	return i.next.RoundTrip(r)
}

// wanted returns the binding if this call is to carry its credential. It is
// decided once, by what the app sent, and holds for all attempts.
func (x *exchange) wanted(h http.Header) *binding {
	if !x.decided {
		x.decided = true
		if b := x.up.cred; b != nil && b.wants(x, h) {
			x.binding = b
			x.use.Where = tokens.Where{Upstream: x.up.name, Endpoint: x.ep.Template}
		}
	}
	return x.binding
}

// wants reports whether the credential belongs into this call: always in mode
// replace; in mode fill where the call carries none that its endpoint accepts.
func (b *binding) wants(x *exchange, h http.Header) bool {
	if x.up.isRPC(x) && b.auth == cleeng.AuthPublisher {
		return x.rpc != nil && slices.ContainsFunc(x.rpc.Calls, b.chooses)
	}
	if b.auth != 0 && !x.ep.Auth.Any(b.auth) {
		return false
	}
	if b.mode == config.Replace {
		return true
	}
	if b.auth == 0 {
		return isAbsent(h.Get(b.cred.Header().Name))
	}
	carries := x.ep.Auth.Any(cleeng.AuthJWT) && !isAbsent(first(h["Authorization"])) ||
		x.ep.Auth.Any(cleeng.AuthPublisher) && !isAbsent(first(h["X-Publisher-Token"]))
	return !carries
}

// chooses reports whether an element of a JSON-RPC call is to carry the
// credential.
func (b *binding) chooses(call cleeng.RPCCall) bool {
	if b.mode == config.Replace {
		return call.Injectable()
	}
	return call.Fillable()
}

// isAbsent reports whether a field value carries no credential: published
// clients send an empty Authorization on public calls.
func isAbsent(value string) bool {
	if value == "" {
		return true
	}
	value = strings.TrimSpace(value)
	if scheme, rest, ok := strings.Cut(value, " "); ok && strings.EqualFold(scheme, "Bearer") {
		value = strings.TrimSpace(rest)
	} else if strings.EqualFold(value, "Bearer") {
		return true
	}
	return value == "" || value == cleeng.Placeholder
}

// put writes the credential where this call carries it. A body that carries it is
// that of a copy: the next attempt may go without.
func (b *binding) put(r *http.Request, x *exchange, token tokens.Token) *http.Request {
	if x.up.isRPC(x) && b.auth == cleeng.AuthPublisher {
		body := x.rpc.Inject(nil, token.Value.Reveal(), func(i int) bool { return b.chooses(x.rpc.Calls[i]) })
		x.sends = body
		r = r.WithContext(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return r
	}
	form := b.cred.Header()
	if !x.plain {
		for name := range r.Header {
			// Some servers read X_Publisher_Token as X-Publisher-Token.
			if strings.IndexByte(name, '_') >= 0 && strings.EqualFold(strings.ReplaceAll(name, "_", "-"), form.Name) {
				delete(r.Header, name)
			}
		}
	}
	form.Set(r.Header, token)
	return r
}
