package console

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/cleengate/cleengate/internal/journal"
)

const exchangesPath = "/api/v1/exchanges"

// Export renders an exchange for a suffix of its path, such as har. ok is
// false for a suffix that it does not know.
type Export func(r *journal.Record, suffix string) (mediaType string, content []byte, ok bool)

// exchanges adds the routes of the journal.
func exchanges(r chi.Router, o Options) {
	r.Get(exchangesPath, listExchanges(o.Journal))
	// A request id may hold slashes, so that it is all of the rest.
	r.Get(exchangesPath+"/*", oneExchange(o.Journal, o.Export))
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

func oneExchange(j *journal.Journal, export Export) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, exchangesPath+"/")
		if rec, ok := j.Get(id); ok {
			write(w, http.StatusOK, newWholeExchange(rec))
			return
		}
		if dot := strings.LastIndexByte(id, '.'); dot > 0 && export != nil {
			if rec, ok := j.Get(id[:dot]); ok {
				if mediaType, content, known := export(rec, id[dot+1:]); known {
					send(w, http.StatusOK, mediaType, content)
					return
				}
			}
		}
		fail(w, http.StatusNotFound, "not_found", "No exchange with this request id is in the journal. It may have been too long ago, or before the last restart; GET "+exchangesPath+" lists those that are there.")
	}
}
