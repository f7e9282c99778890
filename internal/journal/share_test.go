package journal

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestShareComesBackWithTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := share{rate: 0.01}
		if !s.has(time.Now()) {
			t.Fatal("nothing was spent, and nothing is left")
		}
		s.spend(shareBurst + 10*time.Millisecond)
		if s.has(time.Now()) {
			t.Error("more was spent than there was, and something is left")
		}
		time.Sleep(999 * time.Millisecond)
		if s.has(time.Now()) {
			t.Error("10 ms are back after less than a second")
		}
		time.Sleep(2 * time.Millisecond)
		if !s.has(time.Now()) {
			t.Error("10 ms are not back after a second")
		}
		time.Sleep(time.Hour)
		s.has(time.Now())
		s.spend(shareBurst)
		if s.has(time.Now()) {
			t.Error("a quiet hour gave more than the burst")
		}
	})
}

// TestBusyJournalAbridges: when the share is used up, successes and the later
// ones of a flood are kept without messages; the first failures of each kind
// are whole all the same.
func TestBusyJournalAbridges(t *testing.T) {
	j := newJournal(t, 4<<20, 1<<10)
	j.calm.spend(time.Hour)
	j.flooded.spend(time.Hour)
	plainCall("success").run(j, false)
	r, ok := j.Get("success")
	if !ok || !r.Abridged || r.Request.Method != "" || r.Response.Header != nil || len(r.Attempts) != 1 || r.Attempts[0].Status != 200 || r.Path != "/3.1/offers/S1_US" {
		t.Errorf("success: %+v", r)
	}
	for i := range 30 {
		c := plainCall(fmt.Sprint("id-", i))
		c.status, c.diagnosis = 429, "burst"
		c.run(j, false)
	}
	for i := range 30 {
		r, ok := j.Get(fmt.Sprint("id-", i))
		if !ok || r.Abridged != (i >= keptFirst) {
			t.Errorf("failure %d: abridged %v", i, r.Abridged)
		}
	}
	c := plainCall("logged")
	if r := c.run(j, true); r.Abridged {
		t.Error("a record that was asked for is abridged")
	}
	groups := j.Failures()
	if len(groups) != 1 || groups[0].Cause != "burst" || groups[0].Count != 30 || len(groups[0].First) != keptFirst || len(groups[0].Last) != 0 {
		t.Errorf("groups: %+v", groups)
	}
}

// TestFailuresOutliveTheRing: the one 401 is found long after successes and
// throttles have filled the ring, by its id and in lists.
func TestFailuresOutliveTheRing(t *testing.T) {
	j := newJournal(t, 128<<10, 1<<10)
	one := plainCall("the-one")
	one.status, one.diagnosis = 401, "credential_invalid"
	one.run(j, false)
	for i := range 3000 {
		c := plainCall(fmt.Sprint("id-", i))
		if i%2 == 0 {
			c.status, c.diagnosis = 429, "burst"
		}
		c.run(j, false)
	}
	if _, ok := j.Get("id-1"); ok {
		t.Fatal("the ring did not turn over")
	}
	r, ok := j.Get("the-one")
	if !ok || r.Abridged || r.Status != 401 {
		t.Errorf("by id: %v", ok)
	}
	list := j.Recent(Filter{Status: 401}, 100)
	if len(list) != 1 || list[0].RequestID != "the-one" {
		t.Errorf("listed: %d", len(list))
	}
	all := j.Summaries(Filter{Since: testStart}, MaxLimit)
	if all[0].RequestID != "id-2999" || all[len(all)-1].RequestID != "the-one" {
		t.Errorf("order: first %s, last %s", all[0].RequestID, all[len(all)-1].RequestID)
	}
	if j.Bytes() > 128<<10 {
		t.Errorf("%d bytes", j.Bytes())
	}
}

func TestShieldedFailuresAreKept(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	for _, status := range []int{401, 429, 503} {
		c := plainCall(fmt.Sprint("after-", status))
		c.statuses = []int{status}
		c.run(j, false)
	}
	var causes []string
	for _, g := range j.Failures() {
		causes = append(causes, g.Cause)
	}
	if fmt.Sprint(causes) != "[shielded_5xx shielded_429 shielded_401]" {
		t.Errorf("causes %v", causes)
	}
}

// asked counts how often it is asked what the app sent and got.
type asked struct{ times int }

func (a *asked) Describe(x *Exchange) {
	a.times++
	x.AppSent(Head{Method: "GET", Path: "/3.1/offers/S1_US", Proto: "HTTP/1.1", Header: http.Header{"Authorization": {"Bearer own-secret-of-the-app-0123456789"}}}, Content{})
	x.AppGot(Head{Status: x.Status, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"application/json"}}}, Content{})
}

// The app's messages are asked for once where they are kept, and not at all where the
// record is abridged; its path is known all the same.
func TestAppIsAskedOnlyForWhatIsKept(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	add := func(id string, status int, whole bool) (times int, r *Record) {
		app := &asked{}
		x := &Exchange{RequestID: id, Endpoint: "/3.1/offers/{offerId}", Method: "GET", Path: "/3.1/offers/S1_US", Status: status, Source: SourceUpstream}
		x.Begin(testStart)
		j.Open(x, app)
		j.Add(x, whole)
		x.Release()
		r, _ = j.Get(id)
		return app.times, r
	}
	if times, r := add("first", 200, false); times != 1 || r.Abridged || r.Request.Get("Authorization") == "" {
		t.Errorf("a success that is kept whole: asked %d times, %+v", times, r)
	}
	j.calm.spend(time.Hour)
	if times, r := add("abridged", 200, false); times != 0 || !r.Abridged || r.Path != "/3.1/offers/S1_US" {
		t.Errorf("an abridged one: asked %d times, %+v", times, r)
	}
	if times, r := add("failure", 404, false); times != 1 || r.Abridged || r.Response.Status != 404 {
		t.Errorf("a failure: asked %d times, %+v", times, r)
	}
	if times, r := add("logged", 200, true); times != 1 || r.Abridged {
		t.Errorf("one that is logged: asked %d times, %+v", times, r)
	}
}
