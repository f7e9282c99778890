package console

import (
	"net/http"

	"github.com/go-chi/chi/v5"
)

// Purge says which stored answers to drop: one of its members is set.
type Purge struct {
	Path     string `json:"path,omitempty"`     // as it goes upstream, without query
	Template string `json:"template,omitempty"` // of the catalogue, as metrics show it
	Customer string `json:"customer,omitempty"` // a customer's id
	Tag      string `json:"tag,omitempty"`      // such as offers or offer:S123456789
	All      bool   `json:"all,omitempty"`
}

// members counts those that are set.
func (p Purge) members() int {
	n := 0
	for _, set := range []bool{p.Path != "", p.Template != "", p.Customer != "", p.Tag != "", p.All} {
		if set {
			n++
		}
	}
	return n
}

// Cache is what the console shows and does of stored answers.
type Cache struct {
	// Show returns the answer of GET /api/v1/cache.
	Show func() any
	// Purge drops answers and returns how many.
	Purge func(Purge) int
}

func (c *Cache) routes(r chi.Router) {
	r.Get("/api/v1/cache", list("", c.Show))
	r.Post("/api/v1/cache/purge", func(w http.ResponseWriter, r *http.Request) {
		const example = `{"path":"/3.1/offers/S123456789"}, {"template":"/3.1/offers/{offerId}"}, {"customer":"1234"}, {"tag":"offers"} or {"all":true}`
		var p Purge
		if !decode(w, r, &p, example) {
			return
		}
		if p.members() != 1 {
			fail(w, http.StatusBadRequest, "bad_request", "Name exactly one thing to drop: "+example+".")
			return
		}
		write(w, http.StatusOK, map[string]int{"purged": c.Purge(p)})
	})
}
