package proxy

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func compressed(encoding, body string) []byte {
	var b bytes.Buffer
	var z io.WriteCloser
	switch encoding {
	case "gzip":
		z = gzip.NewWriter(&b)
	case "deflate":
		z = zlib.NewWriter(&b)
	default:
		return []byte("not decodable: " + body)
	}
	_, _ = io.WriteString(z, body)
	_ = z.Close()
	return b.Bytes()
}

// A CAPTCHA in a compressed answer is none the less no throttle.
func TestCompressedRefusalsAreUnderstood(t *testing.T) {
	for _, encoding := range []string{"gzip", "deflate", "br"} {
		t.Run(encoding, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var arrivals atomic.Int32
				sent := compressed(encoding, `{"code":"CPT0001","errors":["x"]}`)
				r := newLimitedRig(t, failing(1<<30, &arrivals, func(w http.ResponseWriter) {
					w.Header().Set("Content-Encoding", encoding)
					w.WriteHeader(http.StatusTooManyRequests)
					_, _ = w.Write(sent)
				}))
				a := r.do("POST", "/auths", strings.NewReader(`{}`), "Accept-Encoding", encoding)
				if a.StatusCode != 429 || a.body != string(sent) || arrivals.Load() != 1 {
					t.Errorf("%d, %d arrivals, body intact %v", a.StatusCode, arrivals.Load(), a.body == string(sent))
				}
				if got := a.Header.Get("Cleengate-Diagnosis"); encoding != "br" && got != "captcha_required" {
					t.Errorf("diagnosis %q", got)
				}
			})
		})
	}
}

func TestCompressedRPCRefusalIsCured(t *testing.T) {
	arrivals := 0
	r := newRig(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrivals++
		w.Header().Set("Content-Encoding", "gzip")
		body := `{"result":{"ok":1},"error":null,"id":"1"}`
		if arrivals == 1 {
			body = `{"result":null,"error":{"code":3,"message":"x"},"id":"1"}`
		}
		_, _ = w.Write(compressed("gzip", body))
	}), twoKeys)
	a := r.do("POST", "/3.0/json-rpc", strings.NewReader(`{"method":"listCustomers","id":1}`), "Accept-Encoding", "gzip")
	if a.body != `{"result":{"ok":1},"error":null,"id":"1"}` || a.Header.Get("Content-Encoding") != "" || arrivals != 2 {
		t.Errorf("%q %v after %d arrivals", a.body, a.Header, arrivals)
	}
}

// A small body that unpacks to a huge one is read no further than a plain one.
func TestBombsAreNotUnpacked(t *testing.T) {
	bomb := compressed("gzip", strings.Repeat("x", 64<<20))
	resp := &http.Response{Header: http.Header{"Content-Encoding": {"gzip"}}, Body: io.NopCloser(bytes.NewReader(bomb))}
	body, _ := peekBlame(resp)
	if len(body) > maxBlame {
		t.Errorf("%d bytes were unpacked", len(body))
	}
	if whole, err := io.ReadAll(resp.Body); err != nil || !bytes.Equal(whole, bomb) {
		t.Errorf("the body was changed: %d bytes, %v", len(whole), err)
	}
}
