package cache

import (
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cleengate/cleengate/cache/rfc9111"
	"github.com/cleengate/cleengate/internal/cleeng"
	"github.com/cleengate/cleengate/internal/journal"
)

// Origin is under which secret an answer was obtained.
type Origin struct {
	Injected bool      // one of ours; else what the app sent, if anything
	Token    uint64    // ID of the injected one
	Expires  time.Time // of the injected one; zero: never, or unknown
	Mixed    bool      // parts of the answer were obtained under different ones
}

// entry is a stored answer. It is immutable but for holdOff. An entry with
// vary is no answer: it names the request fields whose values choose between
// the answers under its key.
type entry struct {
	vary []string

	terms    rfc9111.Terms
	status   int
	header   http.Header // whole
	shown    []field     // the same, ready to be copied, but for an ETag that the app did not ask for
	shadow   bool        // terms alone, of mode observe: never an answer
	elicited bool        // the ETag is there because we asked for it
	body     []byte
	reply    *cleeng.RPCReplyElement // what body holds, of a JSON-RPC call; else nil

	excerpt *journal.Excerpt // what the journal shows of it

	names    []string // of what it returns
	template string   // of its endpoint
	origin   Origin
	until    time.Time // when the credential that it was obtained with dies; zero: never

	holdOff atomic.Int64 // no validation before this Unix time in ns: the last one failed
}

// field is a prepared header field; values has no room to grow, so that an
// append cannot reach the stored list.
type field struct {
	name   string
	values []string
}

// maxHeaderBytes bounds the header of a stored answer.
const maxHeaderBytes = 64 << 10

// newEntry prepares an answer for its hits. header belongs to it from now on.
func newEntry(status int, header http.Header, body []byte, terms rfc9111.Terms, elicited bool) *entry {
	e := &entry{terms: terms, status: status, header: header, body: body, elicited: elicited}
	if len(header["Date"]) == 0 { // RFC 9110 section 6.6.1: a recipient with a clock adds it
		header["Date"] = []string{terms.Received.UTC().Format(http.TimeFormat)}
	}
	if status != http.StatusNoContent {
		header["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	e.shown = make([]field, 0, len(names))
	for _, name := range names {
		if name == "Cache-Status" || elicited && name == "Etag" {
			continue
		}
		e.shown = append(e.shown, field{name, slices.Clip(header[name])})
	}
	return e
}

// bytes is about what the entry takes in memory beyond its key.
func (e *entry) bytes() int64 {
	const fixed, perField, perValue = 480, 96, 16
	size := fixed + cap(e.body)
	for name, values := range e.header {
		size += perField + len(name)
		for _, value := range values {
			size += perValue + len(value)
		}
	}
	for _, name := range e.names {
		size += perValue + len(name)
	}
	for _, name := range e.vary {
		size += perValue + len(name)
	}
	return int64(size)
}

// heldOff reports whether the upstream failed to validate the entry just now.
func (e *entry) heldOff(now time.Time) bool { return now.UnixNano() < e.holdOff.Load() }

// holdOffAfter is how long a failed validation is not tried again: without it
// every stale hit would send another call to an upstream in trouble.
const holdOffAfter = 5 * time.Second

func (e *entry) failed(now time.Time) { e.holdOff.Store(now.Add(holdOffAfter).UnixNano()) }

// checksPeriod is the time in which every customer's access is really checked
// at least once, however long the operator lets the answers live. Periods begin
// at each quarter of an hour, and so does every hour and day of every time zone.
const checksPeriod = 15 * time.Minute

// end is when an answer may not be served any more whatever its lifetime.
func (call *Call) end(o Origin, received time.Time) time.Time {
	end := call.expiry()
	sooner := func(t time.Time) {
		if !t.IsZero() && (end.IsZero() || t.Before(end)) {
			end = t
		}
	}
	if o.Injected {
		sooner(o.Expires)
	}
	if call.policy.checks {
		sooner(received.Truncate(checksPeriod).Add(checksPeriod))
	}
	return end.Round(0)
}
