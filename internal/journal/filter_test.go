package journal

import (
	"net/url"
	"testing"
	"time"
)

func TestParseFilter(t *testing.T) {
	q, _ := url.ParseQuery("status=4XX&client=app&endpoint=/3.1/offers&since=2026-01-02T03:04:05%2B01:00&limit=7")
	f, limit, err := ParseFilter(q)
	if err != nil || limit != 7 || f.Class != 4 || f.Client != "app" || f.Endpoint != "/3.1/offers" || !f.Since.Equal(time.Date(2026, 1, 2, 2, 4, 5, 0, time.UTC)) {
		t.Errorf("ParseFilter = %+v, %d, %v", f, limit, err)
	}
	if f, limit, err := ParseFilter(url.Values{}); err != nil || f != (Filter{}) || limit != DefaultLimit {
		t.Errorf("no parameters: %+v, %d, %v", f, limit, err)
	}
	for _, bad := range []string{"status=40", "status=6xx", "status=x", "status=4x", "status=1000", "since=yesterday", "since=2026-01-02", "limit=0", "limit=-1", "limit=x", "limit=10001"} {
		q, _ := url.ParseQuery(bad)
		if _, _, err := ParseFilter(q); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestFilterMatch(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := &Summary{Status: 429, Client: "app", Endpoint: "/3.1/offers", Time: at}
	for _, tt := range []struct {
		f    Filter
		want bool
	}{
		{Filter{}, true},
		{Filter{Status: 429, Class: 4, Client: "app", Endpoint: "/3.1/offers", Since: at}, true},
		{Filter{Status: 401}, false},
		{Filter{Class: 5}, false},
		{Filter{Client: "other"}, false},
		{Filter{Endpoint: "other"}, false},
		{Filter{Since: at.Add(time.Nanosecond)}, false},
	} {
		if got := tt.f.Match(s); got != tt.want {
			t.Errorf("%+v matches: %v, want %v", tt.f, got, tt.want)
		}
	}
}
