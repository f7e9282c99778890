package tokens_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/cleengate/cleengate/internal/redact"
	"github.com/cleengate/cleengate/tokens"
)

var noon = time.Date(2026, 5, 6, 12, 0, 0, 0, time.UTC)

func TestClockKnowsNothingAtFirst(t *testing.T) {
	var c tokens.Clock
	c.Observe(time.Time{}, noon, noon)
	c.Observe(noon, noon, noon.Add(-time.Second)) // received before it was sent
	if offset, known := c.Offset(); known || offset != 0 {
		t.Errorf("offset = %v, %v", offset, known)
	}
}

func TestClockNarrowsAndFollowsAStep(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c tokens.Clock
		truth := time.Duration(rapid.Int64Range(-int64(2*time.Hour), int64(2*time.Hour)).Draw(t, "offset"))
		now := noon
		observe := func() {
			now = now.Add(time.Duration(rapid.IntRange(1, 60_000).Draw(t, "pause")) * time.Millisecond)
			up := time.Duration(rapid.IntRange(1, 300).Draw(t, "up")) * time.Millisecond
			down := time.Duration(rapid.IntRange(1, 300).Draw(t, "down")) * time.Millisecond
			dated := now.Add(up).Add(truth).Truncate(time.Second)
			c.Observe(dated, now, now.Add(up+down))
			now = now.Add(up + down)
		}
		check := func(what string, within time.Duration) {
			t.Helper()
			if offset, known := c.Offset(); !known || (offset-truth).Abs() > within {
				t.Fatalf("%s the offset is %v (known %v), in truth %v", what, offset, known, truth)
			}
		}
		for range rapid.IntRange(1, 20).Draw(t, "readings") {
			observe()
			check("after a reading", 900*time.Millisecond)
		}
		truth += time.Duration(rapid.SampledFrom([]int{-3600, -5, 5, 3600}).Draw(t, "step")) * time.Second
		observe()
		check("after a step of the clock", 900*time.Millisecond)
	})
}

// A token that departs at the last moment would arrive dead.
func TestSessionLeavesTimeForTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		upstream := newMediaStore()
		upstream.life, upstream.dateless, upstream.latency = time.Minute, true, 0
		session := newSession(t, upstream, nil)
		if err := session.Secure(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(upstream.life - 300*time.Millisecond)
		if _, err := session.Current(time.Now(), nil); err != nil {
			t.Errorf("300 ms before the end: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
		if _, err := session.Current(time.Now(), nil); err == nil {
			t.Error("a token was given out 200 ms before its end")
		}
		if err := session.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestTokenExpired(t *testing.T) {
	// Readings of both clocks, as after a suspension or a step of the wall clock.
	for name, test := range map[string]struct {
		token tokens.Token
		now   time.Time
		want  bool
	}{
		"never":      {tokens.Token{Value: redact.New("x")}, noon.AddDate(100, 0, 0), false},
		"before":     {tokens.Token{Expires: noon}, noon.Add(-1), false},
		"at":         {tokens.Token{Expires: noon}, noon, true},
		"in another": {tokens.Token{Expires: noon}, noon.In(time.FixedZone("", 3600)), true},
	} {
		if got := test.token.Expired(test.now); got != test.want {
			t.Errorf("%s: Expired = %v", name, got)
		}
	}
}
