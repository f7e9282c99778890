package telemetry

import (
	"sync/atomic"
	"time"
)

// clockText writes times. Those of lines that follow each other are mostly of one
// second, and the second is nearly all of the work: it is written once and kept. The
// zero value is ready for use, also by several goroutines.
type clockText struct{ last atomic.Pointer[secondText] }

// secondText is a second as text, in one place of the world.
type secondText struct {
	unix  int64
	place *time.Location
	text  string // up to the second
	zone  string
}

// appendNano appends t as [time.RFC3339Nano].
func (c *clockText) appendNano(b []byte, t time.Time) []byte {
	s := c.second(t)
	b = append(b, s.text...)
	if nanos := t.Nanosecond(); nanos != 0 {
		b = appendDigits(append(b, '.'), uint32(nanos), 9) //nolint:gosec // it fits
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return append(b, s.zone...)
}

// appendMilli appends t as "2006-01-02T15:04:05.000Z07:00".
func (c *clockText) appendMilli(b []byte, t time.Time) []byte {
	s := c.second(t)
	b = append(append(b, s.text...), '.')
	b = appendDigits(b, uint32(t.Nanosecond()/1e6), 3) //nolint:gosec // it fits
	return append(b, s.zone...)
}

func (c *clockText) second(t time.Time) *secondText {
	if s := c.last.Load(); s != nil && s.unix == t.Unix() && s.place == t.Location() {
		return s
	}
	s := &secondText{unix: t.Unix(), place: t.Location(), text: t.Format("2006-01-02T15:04:05"), zone: t.Format("Z07:00")}
	c.last.Store(s)
	return s
}

// appendDigits appends the last n of v's decimal digits, at most nine.
func appendDigits(b []byte, v uint32, n int) []byte {
	var digits [10]byte
	at := len(digits)
	for ; at > len(digits)-n; v /= 100 {
		at -= 2
		copy(digits[at:], pairs[v%100][:])
	}
	return append(b, digits[len(digits)-n:]...)
}

// pairs are the numbers below 100 in two digits.
var pairs = func() (all [100][2]byte) {
	for i := range all {
		all[i] = [2]byte{byte('0' + i/10), byte('0' + i%10)}
	}
	return all
}()
