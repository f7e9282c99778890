package proxy

import (
	"net/http"
	"strings"
)

// corsExposed are the response fields that a page may read: ours, and what
// Cleeng's clients look at.
const corsExposed = "Cache-Status, Server-Timing, Proxy-Status, Retry-After, Cleengate-Diagnosis, " +
	"X-Request-Id, X-Total-Count, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, ETag, Link"

// preflightAge is how long a browser may remember a preflight, in seconds;
// Chromium caps it at two hours.
const preflightAge = "7200"

// isPreflight reports a CORS preflight (Fetch standard, section 3.3.5).
func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight grants what an allow-listed origin asks for. It costs no
// quota: nothing goes upstream. The client token is never granted: a page
// that held it could be read by anyone.
func answerPreflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
	var granted []string
	for line := range strings.SplitSeq(strings.Join(r.Header.Values("Access-Control-Request-Headers"), ","), ",") {
		name := strings.TrimSpace(line)
		if name != "" && !strings.EqualFold(name, clientTokenHeader) {
			granted = append(granted, name)
		}
	}
	if len(granted) > 0 {
		h.Set("Access-Control-Allow-Headers", strings.Join(granted, ", "))
	}
	h.Set("Access-Control-Max-Age", preflightAge)
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	w.WriteHeader(http.StatusNoContent)
}

// exposeTo adds the CORS fields for an allow-listed origin; "" adds nothing.
func exposeTo(h http.Header, origin string) {
	if origin == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", corsExposed)
	h.Add("Vary", "Origin")
}

// stripUpstreamCORS removes what only the proxy may say to a browser. An
// upstream that allows every origin would otherwise make a credentialed local
// endpoint readable by any page.
func stripUpstreamCORS(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") || name == "Alt-Svc" || name == "Strict-Transport-Security" || strings.HasPrefix(name, "Cleengate-") {
			delete(h, name)
		}
	}
}
