package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
)

// spoilt is an answer as its bytes, and what may become of it at the app.
type spoilt struct {
	head   string    // with the empty line
	body   io.Reader // generated, never held
	size   int64     // of the content that the app is to get
	status int       // 0: an answer that breaks off
	or502  bool      // a clear refusal is right as well
}

// bomb is a gzip body of about 1 MiB that unpacks to 1 GiB: each member holds
// 1 MiB of zeros.
func bomb(t *testing.T) (body io.Reader, size int64) {
	t.Helper()
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	if _, err := z.Write(make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return repeated(member.Bytes(), 1024), 1024 * int64(member.Len())
}

// repeated reads piece n times.
func repeated(piece []byte, n int) io.Reader {
	one := bytes.NewReader(piece)
	return readerFunc(func(p []byte) (int, error) {
		if one.Len() == 0 {
			if n--; n <= 0 {
				return 0, io.EOF
			}
			one.Reset(piece)
		}
		return one.Read(p)
	})
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// chunked is a body of n chunks of 64 KiB.
func chunked(n int) io.Reader {
	chunk := "10000\r\n" + strings.Repeat("x", 64<<10) + "\r\n"
	return io.MultiReader(repeated([]byte(chunk), n), strings.NewReader("0\r\n\r\n"))
}

func spoiltAnswers(t *testing.T) map[string]spoilt {
	const (
		gib   = 1 << 30
		fresh = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Type: application/json\r\n"
		five  = "Content-Length: 5\r\n\r\n12345"
	)
	many := func(format string) string {
		var b strings.Builder
		for i := range 10_000 {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	bombBody, bombSize := bomb(t)
	return map[string]spoilt{
		"declared-1GiB":      {head: fresh + fmt.Sprintf("Content-Length: %d\r\n\r\n", gib), body: io.LimitReader(zeros{}, gib), size: gib, status: 200},
		"chunked-1GiB":       {head: fresh + "Transfer-Encoding: chunked\r\n\r\n", body: chunked(gib >> 16), size: gib, status: 200},
		"json-rpc":           {head: fresh + "Transfer-Encoding: chunked\r\n\r\n", body: chunked(gib >> 16), size: gib, status: 200},
		"gzip-bomb":          {head: fresh + fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", bombSize), body: bombBody, size: bombSize, status: 200},
		"field-of-1MiB":      {head: fresh + "X-Long: " + strings.Repeat("x", 1<<20) + "\r\n" + five, size: 5, status: 200, or502: true},
		"fields-of-1MiB":     {head: fresh + many("X-Field-%d: "+strings.Repeat("x", 88)+"\r\n") + five, size: 5, status: 200, or502: true},
		"field-of-900KiB":    {head: fresh + "X-Long: " + strings.Repeat("x", 900<<10) + "\r\n" + five, size: 5, status: 200},
		"vary-10000":         {head: fresh + "Vary: " + many("X-%d, ") + "Z\r\n" + five, size: 5, status: 200},
		"vary-10000-lines":   {head: fresh + many("Vary: X-%d\r\n") + five, size: 5, status: 200},
		"two-lengths":        {head: fresh + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n123456", status: 502},
		"list-of-lengths":    {head: fresh + "Content-Length: 5, 6\r\n\r\n123456", status: 502},
		"unreadable-length":  {head: fresh + "Content-Length: 5x\r\n\r\n12345", status: 502},
		"negative-length":    {head: fresh + "Content-Length: -1\r\n\r\n12345", status: 502},
		"length-too-large":   {head: fresh + "Content-Length: 6\r\n\r\n12345"},
		"broken-off-at-1GiB": {head: fresh + fmt.Sprintf("Content-Length: %d\r\n\r\n", gib), body: io.LimitReader(zeros{}, 64<<20)},
		"chunks-without-end": {head: fresh + "Transfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n"},
		"chunk-too-long":     {head: fresh + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n12345\r\n"},
		"unasked-304":        {head: "HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=60\r\nETag: \"1\"\r\n\r\n", status: 502},
	}
}

// spoiltUpstream sends the answer that the last segment of the path names.
func spoiltUpstream(t *testing.T, answers map[string]spoilt) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serve := func(c net.Conn) {
		defer func() { _ = c.Close() }()
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		a := answers[path.Base(r.URL.Path)]
		if _, err = io.WriteString(c, a.head); err == nil && a.body != nil {
			_, _ = io.Copy(c, a.body)
		}
	}
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { serve(c) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); serving.Wait() })
	return "http://" + l.Addr().String()
}

// TestSpoiltAnswersOfTheBinary sends what no upstream should: nothing of it is
// stored, the process stays small, and the app gets what came or a clear 502.
func TestSpoiltAnswersOfTheBinary(t *testing.T) {
	answers := spoiltAnswers(t)
	answers["sound"] = spoilt{head: "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 5\r\n\r\n12345", size: 5, status: 200}
	g := startGate(t, append(cachedEnv(spoiltUpstream(t, answers)), "CLEENGATE_RETRY_ATTEMPTS=1"))
	client := &http.Transport{DisableCompression: true}
	t.Cleanup(client.CloseIdleConnections)
	ask := func(t *testing.T, name string, want spoilt) {
		method, url, content := http.MethodGet, g.url+"/3.1/passes/"+name, ""
		if name == "json-rpc" {
			method, url, content = http.MethodPost, g.url+"/3.0/json-rpc", `[{"method":"getPassOffer","params":{"offerId":"P1"},"id":1}]`
		}
		req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.RoundTrip(req)
		if err != nil {
			if want.status != 0 { // one that breaks off may do so before its header was sent on
				t.Fatal(err)
			}
			return
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode == http.StatusBadGateway && (want.or502 || want.status == 502) {
			if b, err := io.ReadAll(resp.Body); err != nil || !bytes.Contains(b, []byte("upstream_protocol")) {
				t.Errorf("the 502 is not clear: %s", b)
			}
			return
		}
		n, err := io.Copy(io.Discard, resp.Body)
		switch {
		case want.status == 0 && err == nil:
			t.Errorf("a broken answer came as a whole one: %d, %d bytes", resp.StatusCode, n)
		case want.status != 0 && (resp.StatusCode != want.status || err != nil || n != want.size):
			t.Errorf("%d, %d bytes, %v; want %d and %d bytes", resp.StatusCode, n, err, want.status, want.size)
		}
	}
	entries := func(want int) {
		t.Helper()
		if _, _, body := call(t, "GET", g.admin+"/api/v1/cache", ""); !strings.Contains(body, fmt.Sprintf(`"entries": %d,`, want)) {
			t.Errorf("want %d entries: %s", want, body)
		}
	}
	idle := memory(t, g.cmd.Process.Pid, "VmRSS")
	for name, want := range answers {
		if name != "sound" {
			t.Run(name, func(t *testing.T) { ask(t, name, want) })
		}
	}
	entries(0)
	ask(t, "sound", answers["sound"])
	entries(1)
	peak := memory(t, g.cmd.Process.Pid, "VmHWM")
	t.Logf("%d KiB resident when idle, %d at the peak", idle, peak)
	if peak > idle+48<<10 {
		t.Errorf("memory grew from %d to %d KiB", idle, peak)
	}
	if status := g.stop(); status != 0 {
		t.Errorf("exit status %d\n%s", status, g.log)
	}
}
