package proxy

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
)

func TestPromise12_RequestReachesUpstreamUnchanged(t *testing.T) {
	for _, target := range []string{
		"/3.1/offers", "/3.1/offers?", "/3.1/offers?x=1;y=2&z=%zz", "/3.1/offers?a=1&a=2&status[]=x",
		"/3.1/a%2fb", "/3.1/%2e%2e/x", "/3.1/../internal/x", "//evil/a", "/3.1//x", "/3.1/a%20b", "/3.1/a+b?c=a+b",
		"/3.1/a|b", "/3.1/a\"b<>", "/3.1/caf\u00e9", "/3.1/%C3%A9", "/3.1/a;b=c/d", "/3.1/a:b@c,d", "/3.1/x?q=\u00e9", "/3.1/x?q=a/b?c",
	} {
		t.Run(target, func(t *testing.T) {
			up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\n\r\n")
			r := newRigAt(t, up.url)
			answer := r.raw("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Twice: a\r\nX-Twice: b\r\n" +
				"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop\r\nForwarded: for=1.2.3.4\r\n" +
				"Traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\nPriority: u=1\r\nPrefer: wait=5\r\nVia: 1.1 before\r\n\r\n")
			if !strings.HasPrefix(answer, "HTTP/1.1 204 ") {
				t.Fatalf("answer %q", answer)
			}
			got := <-up.seen
			line, _, _ := strings.Cut(got, "\r\n")
			if want := "GET " + target + " HTTP/1.1"; line != want {
				t.Errorf("request line %q, want %q", line, want)
			}
			for _, field := range []string{
				"X-Twice: a\r\nX-Twice: b\r\n", "X-Forwarded-For: 1.2.3.4\r\n", "X-Forwarded-Proto: https\r\n", "X-Forwarded-Host: shop\r\n",
				"Forwarded: for=1.2.3.4\r\n", "Traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n",
				"Priority: u=1\r\n", "Prefer: wait=5\r\n", "Via: 1.1 before\r\n",
			} {
				if !strings.Contains(got, "\r\n"+field) {
					t.Errorf("missing %q in\n%s", field, got)
				}
			}
			for _, field := range []string{"User-Agent:", "Accept-Encoding:", "Connection:"} {
				if strings.Contains(got, "\r\n"+field) {
					t.Errorf("%s was added:\n%s", field, got)
				}
			}
		})
	}
}

func TestPromise12_OwnFieldsStayHere(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 204 No Content\r\nCleengate-Diagnosis: forged\r\nAccess-Control-Allow-Origin: *\r\nAlt-Svc: h3\r\nStrict-Transport-Security: max-age=1\r\nX-Request-Id: theirs\r\nX-Kept: yes\r\n\r\n")
	r := newRigAt(t, up.url)
	a := r.do("GET", "/3.1/offers", nil, "Cleengate-Client", "shop", "Cleengate-Token", "t0ken", "X-Request-Id", "mine-1", "Connection", "X-Hop", "X-Hop", "1")
	got := <-up.seen
	for _, field := range []string{"Cleengate-", "X-Hop", "t0ken"} {
		if strings.Contains(got, field) {
			t.Errorf("%s went up:\n%s", field, got)
		}
	}
	if !strings.Contains(got, "X-Request-Id: mine-1\r\n") {
		t.Errorf("request id did not go up:\n%s", got)
	}
	for _, field := range []string{"Cleengate-Diagnosis", "Access-Control-Allow-Origin", "Alt-Svc", "Strict-Transport-Security"} {
		if v := a.Header.Values(field); v != nil {
			t.Errorf("%s came back: %v", field, v)
		}
	}
	if a.Header.Get("X-Request-Id") != "mine-1" || a.Header.Get("X-Kept") != "yes" || len(a.Header.Values("X-Request-Id")) != 1 {
		t.Errorf("header %v", a.Header)
	}
	if rec := r.next(t); rec.Attempts()[0].UpstreamID != "theirs" {
		t.Errorf("the upstream's own id was lost: %+v", rec.Attempts())
	}
}

