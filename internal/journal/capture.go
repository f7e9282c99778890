package journal

import (
	"net/http"
	"slices"
	"sync"
)

// Head is the beginning of a message as it passes by, not masked.
type Head struct {
	Method string
	Base   string // scheme and authority of a message that went upstream
	Path   string // raw
	Query  string // raw
	Status int
	Proto  string
	Header http.Header
}

// Content is the body of a message as it passes by, not masked: what a [Tee]
// has seen, or bytes that are in memory anyway.
type Content struct {
	Tee     *Tee
	Bytes   []byte // must not change until the exchange is released
	Size    int64  // of the whole body
	Cut     bool   // it broke off, or Bytes is its beginning only
	Trailer http.Header
}

// rawField is one line of a header that has not been masked yet.
type rawField struct{ name, value string }

// passing is one message that has not been masked yet.
type passing struct {
	Head
	Content
	from, to int  // its fields in capture.fields, where Header is nil
	omitted  int  // fields that were not copied
	same     bool // the body is that of the app's own request
}

// sides is an attempt that has not been masked yet.
type sides struct{ request, response passing }

// capture is what an exchange keeps of its messages until [Journal.Add] masks
// them. It refers to headers that live as long as the request is served, and
// copies those that layers change on the way: the header of an answer at once,
// that of an attempt's request only when [Exchange.Settle] tells that it is about
// to change, which most never do. Nothing of it outlives [Exchange.Release].
type capture struct {
	journal   *Journal // nil: nothing is kept
	loose     bool     // of an exchange that nobody releases: no shared buffers
	app       App      // nil where AppSent and AppGot are called without being asked
	sent      *Tee     // sees the app's request, if any does
	got       *Tee     // sees what the app gets, if any does
	*messages          // nil as long as there is nothing to keep
	attempts  []sides
}

// App is whoever knows what the app sent and got.
type App interface {
	// Describe calls [Exchange.AppSent] and [Exchange.AppGot].
	Describe(x *Exchange)
}

// messages are those of the app, and those of the first attempt: most exchanges
// need no more.
type messages struct {
	request  passing
	response passing
	first    [1]sides
	fields   []rawField // the copied headers of all attempts, one behind the other
}

// messageLists are used again, so that records of exchanges are small.
var messageLists = sync.Pool{New: func() any { return new(messages) }}

// maxKeptFields is the capacity up to which a list of fields is used again.
const maxKeptFields = 1024

// Open makes the journal keep the messages of x. Those of the app are asked for when
// it is over, and only where they are kept: of a busy proxy's successes most are not.
// A nil app is asked nothing. Call it before x is shared.
func (j *Journal) Open(x *Exchange, app App) {
	if j != nil && j.keeps() {
		x.capture.journal, x.capture.app = j, app
	}
}

// open makes room for messages.
func (c *capture) open() {
	if c.messages != nil {
		return
	}
	if !c.loose {
		c.messages, _ = messageLists.Get().(*messages)
	} else {
		c.messages = new(messages)
	}
	c.attempts = c.first[:0]
}

// Captures reports whether the messages of x are kept, so that nothing is put
// together for nobody.
func (x *Exchange) Captures() bool { return x.capture.journal != nil }

// Lend lets another record, of a call made on this one's behalf, keep its
// messages too. It is meant for records that end with [Exchange.Adopt] or not
// at all.
func (x *Exchange) Lend(other *Exchange) {
	if j := x.capture.journal; j != nil {
		other.capture.journal, other.capture.loose = j, true
	}
}

// AppSent tells what the app sent. Its header must not change any more.
func (x *Exchange) AppSent(h Head, c Content) {
	x.Path = h.Path
	if x.capture.journal != nil {
		x.capture.open()
		x.capture.request.Head, x.capture.request.Content = h, c
	}
}

// AppGot tells what the app got. Its header must not change any more.
func (x *Exchange) AppGot(h Head, c Content) {
	if x.capture.journal != nil {
		x.capture.open()
		x.capture.response.Head, x.capture.response.Content = h, c
	}
}

