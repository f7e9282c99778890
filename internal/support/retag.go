package support

import (
	"slices"

	"github.com/cleengate/cleengate/internal/journal"
	"github.com/cleengate/cleengate/internal/redact"
)

// retag copies a record with the masks in it replaced by those of m. Equal
// values keep equal masks, and no two exports can be related.
func retag(rec *journal.Record, m *redact.Masker) *journal.Record {
	out := *rec
	for _, text := range []*string{
		&out.RequestID, &out.Client, &out.Path, &out.Sentence, &out.Mark, &out.Error, &out.TraceID, &out.Explanation.Sentence, &out.Explanation.Next,
	} {
		*text = m.Retag(*text)
	}
	out.Explanation.Facts = slices.Clone(rec.Explanation.Facts)
	for i := range out.Explanation.Facts {
		f := &out.Explanation.Facts[i]
		f.Value = m.Retag(f.Value)
	}
	out.Request, out.Response = retagMessage(&rec.Request, m), retagMessage(&rec.Response, m)
	out.Events = slices.Clone(rec.Events)
	for i := range out.Events {
		out.Events[i].Detail = m.Retag(out.Events[i].Detail)
	}
	out.Attempts = slices.Clone(rec.Attempts)
	for i := range out.Attempts {
		a := &out.Attempts[i]
		a.Err, a.UpstreamID = m.Retag(a.Err), m.Retag(a.UpstreamID)
		a.Request, a.Response = retagMessage(&a.Request, m), retagMessage(&a.Response, m)
	}
	return &out
}

func retagMessage(msg *journal.Message, m *redact.Masker) journal.Message {
	out := *msg
	out.URL = m.Retag(out.URL)
	out.Header, out.Trailer = retagFields(out.Header, m), retagFields(out.Trailer, m)
	if len(out.Body.Bytes) > 0 {
		out.Body.Bytes = []byte(m.Retag(string(out.Body.Bytes)))
	}
	return out
}

func retagFields(list []journal.Field, m *redact.Masker) []journal.Field {
	list = slices.Clone(list)
	for i := range list {
		list[i].Value = m.Retag(list[i].Value)
	}
	return list
}
