package proxy

import (
	"net/http"
	"strings"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// GuardAdmin puts the guard before the admin listener. It is stricter than
// that of the apps: no page of another origin gets in, allow-listed or not,
// since nothing there is made for pages. token, if it returns one, must come
// as Bearer or in Cleengate-Token.
func (p *Proxy) GuardAdmin(token func() redact.Secret, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g := &Guard{hosts: p.Guard().hosts}
		_, refusal := g.Check(r)
		if refusal == nil {
			refusal = checkAdminToken(token(), r.Header)
		}
		if refusal != nil {
			p.metrics.GuardRefused(refusal.Code)
			id, _ := requestID(r.Header)
			writeProblem(w, r, &exchange{rec: &journal.Exchange{RequestID: id}}, refusal)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func checkAdminToken(want redact.Secret, h http.Header) *Problem {
	if want.IsZero() {
		return nil
	}
	shown := h.Get(clientTokenHeader)
	if scheme, value, ok := strings.Cut(h.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		shown = strings.TrimSpace(value)
	}
	if want.Equal(redact.New(shown)) {
		return nil
	}
	return &Problem{Code: CodeUnauthenticated, Detail: "The admin listener asks for a token. Send that of admin.token_file as Authorization: Bearer TOKEN."}
}
