package journal

import (
	"encoding/binary"
	"time"
)

// A record is stored as one run of bytes, not as a tree of objects: it takes
// exactly the bytes that it is charged, the garbage collector never looks into
// it, and nothing in it shares memory with the header lines of the request it
// came from. Numbers are varints, texts have their length before them. The
// form is not kept anywhere but in memory, so it has no version.

func appendUint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }
func appendInt(b []byte, v int64) []byte   { return binary.AppendVarint(b, v) }

func appendText[T ~string | []byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 1)
	}
	return append(b, 0)
}

// appendTime keeps nanoseconds; the zero time is 0.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return appendInt(b, 0)
	}
	return appendInt(b, t.UnixNano())
}

// appendSince keeps a time as what lies between start and it, which takes less
// room than the time itself; the zero time is 0.
func appendSince(b []byte, start, t time.Time) []byte {
	if t.IsZero() {
		return appendInt(b, 0)
	}
	d := t.Sub(start)
	if d >= 0 {
		d++
	}
	return appendInt(b, int64(d))
}

// reader takes apart what the functions above put together. It trusts it: both
// are in this package, and nothing comes from outside.
type reader struct {
	b     []byte
	scrub func(string) string // of texts, where they were masked before some secret was known; nil leaves them
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.b = r.b[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.b)
	r.b = r.b[n:]
	return v
}

// bytes returns a text without copying it.
func (r *reader) bytes() []byte {
	n := r.uint()
	v := r.b[:n:n]
	r.b = r.b[n:]
	return v
}

func (r *reader) number() int             { return int(r.int()) }
func (r *reader) duration() time.Duration { return time.Duration(r.int()) }

func (r *reader) text() string {
	s := string(r.bytes())
	if r.scrub != nil {
		return r.scrub(s)
	}
	return s
}

func (r *reader) bool() bool {
	v := r.b[0] != 0
	r.b = r.b[1:]
	return v
}

func (r *reader) time() time.Time {
	if n := r.int(); n != 0 {
		return time.Unix(0, n).UTC()
	}
	return time.Time{}
}

func (r *reader) since(start time.Time) time.Time {
	d := r.duration()
	switch {
	case d == 0:
		return time.Time{}
	case d > 0:
		d--
	}
	return start.Add(d)
}
