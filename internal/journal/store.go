package journal

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/cleengate/cleengate/internal/redact"
)

// write adds the whole record of x under the given number. Without messages it
// is abridged. x.mu is held.
func (m *masking) write(x *Exchange, number uint64, messages bool) {
	m.summary(x, number)
	m.b = appendBool(m.b, messages)
	m.b = appendText(m.b, x.TraceID) // 32 hexadecimal digits
	m.b = appendText(m.b, x.Mark)
	m.text(x.err)
	m.b = appendInt(m.b, x.Sent)
	m.b = appendInt(m.b, int64(x.outcome))
	m.text(x.Explained.Next)
	m.b = appendUint(m.b, uint64(len(x.Explained.Facts)))
	for _, f := range x.Explained.Facts {
		m.text(f.Name)
		m.text(f.Value)
	}
	m.b = appendText(m.b, x.throttle.Limit)
	m.b = appendText(m.b, x.throttle.Cause)
	m.b = appendTime(m.b, x.throttle.PausedUntil)
	m.events(x.events)
	m.b = appendUint(m.b, uint64(len(x.attempts)))
	for i := range x.attempts {
		m.attempt(x, &x.attempts[i])
	}
	if messages {
		m.messages(x)
	}
}

func (m *masking) summary(x *Exchange, number uint64) {
	m.b = appendUint(m.b, number)
	m.b = appendUint(m.b, m.version)
	// What a filter looks at comes first.
	m.b = appendTime(m.b, x.Start)
	m.b = appendInt(m.b, int64(x.Status))
	m.text(x.Client)
	m.b = appendText(m.b, x.Endpoint) // of the catalogue
	m.id(x.RequestID)
	m.b = appendText(m.b, x.Upstream) // as configured
	m.method(x.Method)
	m.b = appendText(m.b, m.shown(cleanPath, x.Endpoint, x.capture.path(), maskPath))
	m.b = appendText(m.b, string(x.Source))
	m.b = appendInt(m.b, int64(x.queue))
	m.b = appendInt(m.b, int64(x.Duration))
	m.b = appendText(m.b, x.Diagnosis)
	m.text(x.Explained.Sentence)
	m.b = appendText(m.b, x.Code)
	m.b = appendInt(m.b, int64(len(x.attempts)))
}

func (m *masking) events(events []Event) {
	m.b = appendUint(m.b, uint64(len(events)))
	for i := range events {
		m.b = appendInt(m.b, int64(events[i].At))
		m.b = appendText(m.b, events[i].Kind)
		m.text(events[i].Detail)
	}
}

func (m *masking) attempt(x *Exchange, a *Attempt) {
	m.b = appendText(m.b, a.Reason)
	for _, t := range [...]time.Time{a.Start, a.Departed, a.Wrote, a.Answered} {
		m.b = appendSince(m.b, x.Start, t)
	}
	m.b = appendInt(m.b, int64(a.Status))
	m.text(a.Err)
	m.b = appendBool(m.b, a.Reused)
	m.b = appendInt(m.b, int64(a.Resent))
	m.b = appendText(m.b, a.Credential)
	m.b = appendUint(m.b, a.Generation)
	m.id(a.UpstreamID)
}

// messages adds what the app and the upstream sent and got.
func (m *masking) messages(x *Exchange) {
	c := &x.capture
	failed := x.Status >= http.StatusBadRequest || x.Diagnosis != ""
	m.message(c, &c.request, x.Endpoint)
	c.request.content(c, x.Shown, failed, func(of content) { m.content(&of) })
	m.message(c, &c.response, x.Endpoint)
	if x.Excerpt != nil {
		m.b = appendUint(m.b, bodyExcerpt)
	} else {
		// What cleengate says itself holds no more than what it says in the log.
		shown := x.Shown || x.Source == SourceSelf
		c.response.content(c, shown, failed, func(of content) { m.content(&of) })
	}
	m.b = appendUint(m.b, uint64(len(c.attempts)))
	for i := range c.attempts {
		s := &c.attempts[i]
		injected := m.hidden
		m.message(c, &s.request, x.Endpoint)
		if s.request.same {
			m.b = appendUint(m.b, bodyRequest)
		} else {
			s.request.content(c, x.Shown, failed, func(of content) { m.content(&of) })
		}
		m.hidden = injected // by us, and known to the vault
		m.message(c, &s.response, x.Endpoint)
		m.answer(x, s)
	}
}

// answer adds the body of an attempt's answer, once if it is what the app got.
func (m *masking) answer(x *Exchange, s *sides) {
	if x.passed(&s.response) {
		m.b = appendUint(m.b, bodyAnswer)
		return
	}
	failed := s.response.Status >= http.StatusBadRequest || x.Diagnosis != ""
	s.response.content(&x.capture, x.Shown, failed, func(of content) { m.content(&of) })
}

// passed reports whether the app got the body of an attempt's answer as it came.
func (x *Exchange) passed(answer *passing) bool {
	c := &x.capture
	if x.Source == SourceSelf || x.Excerpt != nil {
		return false
	}
	encoding, mediaType := answer.kind(c)
	if e, t := c.response.kind(c); e != encoding || t != mediaType {
		return false
	}
	follows, all := c.response.Tee.repeats(answer.Tee)
	if follows {
		return all
	}
	equal := false
	answer.content(c, x.Shown, false, func(of content) {
		c.response.content(c, x.Shown, false, func(got content) { equal = got.size == of.size && bytes.Equal(got.raw, of.raw) })
	})
	return equal
}

// message adds everything of a message but its body.
func (m *masking) message(c *capture, p *passing, template string) {
	m.method(p.Method)
	m.url(template, &p.Head)
	m.b = appendInt(m.b, int64(p.Status))
	m.text(p.Proto)
	m.lines(c, p)
	m.lines(c, &passing{Head: Head{Header: p.Trailer}})
}

// secrets collects what the app and the upstreams put into the messages of an
// exchange: an answer may repeat in its text what came in a header.
func (x *Exchange) secrets() []redact.Secret {
	c := &x.capture
	var out []redact.Secret
	of := func(p *passing) {
		header := p.Header
		if copied := c.copied(p); len(copied) > 0 {
			header = make(http.Header, len(copied))
			for _, f := range copied {
				header[f.name] = append(header[f.name], f.value)
			}
		}
		p.content(c, true, true, func(body content) {
			raw := body.raw
			if body.encoding != "" {
				raw, _, _ = inflate(body.encoding, raw, int(c.journal.body.Load()))
			}
			out = append(out, c.journal.redactor.Own(header, p.Query, raw)...)
		})
	}
	of(&c.request)
	of(&c.response)
	for i := range c.attempts {
		of(&c.attempts[i].response)
	}
	slices.SortFunc(out, func(a, b redact.Secret) int { return bytes.Compare(digest(a), digest(b)) })
	return slices.CompactFunc(out, redact.Secret.Equal)
}

func digest(s redact.Secret) []byte { d := s.Digest(); return d[:] }
