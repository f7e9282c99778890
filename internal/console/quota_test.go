package console

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cleengate/cleengate/internal/support/quota"
)

func TestQuotaRoute(t *testing.T) {
	o := Options{
		Metrics: http.NotFoundHandler(), Health: &Health{}, Status: func() any { return nil },
		Quota: func() *quota.Report { return quota.Build(&quota.Input{Now: time.Unix(1e9, 0), Mode: "shield"}) },
	}
	get := func(h http.Handler, query string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/quota"+query, http.NoBody))
		return w
	}
	w := get(New(o), "")
	var r quota.Report
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != http.StatusOK || r.Mode != "shield" {
		t.Errorf("%d %v %s", w.Code, err, w.Body)
	}
	if w := get(New(o), "?format=markdown"); !strings.HasPrefix(w.Body.String(), "# Quota report") || w.Header().Get("Content-Type") != "text/markdown; charset=utf-8" {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if w := get(New(o), "?format=pdf"); w.Code != http.StatusBadRequest {
		t.Errorf("an unknown format: %d", w.Code)
	}
	if w := get(NewMetricsOnly(o), ""); w.Code != http.StatusNotFound {
		t.Errorf("the open listener tells the quota: %d", w.Code)
	}
	o.Quota = nil
	if w := get(New(o), ""); w.Code != http.StatusNotFound {
		t.Errorf("without a report: %d", w.Code)
	}
}
