package proxy

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

// Codes of the answers that cleengate makes itself.
const (
	CodeBadRequest          = "bad_request"
	CodeHostRefused         = "host_refused"
	CodeOriginRefused       = "origin_refused"
	CodeUnauthenticated     = "client_unauthenticated"
	CodeNotAllowed          = "not_allowed"
	CodeBodyTooLarge        = "body_too_large"
	CodeInternal            = "internal"
	CodeUnreachable         = "upstream_unreachable"
	CodeProtocol            = "upstream_protocol"
	CodeCredentialRejected  = "credential_rejected"
	CodeQueueFull           = "queue_full"
	CodePatienceExceeded    = "patience_exceeded"
	CodePaused              = "paused"
	CodeDraining            = "draining"
	CodeRenewalFailed       = "renewal_failed"
	CodeBuffersFull         = "buffers_full"
	CodeUpstreamTimeout     = "upstream_timeout"
	CodeOnlyIfCachedMiss    = "only_if_cached_miss"
	problemDocs             = "https://github.com/cleengate/cleengate/blob/main/docs/problems.md#"
	problemMediaType        = "application/problem+json"
	rpcErrorCode            = -32000 // JSON-RPC 2.0 section 5.1, server error
	minRetryAfterForRefusal = time.Second
)

// kind is what is fixed for a code: its status, its title (RFC 9457 section
// 3.1.3) and the error type of the Proxy-Status field (RFC 9209 section 2.3).
type kind struct {
	status      int
	title       string
	proxyStatus string
}

var kinds = map[string]kind{
	CodeBadRequest:         {http.StatusBadRequest, "The request cannot be forwarded", "http_request_error"},
	CodeHostRefused:        {http.StatusForbidden, "The Host is not allowed", "http_request_denied"},
	CodeOriginRefused:      {http.StatusForbidden, "The browser's page is not allowed", "http_request_denied"},
	CodeUnauthenticated:    {http.StatusForbidden, "A client token is required", "http_request_denied"},
	CodeNotAllowed:         {http.StatusForbidden, "The call is not allowed", "http_request_denied"},
	CodeBodyTooLarge:       {http.StatusRequestEntityTooLarge, "The request body is too large", "http_request_error"},
	CodeInternal:           {http.StatusInternalServerError, "cleengate failed", "proxy_internal_error"},
	CodeUnreachable:        {http.StatusBadGateway, "The upstream cannot be reached", "destination_unavailable"},
	CodeProtocol:           {http.StatusBadGateway, "The upstream's answer broke off or is not HTTP", "http_protocol_error"},
	CodeCredentialRejected: {http.StatusBadGateway, "The configured session is no longer accepted", "proxy_configuration_error"},
	CodeQueueFull:          {http.StatusServiceUnavailable, "The queue is full", "connection_limit_reached"},
	CodePatienceExceeded:   {http.StatusServiceUnavailable, "The call's turn comes too late", "connection_limit_reached"},
	CodePaused:             {http.StatusServiceUnavailable, "Cleeng asked for a pause", "connection_limit_reached"},
	CodeDraining:           {http.StatusServiceUnavailable, "cleengate is shutting down", "proxy_internal_response"},
	CodeRenewalFailed:      {http.StatusServiceUnavailable, "The credential could not be renewed", "proxy_internal_response"},
	CodeBuffersFull:        {http.StatusServiceUnavailable, "The buffers are full", "proxy_internal_response"},
	CodeUpstreamTimeout:    {http.StatusGatewayTimeout, "The upstream did not answer in time", "http_response_timeout"},
	CodeOnlyIfCachedMiss:   {http.StatusGatewayTimeout, "The answer is not in the cache", "proxy_internal_response"},
}

// Problem is an answer that cleengate makes itself (RFC 9457). It is an error,
// so that layers below ReverseProxy can return it.
type Problem struct {
	Code       string        // one of the Code constants
	Detail     string        // what happened, to what, and what to do; shown to the app
	RetryAfter time.Duration // true wait; every 503 carries at least one second
	Err        error         // for the log only
}

func (p *Problem) Error() string {
	if p.Err != nil {
		return p.Code + ": " + p.Err.Error()
	}
	return p.Code + ": " + p.Detail
}

// Unwrap gives the cause that the operator sees.
func (p *Problem) Unwrap() error { return p.Err }

// Status is the HTTP status that belongs to the code.
func (p *Problem) Status() int { return kinds[p.Code].status }

// problemBody has the members of RFC 9457 and those that Cleeng's SDKs read on
// every failure: message, and errors as a list of text.
type problemBody struct {
	Type       string   `json:"type"`
	Title      string   `json:"title"`
	Status     int      `json:"status"`
	Detail     string   `json:"detail"`
	Code       string   `json:"code"`
	RequestID  string   `json:"request_id,omitempty"`
	RetryAfter int      `json:"retry_after,omitempty"`
	Message    string   `json:"message"`
	Errors     []string `json:"errors"`
}

// writeProblem answers with p in the form that the caller can read: problem
// details, or for a parsed JSON-RPC call an error element for each id.
func writeProblem(w http.ResponseWriter, r *http.Request, x *exchange, p *Problem) {
	k, known := kinds[p.Code]
	if !known {
		k, p.Code = kinds[CodeInternal], CodeInternal
	}
	body := problemBody{
		Type: problemDocs + p.Code, Title: k.title, Status: k.status, Detail: p.Detail,
		Code: p.Code, RequestID: x.rec.RequestID, Message: p.Detail, Errors: []string{p.Detail},
	}
	h := w.Header()
	if k.status == http.StatusServiceUnavailable {
		body.RetryAfter = wholeSeconds(p.RetryAfter)
		h.Set("Retry-After", strconv.Itoa(body.RetryAfter))
	}
	h.Set("Proxy-Status", "cleengate; error="+k.proxyStatus+"; details=\""+p.Code+"\"")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	payload, mediaType := encodeProblem(body, x.rpc)
	h.Set("Content-Type", mediaType)
	h.Set("Content-Length", strconv.Itoa(len(payload)))

	x.rec.Source, x.rec.Code = journal.SourceSelf, p.Code
	x.rec.Fail(p)
	w.WriteHeader(k.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(payload) // the caller may be gone; the record says so
	}
}

func encodeProblem(body problemBody, rpc *cleeng.RPC) (payload []byte, mediaType string) {
	if rpc == nil {
		return mustJSON(body), problemMediaType
	}
	if !rpc.Batch {
		return cleeng.RPCError(rpc.Calls[0].ID, rpcErrorCode, body.Detail, body), "application/json"
	}
	payload = append(payload, '[')
	for i, call := range rpc.Calls {
		if i > 0 {
			payload = append(payload, ',')
		}
		payload = append(payload, cleeng.RPCError(call.ID, rpcErrorCode, body.Detail, body)...)
	}
	return append(payload, ']'), "application/json"
}

func mustJSON(v problemBody) []byte {
	b, err := json.Marshal(v)
	if err != nil { // strings and numbers only: cannot happen
		return []byte(`{"code":"internal"}`)
	}
	return b
}

// wholeSeconds rounds up and never returns less than one (RFC 9110 section
// 10.2.3 knows whole seconds only, and zero would invite an immediate retry).
func wholeSeconds(d time.Duration) int {
	return int(math.Ceil(max(d, minRetryAfterForRefusal).Seconds()))
}
