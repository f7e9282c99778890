package journal

import (
	"net/http"
	"slices"
)

// excerptBody is how much of a stored answer's body its excerpt keeps.
const excerptBody = 2 << 10

// Excerpt is what may be shown of a stored answer. It is masked once, when the
// answer is stored, and then shared by the records of all its hits. It is
// immutable.
type Excerpt struct {
	stored  []byte
	version uint64 // of the vault
	refs    int    // records of the ring that point here; guarded by the journal
}

// Stored is an answer that is about to be stored, not masked.
type Stored struct {
	Status   int
	Proto    string
	Header   http.Header
	Body     []byte // or its beginning
	Size     int64  // of the whole body
	Endpoint string // catalogue template
	Shown    bool   // the bodies of this endpoint may be written down
	// Own are the headers of the request that fetched it: an answer may repeat
	// a credential in its text.
	Own http.Header
}

// Excerpt masks an answer. A nil Journal, or one that keeps nothing, returns
// nil, which is a valid Exchange.Excerpt.
func (j *Journal) Excerpt(s Stored) *Excerpt {
	if j == nil || !j.keeps() {
		return nil
	}
	body := s.Body[:min(len(s.Body), excerptBody)]
	p := passing{
		Head:    Head{Status: s.Status, Proto: s.Proto, Header: s.Header},
		Content: Content{Bytes: body, Size: max(s.Size, int64(len(s.Body))), Cut: len(body) < len(s.Body) || int64(len(body)) < s.Size},
	}
	m := &masking{journal: j, r: j.redactor, version: j.redactor.Version(), body: excerptBody, room: maxHeadBytes + 4*excerptBody}
	if own := j.redactor.Own(s.Own, "", nil); len(own) > 0 {
		m.r, m.own = j.redactor.With(own...), true
	}
	var c capture
	m.message(&c, &p, s.Endpoint)
	p.content(&c, s.Shown, s.Status >= http.StatusBadRequest, func(of content) { m.content(&of) })
	j.calm.spend(cost(len(m.b), m.own))
	return &Excerpt{stored: slices.Clip(m.b), version: m.version}
}

func (e *Excerpt) bytes() int64 {
	if e == nil {
		return 0
	}
	return int64(cap(e.stored)) + blobBytes
}

// message takes the excerpt apart; for j, if not nil, with what became a secret
// since masked. Of no excerpt it is empty.
func (e *Excerpt) message(j *Journal) Message {
	var m Message
	if e == nil {
		return m
	}
	r := &reader{b: e.stored}
	if j != nil {
		r.scrub = j.scrub(e.version)
	}
	readMessage(r, &m)
	r.uint()
	m.Body = readHere(r)
	if m.Body.Form == FormWhole {
		m.Body.Form = FormExcerpt
	}
	return m
}
