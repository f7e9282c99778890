package journal

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// TestAdoptedMessages: a call that was made on the exchange's behalf ends in
// its record, also if it goes on after that.
func TestAdoptedMessages(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	x := &Exchange{RequestID: "id-1", Status: 200, Source: SourceUpstream, Shown: true}
	x.Begin(testStart)
	j.Open(x, nil)
	run := &Exchange{}
	run.Begin(testStart)
	x.Lend(run)
	n := run.Attempt(Attempt{Reason: ReasonFirst})
	run.Sending(n, Head{Method: "POST", Path: "/auths/refresh", Header: http.Header{"Accept": {"a", "b"}}}, []byte(`{"a":1}`))
	var tee Tee
	run.Tee(&tee)
	run.Answered(n, Head{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}}, &tee)
	tee.Write([]byte("answer"))
	x.Adopt(run)
	run.Sending(run.Attempt(Attempt{}), Head{Header: http.Header{"Late": {"1"}}}, nil)
	r := j.Add(x, true)
	x.Release()
	if len(r.Attempts) != 1 || fmt.Sprint(r.Attempts[0].Request.Header) != "[{Accept a} {Accept b}]" || string(r.Attempts[0].Request.Body.Bytes) != `{"a":1}` {
		t.Fatalf("attempts %+v", r.Attempts)
	}
	if got := r.Attempts[0].Response; string(got.Body.Bytes) != "answer" || got.Get("Content-Type") != "text/plain" {
		t.Errorf("answer %+v", got)
	}
	if j.passing.Load() != 0 {
		t.Errorf("%d bytes are left", j.passing.Load())
	}
}

// TestSettledHeader: an attempt shows the header that it sent, although a later
// one changes it.
func TestSettledHeader(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	x := &Exchange{RequestID: "id-1", Status: 200, Source: SourceUpstream}
	x.Begin(testStart)
	j.Open(x, nil)
	header := http.Header{"Accept": {"first"}, "Vary": {"x"}}
	x.Sending(x.Attempt(Attempt{}), Head{Header: header}, nil)
	x.Settle()
	header["Accept"] = []string{"second"}
	delete(header, "Vary")
	x.Sending(x.Attempt(Attempt{}), Head{Header: header}, nil)
	r := j.Add(x, true)
	x.Release()
	if got := fmt.Sprint(r.Attempts[0].Request.Header, r.Attempts[1].Request.Header); got != "[{Accept first} {Vary x}] [{Accept second}]" {
		t.Errorf("headers %s", got)
	}
}

// TestMergedAttempts: attempts past the bound of a record replace its last
// one, and give back what they held.
func TestMergedAttempts(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	c := plainCall("id-1")
	for range 3 * maxAttempts {
		c.statuses = append(c.statuses, 503)
	}
	r := c.run(j, true)
	if len(r.Attempts) != maxAttempts || r.Attempts[maxAttempts-1].Response.Status != 200 {
		t.Errorf("%d attempts", len(r.Attempts))
	}
	if j.passing.Load() != 0 {
		t.Errorf("%d bytes are left", j.passing.Load())
	}
}

func TestNothingIsKeptWithoutJournal(t *testing.T) {
	x := &Exchange{}
	x.Begin(testStart)
	(*Journal)(nil).Open(x, nil)
	var tee Tee
	x.Tee(&tee)
	tee.Write([]byte("x"))
	x.Sending(x.Attempt(Attempt{}), Head{}, nil)
	x.Answered(0, Head{}, &tee)
	x.AppSent(Head{}, Content{})
	x.AppGot(Head{}, Content{})
	x.Release()
	if x.Captures() || tee.buffer != nil || x.capture.attempts != nil {
		t.Error("something is kept")
	}
	(*Tee)(nil).Write([]byte("x"))
}

// TestTeeWhileTheExchangeEnds: an answer may still be read when its exchange
// is over. Run with the race detector.
func TestTeeWhileTheExchangeEnds(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	for range 50 {
		c := plainCall("id")
		x := c.open(j)
		tee := x.capture.attempts[0].response.Tee
		var wg sync.WaitGroup
		wg.Go(func() {
			for range 20 {
				tee.Write([]byte(strings.Repeat("y", 100)))
			}
		})
		j.Add(x, true)
		x.Release()
		wg.Wait()
	}
	if j.passing.Load() != 0 {
		t.Errorf("%d bytes are left", j.passing.Load())
	}
}