func TestPromise12_AnswerReachesAppUnchanged(t *testing.T) {
	for name, tt := range map[string]struct{ method, response, want string }{
		"no content type is added":    {"GET", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "<html>"},
		"repeated fields":             {"GET", "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n", ""},
		"unknown status":              {"GET", "HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nhi", "hi"},
		"no content":                  {"GET", "HTTP/1.1 204 No Content\r\n\r\n", ""},
		"not modified with validator": {"GET", "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n", ""},
		"head keeps its length":       {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", ""},
		"unauthorized":                {"POST", "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}", `{"message":"x"}`},
		"throttled":                   {"POST", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3\r\nContent-Length: 4\r\n\r\nslow", "slow"},
	} {
		t.Run(name, func(t *testing.T) {
			up := newRawUpstream(t, tt.response)
			r := newRigAt(t, up.url, noRetry)
			got := r.raw(tt.method + " /3.1/offers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			head, body, _ := strings.Cut(got, "\r\n\r\n")
			if body != tt.want {
				t.Errorf("body %q, want %q", body, tt.want)
			}
			wantHead, _, _ := strings.Cut(tt.response, "\r\n\r\n")
			status, fields, _ := strings.Cut(wantHead, "\r\n")
			if code := strings.Fields(status)[1]; !strings.HasPrefix(head, "HTTP/1.1 "+code+" ") {
				t.Errorf("status %q, want %s", head, code)
			}
			for field := range strings.SplitSeq(fields, "\r\n") {
				// Names are the same in any case (RFC 9110 section 5.1).
				if !strings.Contains(strings.ToLower(head)+"\r\n", strings.ToLower(field)+"\r\n") {
					t.Errorf("%q is missing in\n%s", field, head)
				}
			}
			if strings.Contains(head, "Content-Type") && !strings.Contains(fields, "Content-Type") {
				t.Errorf("a Content-Type was added:\n%s", head)
			}
		})
	}
}

func TestPromise12_TrailersBothWays(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		b, _ := io.ReadAll(req.Body)
		fmt.Fprintf(w, "%s %s", b, req.Trailer.Get("X-Check"))
		w.Header().Set("X-Sum", "after")
	}))
	got := r.raw("POST /3.1/x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n5\r\nhello\r\n0\r\nX-Check: 42\r\n\r\n")
	if !strings.Contains(got, "hello 42") {
		t.Errorf("request trailer was lost: %q", got)
	}
	if !strings.Contains(got, "\r\nTrailer: X-Sum\r\n") || !strings.HasSuffix(got, "X-Sum: after\r\n\r\n") {
		t.Errorf("answer trailer was lost: %q", got)
	}
}

func TestPromise12_InterimAnswers(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusOK)
	}))
	var hints []string
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(code, " ", h.Get("Link")))
		return nil
	}})
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"/3.1/offers", http.NoBody)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if len(hints) != 1 || hints[0] != "103 </style.css>; rel=preload" {
		t.Errorf("interim answers %q", hints)
	}
	if resp.Header.Get("X-Request-Id") == "" {
		t.Error("the final answer lost our fields after an interim one")
	}
}

func TestPromise12_CompressedBodyUntouched(t *testing.T) {
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("X-Asked", req.Header.Get("Accept-Encoding"))
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "plain")
		_ = z.Close()
	}))
	a := r.do("GET", "/3.1/offers", nil, "Accept-Encoding", "gzip, br;q=0.5")
	if a.Header.Get("Content-Encoding") != "gzip" || !strings.HasPrefix(a.body, "\x1f\x8b") || a.Header.Get("X-Asked") != "gzip, br;q=0.5" {
		t.Errorf("header %v body %q", a.Header, a.body)
	}
}

func TestPromise12_StreamsAreFlushedAsTheyCome(t *testing.T) {
	for _, length := range []string{"", "10"} {
		t.Run("content-length "+length, func(t *testing.T) {
			step := make(chan struct{})
			r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				_, _ = io.WriteString(w, "first")
				_ = http.NewResponseController(w).Flush()
				<-step
				_, _ = io.WriteString(w, "later")
			}))
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/3.1/offers", http.NoBody)
			resp, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			b := make([]byte, 5)
			if _, err := io.ReadFull(resp.Body, b); err != nil || string(b) != "first" {
				t.Fatalf("%q %v", b, err)
			}
			close(step) // the upstream goes on only now: "first" did not wait for it
			rest, err := io.ReadAll(resp.Body)
			if err != nil || string(rest) != "later" {
				t.Fatalf("%q %v", rest, err)
			}
		})
	}
}

func TestPromise12_CutAnswerIsCutAtTheApp(t *testing.T) {
	up := newRawUpstream(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
	r := newRigAt(t, up.url)
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/3.1/offers", http.NoBody)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if b, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("a cut body passed for a whole one: %q", b)
	}
}
