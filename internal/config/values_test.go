package config_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/config"
)

func TestParseSize(t *testing.T) {
	good := map[string]config.Size{
		"0": 0, "00": 0, "0B": 0, "1B": 1, "64KiB": 64 << 10, "10MiB": 10 << 20, "10 MiB": 10 << 20, "2GiB": 2 << 30, "1TiB": 1 << 40,
		"5KB": 5_000, "5MB": 5_000_000, "5GB": 5_000_000_000, "1TB": 1_000_000_000_000, "8388607TiB": 8388607 << 40,
	}
	for text, want := range good {
		if got, err := config.ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", " ", "64", "-1KiB", "+1KiB", "1.5MiB", "1mib", "1 0MiB", "1  MiB", "MiB", "0x10B", "1MiB ", "8388608TiB", "9223372036854775808B", "1Kib", "١KiB"} {
		if got, err := config.ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func TestSizeString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := config.Size(rapid.Int64Min(0).Draw(t, "size"))
		if shift := rapid.IntRange(0, 40).Draw(t, "shift"); size < 1<<20 {
			size <<= shift
		}
		if back, err := config.ParseSize(size.String()); err != nil || back != size {
			t.Fatalf("%d prints as %s, which reads as %d, %v", size, size, back, err)
		}
	})
}

func TestParseDuration(t *testing.T) {
	good := map[string]time.Duration{
		"0": 0, "0s": 0, "7500ms": 7500 * time.Millisecond, "7.5s": 7500 * time.Millisecond, "1m30s": 90 * time.Second, "1h": time.Hour, "10us": 10 * time.Microsecond,
	}
	for text, want := range good {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %s, %v, want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"", "7500", "-1s", "+1s", "1d", "1 s", "s", "1s ", "1e3s", "99999999h", "ms", "1w"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %s, want an error", text, got)
		}
	}
}

func TestParseRate(t *testing.T) {
	good := map[string]struct {
		rate      config.Rate
		perSecond float64
	}{
		"auto":    {config.Rate{}, 0},
		"50/s":    {config.Rate{Count: 50, Window: time.Second}, 50},
		"600/m":   {config.Rate{Count: 600, Window: time.Minute}, 10},
		"10800/h": {config.Rate{Count: 10800, Window: time.Hour}, 3},
	}
	for text, want := range good {
		got, err := config.ParseRate(text)
		if err != nil || got != want.rate || got.PerSecond() != want.perSecond || got.String() != text {
			t.Errorf("ParseRate(%q) = %s (%v/s), %v, want %s (%v/s)", text, got, got.PerSecond(), err, want.rate, want.perSecond)
		}
	}
	for _, text := range []string{"", "50", "50/", "/s", "0/s", "-5/s", "0.5/s", "50/d", "50/s/s", "50 /s", "Auto", "1e3/s", "1000000001/s"} {
		if got, err := config.ParseRate(text); err == nil {
			t.Errorf("ParseRate(%q) = %s, want an error", text, got)
		}
	}
}

func TestParsePercent(t *testing.T) {
	good := map[string]float64{"0%": 0, "20%": 0.2, "2.5%": 0.025, "100%": 1, "7 %": 0.07}
	for text, want := range good {
		if got, err := config.ParsePercent(text); err != nil || got.Fraction() != want {
			t.Errorf("ParsePercent(%q) = %s, %v, want the fraction %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "%", "20", "-1%", "+1%", "101%", "NaN%", "Inf%", "1e1%", "0x1p2%", "1_0%"} {
		if got, err := config.ParsePercent(text); err == nil {
			t.Errorf("ParsePercent(%q) = %s, want an error", text, got)
		}
	}
}

func TestParseBurst(t *testing.T) {
	if got, err := config.ParseBurst("auto"); err != nil || !got.Auto() || got.String() != "auto" {
		t.Errorf("ParseBurst(auto) = %s, %v", got, err)
	}
	if got, err := config.ParseBurst("5"); err != nil || got != 5 || got.Auto() || got.String() != "5" {
		t.Errorf("ParseBurst(5) = %s, %v", got, err)
	}
	for _, text := range []string{"", "0", "-1", "1.5", "1000001", "many"} {
		if got, err := config.ParseBurst(text); err == nil {
			t.Errorf("ParseBurst(%q) = %s, want an error", text, got)
		}
	}
}

// checkValue asserts what holds for every parser: what it accepts prints as
// something that reads back the same, and what it refuses has two clauses.
func checkValue[V comparable](t *testing.T, text string, parse func(string) (V, error), format func(V) string) {
	t.Helper()
	value, err := parse(text)
	if err != nil {
		problem, remedy, ok := strings.Cut(err.Error(), "; ")
		if !ok || problem == "" || remedy == "" {
			t.Errorf("%q is refused with %q, want what is wrong; what would be right", text, err)
		}
		return
	}
	if back, err := parse(format(value)); err != nil || back != value {
		t.Errorf("%q prints as %q, which reads as %v, %v", text, format(value), back, err)
	}
}

func FuzzValues(f *testing.F) {
	for _, text := range []string{"", "0", "10MiB", "64KB", "7500ms", "1h0m0.5s", "50/s", "auto", "20%", "2.5%", "GET /a/*", "* *", "unix:/a", "[::1]:0", "5", "1e9"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkValue(t, text, config.ParseSize, config.Size.String)
		checkValue(t, text, config.ParseDuration, time.Duration.String)
		checkValue(t, text, config.ParseRate, config.Rate.String)
		checkValue(t, text, config.ParsePercent, config.Percent.String)
		checkValue(t, text, config.ParseBurst, config.Burst.String)
		checkValue(t, text, config.ParsePattern, config.Pattern.String)
		checkValue(t, text, config.ParseListen, func(a config.Address) string {
			if a.Network == "unix" {
				return "unix:" + a.Address
			}
			return a.Address
		})
	})
}
