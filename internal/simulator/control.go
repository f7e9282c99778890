package simulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// control serves /_sim/ as the package comment lists it.
func (s *Simulator) control(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/_sim")
	h := s.controls()[r.Method+" "+path]
	if name, isKey := strings.CutPrefix(path, "/keys/"); isKey && r.Method == http.MethodDelete {
		h = func(*http.Request) (any, error) { return s.deleteKeyByPath(name) }
	}
	if h == nil {
		known := slices.Sorted(func(yield func(string) bool) {
			for name := range s.controls() {
				if !yield(strings.Replace(name, " ", " /_sim", 1)) {
					return
				}
			}
		})
		reply(w, http.StatusNotFound, object{"error": r.Method + " " + r.URL.Path + ": no such control; known: " + strings.Join(known, ", ") + ", DELETE /_sim/keys/{name}"})
		return
	}
	v, err := h(r)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, errNoKey) {
			status = http.StatusNotFound
		}
		problem := object{"error": err.Error()}
		if k, ok := errors.AsType[*KnobError](err); ok {
			problem["knob"] = k.Path
		}
		reply(w, status, problem)
		return
	}
	reply(w, http.StatusOK, v)
}

func reply(w http.ResponseWriter, status int, v any) {
	a := jsonAnswer(status, v)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(a.body, '\n')) // the caller may leave
}

func (s *Simulator) controls() map[string]func(*http.Request) (any, error) {
	done := object{"ok": true}
	return map[string]func(*http.Request) (any, error){
		"GET /knobs":      func(*http.Request) (any, error) { return s.Knobs(), nil },
		"GET /knobs/help": func(*http.Request) (any, error) { return Describe(), nil },
		"PATCH /knobs": func(r *http.Request) (any, error) {
			patch, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
			if err == nil {
				err = s.Patch(patch)
			}
			return s.Knobs(), err
		},
		"GET /counters": func(*http.Request) (any, error) { return s.Counters(), nil },
		"GET /arrivals": func(r *http.Request) (any, error) {
			list := s.Arrivals()
			if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil && n >= 0 && n < len(list) {
				list = list[len(list)-n:]
			}
			return object{"arrivals": list}, nil
		},
		"GET /writes": func(r *http.Request) (any, error) {
			field, value := r.URL.Query().Get("field"), r.URL.Query().Get("value")
			if field == "" || value == "" {
				return nil, errors.New("field or value is missing; ask with ?field=externalId&value=abc")
			}
			return object{"field": field, "value": value, "carried_out": s.CarriedOut(field, value)}, nil
		},
		"GET /defaults": func(*http.Request) (any, error) { return Defaults(), nil },
		"POST /reset": func(r *http.Request) (any, error) {
			what := Reset{Counters: true, Data: true, Quotas: true, Knobs: true}
			if r.ContentLength != 0 {
				what = Reset{}
				if err := readStrict(r, &what); err != nil {
					return nil, err
				}
			}
			s.Reset(what)
			return done, nil
		},
		"POST /revoke": func(r *http.Request) (any, error) {
			var what Revocation
			if err := readStrict(r, &what); err != nil {
				return nil, err
			}
			if !what.JWTs && !what.RefreshTokens && !what.CustomerTokens {
				return nil, errors.New(`nothing to revoke; send {"jwts": true} or refresh_tokens or customer_tokens, for one customer with customer_id`)
			}
			return object{"revoked": s.Revoke(what)}, nil
		},
		"GET /keys": func(*http.Request) (any, error) { return object{"keys": s.Keys()}, nil },
		"POST /keys": func(r *http.Request) (any, error) {
			var key Key
			if err := readStrict(r, &key); err != nil {
				return nil, err
			}
			return done, s.AddKey(key)
		},
		"GET /password-resets": func(*http.Request) (any, error) { return s.passwordResets(), nil },
		"POST /webhooks":       s.sendWebhook,
	}
}

var errNoKey = errors.New("no such key; GET /_sim/keys lists them")

func (s *Simulator) deleteKeyByPath(name string) (any, error) {
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	if !s.DeleteKey(name) {
		return nil, errNoKey
	}
	return object{"ok": true}, nil
}

// readStrict decodes a body and refuses members that it does not know.
func readStrict(r *http.Request, into any) error {
	d := json.NewDecoder(io.LimitReader(r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errors.New("the body cannot be read (" + strings.TrimPrefix(err.Error(), "json: ") + "); send a JSON object with the documented members")
	}
	return nil
}

func (s *Simulator) passwordResets() object {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []object{}
	for token, id := range s.world.resets {
		list = append(list, object{"token": token, "customer_id": id})
	}
	return object{"resets": list}
}
