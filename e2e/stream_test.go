package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
)

// memory reads a figure of a process in KiB, such as VmHWM, its highest
// resident size.
func memory(t *testing.T, pid int, name string) int {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	need(t, "/proc", err == nil)
	for line := range strings.SplitSeq(string(b), "\n") {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestLargeBodiesTakeConstantMemory moves 1 GiB each way.
func TestLargeBodiesTakeConstantMemory(t *testing.T) {
	const size = 1 << 30
	received := make(chan int64, 1)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			n, _ := io.Copy(io.Discard, r.Body)
			received <- n
			return
		}
		_, _ = io.CopyN(w, zeros{}, size)
	}))
	defer upstream.Close()
	g := startGate(t, append(upstreamEnv(upstream.URL), "CLEENGATE_GUARD_MAX_BODY=2GiB"))
	idle := memory(t, g.cmd.Process.Pid, "VmRSS")
	t.Logf("idle: %d KiB resident", idle)
	if idle > 30<<10 {
		t.Errorf("idle memory is %d KiB, want at most 30 MiB", idle)
	}
	resp, err := http.Get(g.url + "/3.1/download")
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if n != size || err != nil {
		t.Errorf("downloaded %d, %v", n, err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, g.url+"/3.1/upload", io.LimitReader(zeros{}, size))
	req.ContentLength = size
	if resp, err = http.DefaultTransport.RoundTrip(req); err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := <-received; got != size || resp.StatusCode != 200 {
		t.Errorf("uploaded %d, status %d", got, resp.StatusCode)
	}
	peak := memory(t, g.cmd.Process.Pid, "VmHWM")
	t.Logf("peak: %d KiB resident", peak)
	if peak > idle+40<<10 {
		t.Errorf("memory grew from %d to %d KiB", idle, peak)
	}
	g.stop()
}
