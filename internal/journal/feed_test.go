package journal

import (
	"errors"
	"fmt"
	"testing"
)

func TestSubscriptionGetsWhatEnds(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	plainCall("before").run(j, false)
	s, err := j.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		plainCall(fmt.Sprint("id-", i)).run(j, false)
	}
	for i := range 3 {
		got := <-s.C
		if got.RequestID != fmt.Sprint("id-", i) || got.Status != 200 || got.Attempts != 1 || got.Path != "/3.1/offers/S1_US" {
			t.Errorf("event %d: %+v", i, got)
		}
		if _, ok := j.Get(got.RequestID); !ok {
			t.Error("the record of an event is not there")
		}
	}
}

func TestJournalWithoutMemoryStillTells(t *testing.T) {
	j := newJournal(t, 0, 1<<10)
	s, err := j.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	plainCall("id-1").run(j, false)
	if got := <-s.C; got.RequestID != "id-1" {
		t.Errorf("event %+v", got)
	}
	if _, ok := j.Get("id-1"); ok || j.Bytes() != 0 {
		t.Errorf("something is kept: %d bytes", j.Bytes())
	}
}

// TestSlowReaderIsDropped: nobody waits for one who does not read.
func TestSlowReaderIsDropped(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	slow, err := j.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	for range feedBuffer + 1 {
		plainCall("id").run(j, false)
	}
	n := 0
	for range slow.C {
		n++
	}
	if n != feedBuffer || !slow.Slow() {
		t.Errorf("it got %d events; slow: %v", n, slow.Slow())
	}
	slow.Close()
	if j.feed.count.Load() != 0 {
		t.Error("it still counts as a reader")
	}
}

func TestSubscribersAreBounded(t *testing.T) {
	j := newJournal(t, 1<<20, 1<<10)
	var subs []*Subscription
	for range maxSubscribers {
		s, err := j.Subscribe()
		if err != nil {
			t.Fatal(err)
		}
		subs = append(subs, s)
	}
	if _, err := j.Subscribe(); !errors.Is(err, ErrTooManySubscribers) {
		t.Errorf("one more: %v", err)
	}
	subs[0].Close()
	if s, err := j.Subscribe(); err != nil {
		t.Errorf("after one has left: %v", err)
	} else {
		subs[0] = s
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, s := range subs {
		if _, open := <-s.C; open || s.Slow() {
			t.Error("a subscription outlives the journal, or is called slow")
		}
	}
	if _, err := j.Subscribe(); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed journal: %v", err)
	}
}
