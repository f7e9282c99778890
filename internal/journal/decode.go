package journal

import "time"

// scrub masks what became a secret after a text was masked under this version
// of the vault; nil where none did.
func (j *Journal) scrub(version uint64) func(string) string {
	if version == j.redactor.Version() {
		return nil
	}
	return j.redactor.String
}

// version is that of the vault when a record was masked.
func version(stored []byte) uint64 {
	r := reader{b: stored}
	r.uint() // its number
	return r.uint()
}

// decode takes a stored record apart as it was masked. excerpt stands for its
// answer, nil for none. The result shares no memory with stored.
func decode(stored []byte, excerpt *Excerpt) *Record {
	return decodeWith(&reader{b: stored}, excerpt.message(nil))
}

// decodeNow is decode with what became a secret since masked.
func (j *Journal) decodeNow(stored []byte, excerpt *Excerpt) *Record {
	return decodeWith(&reader{b: stored, scrub: j.scrub(version(stored))}, excerpt.message(j))
}

func decodeWith(r *reader, excerpt Message) *Record {
	rec := &Record{}
	readSummary(r, &rec.Summary)
	whole := r.bool()
	rec.Abridged = !whole
	rec.TraceID, rec.Mark, rec.Error = r.text(), r.text(), r.text()
	rec.Sent, rec.LateStatus = r.int(), r.number()
	rec.Explanation = Explanation{Sentence: rec.Sentence, Next: r.text()}
	for range r.uint() {
		rec.Explanation.Facts = append(rec.Explanation.Facts, Fact{Name: r.text(), Value: r.text()})
	}
	if r.bool() {
		rec.Throttle = Throttle{Limit: r.text(), Cause: r.text(), PausedUntil: r.time()}
	}
	for range r.uint() {
		rec.Events = append(rec.Events, Event{At: r.duration(), Kind: r.text(), Detail: r.text()})
	}
	rec.Attempts = make([]AttemptRecord, r.uint())
	for i := range rec.Attempts {
		a := &rec.Attempts[i].Attempt
		readAttempt(r, a, rec.Time)
		if !a.Answered.IsZero() {
			rec.UpstreamTime += a.Answered.Sub(a.Start)
		}
	}
	if whole {
		rec.readMessages(r, excerpt.Body)
	} else {
		rec.Response = excerpt
	}
	return rec
}

func readSummary(r *reader, s *Summary) {
	r.uint() // its number
	r.uint() // the version of the vault
	s.Time, s.Status = r.time(), r.number()
	s.Client, s.Endpoint, s.RequestID = r.text(), r.text(), r.text()
	s.Upstream, s.Method, s.Path = r.text(), r.text(), r.text()
	s.Source = Source(r.bytes())
	s.Queue, s.Duration = r.duration(), r.duration()
	s.Diagnosis, s.Sentence, s.Code = r.text(), r.text(), r.text()
	s.Attempts = r.number()
}

func readAttempt(r *reader, a *Attempt, arrival time.Time) {
	a.Reason = r.text()
	a.Start, a.Departed, a.Wrote, a.Answered = r.since(arrival), r.since(arrival), r.since(arrival), r.since(arrival)
	a.Status, a.Err, a.Reused, a.Resent = r.number(), r.text(), r.bool(), r.number()
	a.Credential, a.Generation, a.UpstreamID = r.text(), r.uint(), r.text()
}

func (rec *Record) readMessages(r *reader, excerpt Body) {
	readMessage(r, &rec.Request)
	rec.readBody(r, &rec.Request, excerpt)
	readMessage(r, &rec.Response)
	rec.readBody(r, &rec.Response, excerpt)
	for i := range r.uint() {
		var spare AttemptRecord
		a := &spare
		if i < uint64(len(rec.Attempts)) {
			a = &rec.Attempts[i]
		}
		readMessage(r, &a.Request)
		rec.readBody(r, &a.Request, excerpt)
		readMessage(r, &a.Response)
		rec.readBody(r, &a.Response, excerpt)
	}
}

func readMessage(r *reader, m *Message) {
	m.Method, m.URL, m.Status, m.Proto = r.text(), r.text(), r.number(), r.text()
	m.Header, m.Omitted = readLines(r)
	var omitted int
	m.Trailer, omitted = readLines(r)
	m.Omitted += omitted
}

func readLines(r *reader) (lines []Field, omitted int) {
	for r.bool() {
		lines = append(lines, Field{Name: r.text(), Value: r.text()})
	}
	sortFields(lines)
	return lines, r.number()
}

func (rec *Record) readBody(r *reader, m *Message, excerpt Body) {
	switch r.uint() {
	case bodyRequest:
		m.Body = rec.Request.Body
	case bodyAnswer:
		m.Body = rec.Response.Body
	case bodyExcerpt:
		m.Body = excerpt
	default:
		m.Body = readHere(r)
	}
}

func readHere(r *reader) Body {
	b := Body{Form: Form(r.bytes()), Size: r.int(), Cut: r.bool(), Encoding: r.text(), MediaType: r.text()}
	if text := r.text(); text != "" {
		b.Bytes = []byte(text)
	}
	return b
}

// matches is [Filter.Match] on a stored record, without taking it apart.
func (f *Filter) matches(stored []byte) bool {
	r := reader{b: stored}
	r.uint()
	r.uint()
	s := Summary{Time: r.time(), Status: r.number()}
	client, endpoint := r.bytes(), r.bytes()
	if f.Client != "" && string(client) != f.Client || f.Endpoint != "" && string(endpoint) != f.Endpoint {
		return false
	}
	s.Client, s.Endpoint = f.Client, f.Endpoint
	return f.Match(&s)
}

// isOf reports whether a stored record has this request id.
func isOf(stored []byte, requestID string) bool {
	r := reader{b: stored}
	r.uint()
	r.uint()
	r.int()
	r.int()
	r.bytes()
	r.bytes()
	return string(r.bytes()) == requestID
}
