package proxy

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/cleengate/cleengate/internal/config"
)

func TestProblemDetails(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1", noRetry)
	a := r.do("GET", "/3.1/offers", nil, "X-Request-Id", "id-1")
	if got := a.Header.Get("Content-Type"); a.StatusCode != 502 || got != "application/problem+json" {
		t.Fatalf("%d %q", a.StatusCode, got)
	}
	var body problemBody
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatal(err)
	}
	if body.Status != 502 || body.Code != CodeUnreachable || body.RequestID != "id-1" || body.Message != body.Detail ||
		len(body.Errors) != 1 || body.Errors[0] != body.Detail || body.Title == "" || !strings.HasSuffix(body.Type, "#"+CodeUnreachable) {
		t.Errorf("%+v", body)
	}
	if strings.Contains(a.body, "retry_after") || a.Header.Get("Retry-After") != "" {
		t.Error("a 502 must not say when to retry")
	}
}

func TestUnavailableAlwaysSaysWhenToRetry(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), func(c *config.Config) { c.Guard.MaxBuffered = 10 })
	a := r.do("POST", "/3.1/offers", strings.NewReader("more than ten bytes"))
	if a.StatusCode != 503 || a.Header.Get("Retry-After") != "1" || !strings.Contains(a.body, `"retry_after":1`) || !strings.Contains(a.body, CodeBuffersFull) {
		t.Errorf("%d %v %s", a.StatusCode, a.Header, a.body)
	}
}

func TestRPCCallersGetRPCErrors(t *testing.T) {
	r := newRigAt(t, "http://127.0.0.1:1", noRetry)
	a := r.do("POST", "/3.0/json-rpc", strings.NewReader(`[{"method":"getCustomer","id":7},{"method":"getCustomer","id":"x"}]`))
	if got := a.Header.Get("Content-Type"); a.StatusCode != 502 || got != "application/json" {
		t.Fatalf("%d %q", a.StatusCode, got)
	}
	var list []struct {
		ID    any
		Error struct {
			Code    int
			Message string
			Data    problemBody
		}
	}
	if err := json.Unmarshal([]byte(a.body), &list); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	if len(list) != 2 || list[0].ID != 7.0 || list[1].ID != "x" || list[0].Error.Code != -32000 || list[0].Error.Data.Code != CodeUnreachable {
		t.Errorf("%+v", list)
	}
	// What is no call gets problem details.
	if a = r.do("POST", "/3.0/json-rpc", strings.NewReader(`nonsense`)); a.Header.Get("Content-Type") != problemMediaType {
		t.Errorf("%v", a.Header)
	}
}

func TestOversizeBodies(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _ = req.Body.Read(make([]byte, 1))
	}), func(c *config.Config) { c.Guard.MaxBody = 1000 }, noRetry)
	long := strings.Repeat("x", 2000)
	for name, request := range map[string]string{
		"declared":        "POST /3.1/offers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n",
		"declared, rpc":   "POST /3.0/json-rpc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2000\r\n\r\n",
		"undeclared, rpc": "POST /3.0/json-rpc HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + long + "\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := r.raw(request)
			if !strings.HasPrefix(got, "HTTP/1.1 413 ") || !strings.Contains(got, CodeBodyTooLarge) || !strings.Contains(got, "guard.max_body") || !strings.Contains(got, "Connection: close") {
				t.Errorf("%q", got)
			}
		})
	}
}

// TestEveryCodeIsDocumented keeps docs/problems.md, which every problem's type
// points to, in step with the codes.
func TestEveryCodeIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/problems.md")
	if err != nil {
		t.Fatal(err)
	}
	for code, k := range kinds {
		if !strings.Contains(string(page), `<a id="`+code+`"></a>`) {
			t.Errorf("%s is not in docs/problems.md", code)
		}
		if k.title == "" || k.proxyStatus == "" || http.StatusText(k.status) == "" {
			t.Errorf("%s: %+v", code, k)
		}
	}
}

func TestNoUpstreamForAPath(t *testing.T) {
	r := newRig(t, http.NotFoundHandler(), func(c *config.Config) { delete(c.Upstreams, "mediastore") })
	if a := r.do("GET", "/nowhere", nil); a.StatusCode != 403 || !strings.Contains(a.body, CodeNotAllowed) {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}
