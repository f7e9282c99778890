package telemetry

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

const canary = "canary-value/of+a=secret"

// ordinary is the line of an ordinary request.
var ordinary = AccessLine{
	Time: time.Date(2026, 8, 4, 10, 11, 12, 123456789, time.UTC), RequestID: "0198c7f2-5b1e-7a3c-9d51-0f8e6b2a4c3d", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
	Client: "shop", Upstream: "core", Endpoint: "/offers/{offerId}", Method: "GET", Status: 200, Source: "cache", Attempts: 1,
	Queue: 12 * time.Microsecond, Upstreams: 48211 * time.Microsecond, Duration: 48402 * time.Microsecond, Sent: 1533,
}

func redactor() *redact.Redactor {
	v := redact.NewVault()
	v.Set("test", redact.New(canary))
	return redact.NewRedactor(v, nil)
}

func scrubbedLog(tb testing.TB, out io.Writer, jsonLines bool) *Log {
	tb.Helper()
	l, err := NewLog(LogOptions{Out: out, JSON: jsonLines, Level: "debug", Scrub: redactor().Line})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = l.Close() })
	return l
}

func TestAccessLineFields(t *testing.T) {
	for _, tt := range []struct {
		json bool
		want string
	}{
		{true, `{"time":"2026-08-04T10:11:12.123456789Z","level":"INFO","msg":"request","request_id":"0198c7f2-5b1e-7a3c-9d51-0f8e6b2a4c3d","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","client":"shop","method":"GET","upstream":"core","endpoint":"/offers/{offerId}","status":200,"source":"cache","attempts":1,"queue_seconds":0.000012,"upstream_seconds":0.048211,"duration_seconds":0.048402,"sent_bytes":1533}` + "\n"},
		{false, `time=2026-08-04T10:11:12.123Z level=INFO msg=request request_id=0198c7f2-5b1e-7a3c-9d51-0f8e6b2a4c3d trace_id=4bf92f3577b34da6a3ce929d0e0e4736 client=shop method=GET upstream=core endpoint=/offers/{offerId} status=200 source=cache attempts=1 queue_seconds=0.000012 upstream_seconds=0.048211 duration_seconds=0.048402 sent_bytes=1533` + "\n"},
	} {
		var out bytes.Buffer
		l := scrubbedLog(t, &out, tt.json)
		l.Access(&ordinary)
		_ = l.Close()
		if out.String() != tt.want {
			t.Errorf("got  %s\nwant %s", out.String(), tt.want)
		}
	}
}

func TestNoSecretReachesTheLog(t *testing.T) {
	for _, jsonLines := range []bool{true, false} {
		var out bytes.Buffer
		l := scrubbedLog(t, &out, jsonLines)
		line := ordinary
		line.Client, line.RequestID = canary, "jane@example.com"
		line.Error = `Get "https://api.example/x?email=jane&limit=2": ` + canary
		l.Access(&line)
		l.Info(canary, canary, canary, slog.Group("g", "v", canary), slog.Any("secret", redact.New(canary)))
		l.With("w", "mail jane@example.com "+canary).Warn("x", "any", map[string]any{"k": []string{canary}})
		l.Debug("plain words", "token", "Bearer abcd1234efgh")
		_ = l.Close()
		got := out.String()
		for _, secret := range []string{canary, "canary", "jane", "abcd1234"} {
			if strings.Contains(got, secret) {
				t.Errorf("the log shows %q: %s", secret, got)
			}
		}
		for _, plain := range []string{"plain words", "limit=2", "/offers/{offerId}", redact.Mask} {
			if !strings.Contains(got, plain) {
				t.Errorf("the log lacks %q: %s", plain, got)
			}
		}
		if strings.Count(got, "\n") != 4 {
			t.Errorf("not four lines: %q", got)
		}
		for l := range strings.Lines(got) {
			if jsonLines && !json.Valid([]byte(l)) {
				t.Errorf("no JSON: %s", l)
			}
		}
	}
}

func TestLinesCannotBeForged(t *testing.T) {
	forged := "x\n{\"level\":\"ERROR\",\"msg\":\"forged\"}\r\u2028\u009b31m\u202e\x1b[2J\x00\xff\U000e0001"
	for _, jsonLines := range []bool{true, false} {
		var out bytes.Buffer
		l := scrubbedLog(t, &out, jsonLines)
		line := ordinary
		line.Client, line.Error, line.Method = forged, forged, forged
		l.Access(&line)
		l.Error(forged, "k", forged)
		_ = l.Close()
		got := out.String()
		if strings.Count(got, "\n") != 2 {
			t.Errorf("lines were forged: %q", got)
		}
		for _, raw := range []string{"\r", "\u2028", "\u009b", "\u202e", "\x1b", "\x00", "\xff"} {
			if strings.Contains(got, raw) {
				t.Errorf("%q reaches the terminal: %q", raw, got)
			}
		}
		for l := range strings.Lines(got) {
			if jsonLines && !json.Valid([]byte(l)) {
				t.Errorf("no JSON: %q", l)
			}
		}
	}
}

func BenchmarkAccess(b *testing.B) {
	b.Run("line", func(b *testing.B) {
		l := scrubbedLog(b, io.Discard, true)
		b.ReportAllocs()
		for b.Loop() {
			l.Access(&ordinary)
		}
	})
	b.Run("line without scrub", func(b *testing.B) {
		l := newBenchLog(b)
		b.ReportAllocs()
		for b.Loop() {
			l.Access(&ordinary)
		}
	})
	b.Run("reference=slog JSON", func(b *testing.B) {
		log := slog.New(slog.DiscardHandler)
		a := &ordinary
		b.ReportAllocs()
		for b.Loop() {
			log.LogAttrs(b.Context(), slog.LevelInfo, "request", slog.String("request_id", a.RequestID), slog.String("trace_id", a.TraceID),
				slog.String("client", a.Client), slog.String("method", a.Method), slog.String("upstream", a.Upstream), slog.String("endpoint", a.Endpoint),
				slog.Int("status", a.Status), slog.String("source", a.Source), slog.Int("attempts", a.Attempts), slog.Float64("queue_seconds", a.Queue.Seconds()),
				slog.Float64("upstream_seconds", a.Upstreams.Seconds()), slog.Float64("duration_seconds", a.Duration.Seconds()), slog.Int64("sent_bytes", a.Sent))
		}
	})
}

func newBenchLog(b *testing.B) *Log {
	b.Helper()
	l, err := NewLog(LogOptions{Out: io.Discard, JSON: true, Level: "info"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	return l
}
