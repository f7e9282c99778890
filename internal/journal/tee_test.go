package journal

import (
	"net/http"
	"strings"
	"sync"
	"testing"
)

// followed returns a tee and one that follows it, of an exchange with bodies up
// to limit bytes.
func followed(t *testing.T, limit int64) (j *Journal, x *Exchange, leader, follower *Tee) {
	t.Helper()
	j, leader, follower = newJournal(t, 1<<20, limit), new(Tee), new(Tee)
	x = &Exchange{RequestID: "id-1", Status: 200, Source: SourceUpstream, Shown: true}
	x.Begin(testStart)
	j.Open(x, nil)
	n := x.Attempt(Attempt{})
	x.Sending(n, Head{}, nil)
	x.Tee(leader)
	text := http.Header{"Content-Type": {"text/plain"}}
	x.Answered(n, Head{Status: 200, Header: text}, leader)
	x.TeeAnswer(follower)
	x.AppGot(Head{Status: 200, Header: text}, Content{Tee: follower})
	return j, x, leader, follower
}

// TestFollowingTee: whatever the app gets, a tee that follows shows the same as
// one that keeps all itself.
func TestFollowingTee(t *testing.T) {
	const limit = 10
	for _, tt := range []struct{ name, upstream, app string }{
		{"the same", "abcdefgh", "abcdefgh"},
		{"nothing", "", ""},
		{"less", "abcdefgh", "abc"},
		{"nothing of it", "abcdefgh", ""},
		{"more", "abc", "abcdefgh"},
		{"another", "abcdefgh", "xyz"},
		{"another from the middle on", "abcdefgh", "abcdXYZH"},
		{"longer than is kept", "abcdefghijklmnop", "abcdefghijklmnop"},
		{"longer, and less of it", "abcdefghijklmnop", "abcdefghijkl"},
		{"longer, and another at once", "abcdefghijklmnop", "ABCDEFGHIJKLMNOP"},
		{"longer, and another from the middle on", "abcdefghijklmnop", "abcdeFGHIJKLMNOP"},
	} {
		for _, piece := range []int{1, 3, 100} {
			j, x, leader, follower := followed(t, limit)
			var model Tee
			x.Tee(&model)
			write := func(to *Tee, s string) {
				for len(s) > 0 {
					n := min(piece, len(s))
					to.Write([]byte(s[:n]))
					s = s[n:]
				}
			}
			write(leader, tt.upstream)
			write(follower, tt.app)
			write(&model, tt.app)
			follower.seen(func(got []byte, size int64, cut bool) {
				model.seen(func(want []byte, wantSize int64, wantCut bool) {
					if string(got) != string(want) || size != wantSize || cut != wantCut {
						t.Errorf("%s, pieces of %d: %q of %d, cut %v; want %q of %d, cut %v", tt.name, piece, got, size, cut, want, wantSize, wantCut)
					}
				})
			})
			if follows := follower.buffer == nil; follows != (tt.app == "" || strings.HasPrefix(tt.upstream, tt.app)) {
				t.Errorf("%s, pieces of %d: keeps nothing itself: %v", tt.name, piece, follows)
			}
			r := j.Add(x, true)
			if got := string(r.Attempts[0].Response.Body.Bytes); got != tt.upstream[:min(limit, len(tt.upstream))] {
				t.Errorf("%s: the upstream's answer is %q", tt.name, got)
			}
			model.close()
			x.Release()
			if left := j.passing.Load(); left != 0 || follower.leader != nil {
				t.Errorf("%s: %d bytes are left, follows %v", tt.name, left, follower.leader)
			}
		}
	}
}

// TestFollowingTakesNoRoom: what passes through twice is charged once.
func TestFollowingTakesNoRoom(t *testing.T) {
	j, x, leader, follower := followed(t, 4<<10)
	leader.Write(make([]byte, 3000))
	once := j.passing.Load()
	follower.Write(make([]byte, 3000))
	if j.passing.Load() != once || once < 3000 {
		t.Errorf("%d bytes, and %d with the second", once, j.passing.Load())
	}
	x.Release()
	follower.Write([]byte("late"))
	if j.passing.Load() != 0 || follower.buffer != nil {
		t.Error("what came late is kept")
	}
}

// TestFollowedTeeIsReleased: who is followed may end first. Run with the race
// detector.
func TestFollowedTeeIsReleased(t *testing.T) {
	for range 50 {
		j, x, leader, follower := followed(t, 4<<10)
		var wg sync.WaitGroup
		for _, to := range []*Tee{leader, follower} {
			wg.Go(func() {
				for range 20 {
					to.Write([]byte("0123456789"))
				}
			})
		}
		leader.close()
		j.Add(x, true)
		x.Release()
		wg.Wait()
		if j.passing.Load() != 0 {
			t.Fatalf("%d bytes are left", j.passing.Load())
		}
	}
}