// Sending tells what attempt i, as [Exchange.Attempt] counts, sends upstream. The
// header must not change before [Exchange.Settle] is called, except after the
// exchange was released; where other goroutines may serve on, it is copied at
// once. A nil body is that of the app's own request.
func (x *Exchange) Sending(i int, h Head, body []byte) {
	if x.capture.journal == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	merged := i < len(x.capture.attempts)
	s := x.capture.side(i)
	if merged {
		s.response.Tee.close()
		*s = sides{}
	}
	s.request.Head = h
	s.request.Bytes, s.request.Size, s.request.same = body, int64(len(body)), body == nil
	if x.capture.loose {
		x.capture.copyHeader(&s.request)
	}
}

// Settle copies what is still referred to of the headers that attempts sent.
// Call it before a header changes that [Exchange.Sending] was told of.
func (x *Exchange) Settle() {
	if x.capture.journal == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.capture.settle()
}

// Answered tells what attempt i got; tee sees the body. The header is copied.
func (x *Exchange) Answered(i int, h Head, tee *Tee) {
	if x.capture.journal == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.capture.side(i)
	s.request.Proto = h.Proto // which one it is shows only now
	s.response.Head, s.response.Tee = h, tee
	x.capture.copyHeader(&s.response)
}

// Tee prepares t to see the body that an attempt got, or any other of this exchange;
// without a journal it stays inert.
func (x *Exchange) Tee(t *Tee) {
	if j := x.capture.journal; j != nil {
		t.open(j, x.capture.loose)
	}
}

// TeeRequest is Tee for the body that the app sends.
func (x *Exchange) TeeRequest(t *Tee) {
	x.Tee(t)
	x.capture.sent = t
}

// TeeAnswer is Tee for the body that the app gets, once the attempts are over:
// where that is the one that the last of them got, it is kept once.
func (x *Exchange) TeeAnswer(t *Tee) {
	x.Tee(t)
	if x.capture.journal == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.capture.got = t
	if n := len(x.capture.attempts); n > 0 {
		t.follow(x.capture.attempts[n-1].response.Tee)
	}
}

// Release lets go of everything that was not masked. It must be called when
// the record is finished and [Journal.Add] has seen it; the record stays.
func (x *Exchange) Release() {
	c := &x.capture
	if c.journal == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	c.sent.close()
	c.got.close()
	for i := range c.attempts {
		c.attempts[i].response.Tee.close()
	}
	c.give()
	*c = capture{}
}

// give ends the use of the messages.
func (c *capture) give() {
	if c.messages == nil {
		return
	}
	clear(c.fields)
	fields := c.fields[:0]
	if cap(fields) > maxKeptFields {
		fields = nil
	}
	*c.messages = messages{fields: fields}
	messageLists.Put(c.messages)
	c.messages = nil
}

// side returns the capture of attempt i.
func (c *capture) side(i int) *sides {
	c.open()
	for len(c.attempts) <= i {
		c.attempts = append(c.attempts, sides{})
	}
	return &c.attempts[i]
}

func (c *capture) settle() {
	for i := range c.attempts {
		if p := &c.attempts[i].request; p.Header != nil {
			c.copyHeader(p)
		}
	}
}

// copyHeader replaces a header by a copy of its lines.
func (c *capture) copyHeader(p *passing) {
	p.from = len(c.fields)
	c.fields, p.omitted = appendLines(c.fields, p.Header)
	p.to, p.Header = len(c.fields), nil
}

// copied are the lines of a header that was replaced by a copy.
func (c *capture) copied(p *passing) []rawField {
	if p.from == p.to {
		return nil
	}
	return c.fields[p.from:p.to]
}

// clone copies the attempts with a list of fields of their own. The lock of
// their exchange is held.
func (c *capture) clone() ([]sides, []rawField) {
	if c.messages == nil {
		return nil, nil
	}
	c.settle()
	return slices.Clone(c.attempts), slices.Clone(c.fields)
}

// adopt adds attempts that were cloned from another capture, the first of them
// as attempt at.
func (c *capture) adopt(attempts []sides, fields []rawField, at int) {
	if c.journal == nil || len(attempts) == 0 {
		return
	}
	c.open()
	for i := range attempts[:min(len(attempts), maxAttempts-at)] {
		s := attempts[i]
		for _, p := range []*passing{&s.request, &s.response} {
			from := len(c.fields)
			c.fields = append(c.fields, fields[p.from:p.to]...)
			p.from, p.to = from, len(c.fields)
		}
		*c.side(at + i) = s
	}
}
