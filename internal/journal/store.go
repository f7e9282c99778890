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
	b := m.summary(m.b, x, number)
	b = appendBool(b, messages)
	b = appendText(b, x.TraceID) // 32 hexadecimal digits
	b = appendText(b, x.Mark)
	b = appendText(b, m.plain(x.err))
	b = appendInt(b, x.Sent)
	b = appendInt(b, int64(x.outcome))
	why := x.explanation()
	b = appendText(b, m.plain(why.Next))
	b = appendUint(b, uint64(len(why.Facts)))
	for _, f := range why.Facts {
		b = appendText(b, m.plain(f.Name))
		b = appendText(b, m.plain(f.Value))
	}
	b = appendBool(b, x.throttle != nil)
	if t := x.throttle; t != nil {
		b = appendTime(appendText(appendText(b, t.Limit), t.Cause), t.PausedUntil)
	}
	b = appendUint(b, uint64(len(x.events)))
	for i := range x.events {
		b = appendInt(b, int64(x.events[i].At))
		b = appendText(b, x.events[i].Kind)
		b = appendText(b, m.plain(x.events[i].Detail))
	}
	b = appendUint(b, uint64(len(x.attempts)))
	for i := range x.attempts {
		b = m.attempt(b, x.Start, &x.attempts[i])
	}
	m.b = b
	if messages {
		m.messages(x)
	}
}

// summary and attempt append to b, as it costs less than to go by m.b for every
// part, and each exchange has them.
func (m *masking) summary(b []byte, x *Exchange, number uint64) []byte {
	b = appendUint(b, number)
	b = appendUint(b, m.version)
	// What a filter looks at comes first.
	b = appendTime(b, x.Start)
	b = appendInt(b, int64(x.Status))
	b = appendText(b, m.plain(x.Client))
	b = appendText(b, x.Endpoint) // of the catalogue
	b = appendText(b, m.id(x.RequestID))
	b = appendText(b, x.Upstream) // as configured
	b = appendText(b, m.method(x.Method))
	b = appendText(b, m.shown(cleanPath, x.Endpoint, x.Path, maskPath))
	b = appendText(b, x.Source)
	b = appendInt(b, int64(x.queue))
	b = appendInt(b, int64(x.Duration))
	b = appendText(b, x.Diagnosis)
	b = appendText(b, m.plain(x.Sentence()))
	b = appendText(b, x.Code)
	return appendInt(b, int64(len(x.attempts)))
}

func (m *masking) attempt(b []byte, arrival time.Time, a *Attempt) []byte {
	b = appendText(b, a.Reason)
	b = appendSince(b, arrival, a.Start)
	b = appendSince(b, arrival, a.Departed)
	b = appendSince(b, arrival, a.Wrote)
	b = appendSince(b, arrival, a.Answered)
	b = appendInt(b, int64(a.Status))
	b = appendText(b, m.plain(a.Err))
	b = appendBool(b, a.Reused)
	b = appendInt(b, int64(a.Resent))
	b = appendText(b, a.Credential)
	b = appendUint(b, a.Generation)
	return appendText(b, m.id(a.UpstreamID))
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
	m.b = appendText(m.b, m.method(p.Method))
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
