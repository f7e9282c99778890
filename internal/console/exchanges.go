package console

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/cleengate/cleengate/internal/journal"
)

const exchangesPath = "/api/v1/exchanges"

// exchanges adds the routes of the journal.
func exchanges(r chi.Router, o Options) {
	r.Get(exchangesPath, listExchanges(o.Journal))
	// A request id may hold slashes, so that it is all of the rest.
	e := evidence{o.Journal, o.Bundle}
	r.Get(exchangesPath+"/*", e.exchange)
	if o.Bundle != nil {
		r.Get("/api/v1/bundle", e.archive)
	}
	r.Get("/api/v1/events", events(o.Journal))
}

func listExchanges(j *journal.Journal) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, limit, err := journal.ParseFilter(r.URL.Query())
		if err != nil {
			fail(w, http.StatusBadRequest, "bad_request", "The filter cannot be read: "+err.Error()+".")
			return
		}
		summaries := j.Summaries(f, limit)
		out := make([]Exchange, len(summaries))
		for i := range summaries {
			out[i] = NewExchange(&summaries[i])
		}
		write(w, http.StatusOK, map[string]any{"exchanges": out})
	}
}
