package journal

import (
	"net/http"
	"strings"
	"testing"
)

func storedOffer(body string) Stored {
	return Stored{
		Status: 200, Proto: "HTTP/1.1", Header: http.Header{"Content-Type": {"application/json"}, "Age": {"3"}, "Set-Cookie": {"a=secret-cookie-value"}},
		Body: []byte(body), Endpoint: "/3.1/offers", Shown: true,
	}
}

func TestHitPointsToItsExcerpt(t *testing.T) {
	j := newJournal(t, 1<<20, 16<<10)
	e := j.Excerpt(storedOffer(`{"offerId":"S1_US","email":"a.person@example.com","long":"` + strings.Repeat("x", 3000) + `"}`))
	hit := plainCall("hit")
	hit.change = func(x *Exchange) { x.Excerpt, x.Source = e, SourceCache }
	r := hit.run(j, true)
	b := r.Response.Body
	if b.Form != FormExcerpt || !b.Cut || b.Size < 3000 || !strings.HasPrefix(string(b.Bytes), `{"offerId":"S1_US","email":"[redacted]","long":"xxx`) || len(b.Bytes) > excerptBody {
		t.Errorf("body %s %v: %.80s", b.Form, b.Cut, b.Bytes)
	}
	j.calm.spend(1 << 60)
	hit.id = "abridged"
	hit.run(j, false)
	r, _ = j.Get("abridged")
	if m := r.Response; !r.Abridged || m.Status != 200 || m.Get("Age") != "3" || m.Get("Set-Cookie") != "a=[redacted]" || m.Body.Form != FormExcerpt {
		t.Errorf("abridged: %+v", m)
	}
}

func TestExcerptWithoutJournal(t *testing.T) {
	if e := (*Journal)(nil).Excerpt(storedOffer("{}")); e != nil {
		t.Error("a journal that is not there made an excerpt")
	}
	if e := newJournal(t, 0, 0).Excerpt(storedOffer("{}")); e != nil {
		t.Error("a journal that keeps nothing made an excerpt")
	}
}

// TestHitCostsNoAllocation: a hit is answered in microseconds, so that its
// record may cost next to nothing.
func TestHitCostsNoAllocation(t *testing.T) {
	j := newJournal(t, 1<<20, 16<<10)
	e := j.Excerpt(storedOffer(`{"offerId":"S1_US"}`))
	j.calm.spend(1 << 60)
	header := http.Header{"Accept": {"application/json"}}
	x := &Exchange{}
	measured := testing.AllocsPerRun(2000, func() {
		*x = Exchange{RequestID: "id", Client: "app", Endpoint: "/3.1/offers", Method: "GET", Status: 200, Source: SourceCache, Excerpt: e}
		x.Begin(testStart)
		j.Open(x, nil)
		x.AppSent(Head{Method: "GET", Path: "/3.1/offers", Header: header}, Content{})
		j.Add(x, false)
		x.Release()
	})
	if measured > 1 {
		t.Errorf("%v allocations", measured)
	}
}
