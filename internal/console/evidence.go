package console

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/support"
)

// evidence serves single exchanges: as JSON, in other formats, and as the
// bundle for the vendor's support.
type evidence struct {
	journal *journal.Journal
	bundle  func(*journal.Record) *support.Bundle // nil: JSON only
}

const listedFails = 10 // failures that are named where a request id is not known

// journalOff is why nothing is known of any exchange.
const journalOff = "The journal is off (journal.max_size: 0), so no call is recorded and there is nothing to show. Give journal.max_size a size, such as 32MiB, reload, and send the call again."

// exports are the formats of one exchange, by the suffix of its path.
var exports = []struct{ suffix, part, mediaType string }{
	{".har", support.PartHAR, "application/json"},
	{".curl", support.PartCurl, "text/plain; charset=utf-8"},
	{".md", support.PartReport, "text/markdown; charset=utf-8"},
}

// exchange serves one exchange as JSON, or in the format of its path's suffix.
// A request id may hold dots and slashes: it is all of the rest, and one that
// ends like a format comes first.
func (e *evidence) exchange(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, exchangesPath+"/")
	if rec, ok := e.journal.Show(path); ok {
		write(w, http.StatusOK, newWholeExchange(rec))
		return
	}
	for _, x := range exports {
		id, ok := strings.CutSuffix(path, x.suffix)
		if !ok || e.bundle == nil {
			continue
		}
		rec, known := e.find(id)
		if !known {
			path = id
			break
		}
		content, err := e.bundle(rec).Export(x.part)
		if err != nil {
			refuse(w, err)
			return
		}
		send(w, http.StatusOK, x.mediaType, content)
		return
	}
	e.unknown(w, path)
}

// archive serves the escalation bundle of ?request_id=, without one that of the
// newest failure, else of the newest exchange. &omit= leaves a part out.
func (e *evidence) archive(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id := q.Get("request_id")
	find := e.newest
	if id != "" {
		find = func() (*journal.Record, bool) { return e.find(id) }
	}
	rec, known := find()
	switch {
	case !known && id != "":
		e.unknown(w, id)
		return
	case !known && e.journal.Off():
		fail(w, http.StatusNotFound, "not_found", journalOff)
		return
	case !known:
		fail(w, http.StatusNotFound, "not_found", "No exchange is recorded yet. Send a call through the proxy first.")
		return
	}
	b := e.bundle(rec)
	for _, names := range q["omit"] {
		b.Omit = append(b.Omit, strings.Split(names, ",")...)
	}
	archive, err := b.Zip()
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Disposition", `attachment; filename="`+support.FileName(rec.RequestID)+`"`)
	send(w, http.StatusOK, "application/zip", archive)
}

// find returns the record with this id. An app may use one id for several
// calls, such as its own repeats; of those the failure is asked for.
func (e *evidence) find(id string) (*journal.Record, bool) {
	rec, known := e.journal.Get(id)
	if !known || failure(&rec.Summary) {
		return rec, known
	}
	if failed, ok := e.first(func(s *journal.Summary) bool { return s.RequestID == id && failure(s) }); ok {
		return failed, true
	}
	return rec, true
}

// newest is the newest failure that the app saw, else the newest exchange.
func (e *evidence) newest() (*journal.Record, bool) {
	if rec, ok := e.first(failure); ok {
		return rec, true
	}
	return e.first(func(*journal.Summary) bool { return true })
}

// first is the newest record that wanted chooses.
func (e *evidence) first(wanted func(*journal.Summary) bool) (*journal.Record, bool) {
	for _, s := range e.journal.Summaries(journal.Filter{}, journal.MaxLimit) {
		if !wanted(&s) {
			continue
		}
		same := journal.Filter{Status: s.Status, Endpoint: s.Endpoint, Since: s.Time}
		for _, rec := range e.journal.Recent(same, journal.MaxLimit) {
			if rec.RequestID == s.RequestID && rec.Time.Equal(s.Time) {
				return rec, true
			}
		}
	}
	return nil, false
}

func failure(s *journal.Summary) bool {
	return s.Status >= http.StatusBadRequest || s.Diagnosis != ""
}

// failed is a line of the list of recent failures.
type failed struct {
	RequestID string    `json:"request_id"`
	Time      time.Time `json:"time"`
	Method    string    `json:"method"`
	Endpoint  string    `json:"endpoint"`
	Status    int       `json:"status"`
	Diagnosis string    `json:"diagnosis,omitempty"`
}

// unknown answers for an id that is not recorded, with those of recent
// failures.
func (e *evidence) unknown(w http.ResponseWriter, id string) {
	if e.journal.Off() {
		fail(w, http.StatusNotFound, "not_found", journalOff)
		return
	}
	list := []failed{}
	for _, s := range e.journal.Summaries(journal.Filter{}, journal.MaxLimit) {
		if !failure(&s) {
			continue
		}
		cause := s.Diagnosis
		if cause == "" {
			cause = s.Code
		}
		list = append(list, failed{s.RequestID, s.Time, s.Method, s.Endpoint, s.Status, cause})
		if len(list) == listedFails {
			break
		}
	}
	detail := "No exchange with the request id " + id + " is recorded: it is mistyped, too old, or was answered by another instance."
	problem(w, http.StatusNotFound, "not_found", detail, map[string]any{"recent_failures": list})
}

// refuse answers where an export cannot be made.
func refuse(w http.ResponseWriter, err error) {
	if refusal, ok := errors.AsType[*support.Refusal](err); ok {
		problem(w, http.StatusConflict, "secret_found", err.Error(), map[string]any{"found": refusal.Found})
		return
	}
	if unknown, ok := errors.AsType[*support.UnknownPart](err); ok {
		problem(w, http.StatusBadRequest, "bad_request", unknown.Error(), map[string]any{"parts": support.Parts()})
		return
	}
	fail(w, http.StatusInternalServerError, "internal", "The export could not be made: "+err.Error()+".")
}

// problem is fail with further members.
func problem(w http.ResponseWriter, status int, code, detail string, more map[string]any) {
	members := map[string]any{"title": http.StatusText(status), "status": status, "code": code, "detail": detail, "message": detail}
	maps.Copy(members, more)
	b, err := json.Marshal(members)
	if err != nil {
		b = []byte(`{"code":"internal"}`)
	}
	send(w, status, "application/problem+json", slices.Concat(b, []byte("\n")))
}
