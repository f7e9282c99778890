package console

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/internal/journal"
)

// heartbeat is how often a quiet stream says that it lives: below the time
// after which a listener cuts a reader that takes nothing.
const heartbeat = 10 * time.Second

// events streams one event for each finished exchange (server-sent events, WHATWG HTML
// section 9.2): "exchange" with the JSON of a list. The stream ends when the
// process does, and for a reader that does not keep up; the event "end" says
// why.
func events(j *journal.Journal) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, _, err := journal.ParseFilter(r.URL.Query())
		if err != nil {
			fail(w, http.StatusBadRequest, "bad_request", "The filter cannot be read: "+err.Error()+".")
			return
		}
		s, err := j.Subscribe()
		if err != nil {
			fail(w, http.StatusServiceUnavailable, "unavailable", "The events cannot be followed: "+err.Error()+".")
			return
		}
		defer s.Close()
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		stream := &eventStream{w: w, control: http.NewResponseController(w)}
		if stream.comment("following") == nil {
			stream.run(r.Context(), s, f)
		}
	}
}

type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (e *eventStream) run(ctx context.Context, s *journal.Subscription, f journal.Filter) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			err = e.comment("alive")
		case summary, open := <-s.C:
			if !open {
				reason := "shutdown"
				if s.Slow() {
					reason = "slow"
				}
				_ = e.event("end", map[string]string{"reason": reason}) // it is the last word
				return
			}
			if f.Match(&summary) {
				err = e.event("exchange", NewExchange(&summary))
			}
		}
		if err != nil {
			return // the reader has left
		}
	}
}

func (e *eventStream) comment(text string) error {
	return e.write([]byte(": " + text + "\n\n"))
}

func (e *eventStream) event(name string, v any) error {
	data, err := json.Marshal(v) // one line: control characters are escaped
	if err != nil {
		return err
	}
	return e.write(append(append([]byte("event: "+name+"\ndata: "), data...), "\n\n"...))
}

func (e *eventStream) write(b []byte) error {
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	return e.control.Flush()
}
