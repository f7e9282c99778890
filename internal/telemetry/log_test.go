package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func newTestLog(t *testing.T, out io.Writer, jsonLines bool) *Log {
	t.Helper()
	l, err := NewLog(LogOptions{Out: out, JSON: jsonLines, Level: "info"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

var hostile = AccessLine{
	Time: time.Unix(1, 0).UTC(), RequestID: "r1", Client: "a\"b\n{\"level\":\"forged\"}\x1b[31m\x7f\xff é",
	Method: "GET", Status: 200, Source: "upstream", Attempts: 1, Queue: time.Second, Duration: 1500 * time.Millisecond, Error: "x=y",
}

func TestAccessLineIsOneValidLine(t *testing.T) {
	var out bytes.Buffer
	l := newTestLog(t, &out, true)
	l.Access(&hostile)
	_ = l.Close()
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Fatalf("%d lines: %q", n, out.String())
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	want := strings.ToValidUTF8(hostile.Client, "\uFFFD")
	if got["client"] != want || got["status"] != 200.0 || got["queue_seconds"] != 1.0 || got["level"] != "INFO" {
		t.Errorf("%v", got)
	}
	if strings.Contains(out.String(), "\x1b") || strings.Contains(out.String(), "trace_id") {
		t.Errorf("%q", out.String())
	}
}

func TestAccessTextLine(t *testing.T) {
	var out bytes.Buffer
	l := newTestLog(t, &out, false)
	l.Access(&hostile)
	_ = l.Close()
	if n := strings.Count(out.String(), "\n"); n != 1 || strings.Contains(out.String(), "\x1b") || !strings.Contains(out.String(), ` error="x=y"`) {
		t.Errorf("%q", out.String())
	}
}

func TestLevelsChangeAtRunTime(t *testing.T) {
	var out bytes.Buffer
	l := newTestLog(t, &out, true)
	l.Debug("one")
	if err := l.SetLevel("debug"); err != nil {
		t.Fatal(err)
	}
	l.Debug("two")
	if err := l.SetLevel("warn"); err != nil || l.Level() != "warn" {
		t.Fatal(err, l.Level())
	}
	l.Access(&hostile)
	if err := l.SetLevel("loud"); err == nil || !strings.Contains(err.Error(), "debug, info, warn or error") {
		t.Errorf("error %v", err)
	}
	_ = l.Close()
	if got := out.String(); strings.Contains(got, "one") || !strings.Contains(got, "two") || strings.Contains(got, "request_id") {
		t.Errorf("%q", got)
	}
}

func TestLinesAreBatchedAndErrorsAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes := make(chan string, 100)
		l, err := NewLog(LogOptions{Out: chanWriter(writes), JSON: true, Level: "info", Scrub: func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("s3cret"), []byte("***")) }})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		for range 10 {
			l.Info("s3cret")
		}
		if got := <-writes; strings.Count(got, "\n") != 10 || strings.Contains(got, "s3cret") || time.Since(began) != batchDelay {
			t.Errorf("after %v: %q", time.Since(began), got)
		}
		began = time.Now()
		l.Error("now")
		if got := <-writes; !strings.Contains(got, "now") || time.Since(began) != 0 {
			t.Errorf("after %v: %q", time.Since(began), got)
		}
		_ = l.Close()
	})
}

type chanWriter chan string

func (c chanWriter) Write(p []byte) (int, error) {
	c <- string(p)
	return len(p), nil
}

func TestAccessHardlyAllocates(t *testing.T) {
	l := newTestLog(t, io.Discard, true)
	line := hostile
	l.Access(&line)
	// The race detector makes sync.Pool forget now and then.
	if n := testing.AllocsPerRun(1000, func() { l.Access(&line) }); n > 1 {
		t.Errorf("%v allocations a line, want at most one", n)
	}
}
