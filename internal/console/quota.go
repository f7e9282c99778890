package console

import (
	"net/http"

	"github.com/cleengate/cleengate/internal/support/quota"
)

// quotaReport serves the quota report as JSON, or as Markdown where ?format=markdown
// asks for it.
func quotaReport(build func() *quota.Report) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch format := r.URL.Query().Get("format"); format {
		case "", "json":
			write(w, http.StatusOK, build())
		case "markdown":
			send(w, http.StatusOK, "text/markdown; charset=utf-8", build().Markdown())
		default:
			fail(w, http.StatusBadRequest, "bad_request", "format is json or markdown.")
		}
	}
}
