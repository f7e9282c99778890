package cache

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
)

const (
	// backgroundUrgency lets everything else go first (RFC 9218 section 4.1).
	backgroundUrgency = 7
	// backgroundPatience is how long such a validation may take.
	backgroundPatience = 30 * time.Second
)

// validateLater validates a stale answer that was served, on nobody's behalf:
// once for all who get it meanwhile.
func (t *Transport) validateLater(r *http.Request, call *Call, f found) {
	if f.entry.heldOff(time.Now()) {
		return
	}
	// The request ends before the validation does.
	r = r.Clone(context.WithoutCancel(r.Context()))
	t.Cache.later.run(call.key, func(ctx context.Context) { t.validate(ctx, r, call, &f) })
}

func (t *Transport) validate(ctx context.Context, r *http.Request, call *Call, f *found) {
	ctx, cancel := context.WithTimeout(ctx, backgroundPatience)
	defer cancel()
	v := t.voyage(call, f, t.Cache.namesOf(call))
	resp, err := v.depart(ctx, r, Departure{Background: true, Patience: time.Now().Add(backgroundPatience), Urgency: backgroundUrgency})
	if v.detached != nil {
		defer t.Proxy.Settle(v.detached)
	}
	if err != nil {
		f.entry.failed(time.Now())
		return
	}
	defer func() { _ = resp.Body.Close() }()
	if !definite(resp.StatusCode) {
		f.entry.failed(time.Now())
		return
	}
	if v.validated || v.reason != rfc9111.Storable {
		return
	}
	limit := t.Cache.maxEntry.Load()
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil || int64(len(body)) > limit {
		f.entry.failed(time.Now())
		return
	}
	v.keep(body)
}
