package console

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPurgeNamesOneThing(t *testing.T) {
	var asked []Purge
	h := New(Options{
		Metrics: http.NotFoundHandler(), Health: &Health{}, Status: func() any { return nil },
		Cache: &Cache{Show: func() any { return map[string]int{"entries": 3} }, Purge: func(p Purge) int { asked = append(asked, p); return 2 }},
	})
	for _, c := range []struct {
		body   string
		status int
		want   Purge
	}{
		{`{"path":"/3.1/offers/S1"}`, 200, Purge{Path: "/3.1/offers/S1"}},
		{`{"template":"/3.1/offers/{offerId}"}`, 200, Purge{Template: "/3.1/offers/{offerId}"}},
		{`{"customer":"77"}`, 200, Purge{Customer: "77"}},
		{`{"tag":"offers"}`, 200, Purge{Tag: "offers"}},
		{`{"all":true}`, 200, Purge{All: true}},
		{`{}`, 400, Purge{}},
		{`{"all":false}`, 400, Purge{}},
		{`{"path":"/a","tag":"b"}`, 400, Purge{}},
		{`{"url":"/a"}`, 400, Purge{}},
		{`all`, 400, Purge{}},
	} {
		asked = nil
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/api/v1/cache/purge", strings.NewReader(c.body)))
		if w.Code != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.body, w.Code, c.status, w.Body)
		}
		if c.status != 200 {
			if len(asked) != 0 {
				t.Errorf("%s: purged %v", c.body, asked)
			}
			continue
		}
		if len(asked) != 1 || asked[0] != c.want || strings.Join(strings.Fields(w.Body.String()), "") != `{"purged":2}` {
			t.Errorf("%s: purged %v and said %s", c.body, asked, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/cache", nil))
	if !strings.Contains(w.Body.String(), `"entries": 3`) {
		t.Errorf("GET said %s", w.Body)
	}
}
