package proxy

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// progressListener makes every connection a [progressConn].
type progressListener struct {
	net.Listener
	idle time.Duration
}

func (l *progressListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &progressConn{Conn: c, idle: l.idle}, nil
}

// progressConn is an app's connection. It gives every write a deadline and extends
// it as long as bytes get through: a reader that stalls is cut off after one to one
// and a quarter times the idle time, and one that is merely slow is not.
//
// It moves the deadlines of the connection itself as seldom as it can, since each
// move costs as much as a small system call. net/http sets six for every request,
// nearly all of them far in the future or none at all. Those are noted only: the
// connection's own deadline is never later than what is asked for, and where it
// turns out to be earlier, it is moved then.
type progressConn struct {
	net.Conn
	idle time.Duration

	mu      sync.Mutex // guards what follows; held while a deadline is moved
	reading readDeadline
	writing time.Time // asked for; zero for none
	moved   time.Time // when the deadline of writes was moved last
}

// readDeadline is what was asked for, and what it led to.
type readDeadline struct {
	asked time.Time // zero for none
	set   time.Time // on the connection; zero for none, else never after asked
	past  bool      // set was past already when it was set: it ends what is waiting
}

// readAhead is how far in the future a deadline is set where a later one, or none,
// is asked for. It is no longer than the shortest that is asked for each request,
// so that this needs no move.
const readAhead = headerTimeout

// isDue reports whether a deadline has come; a zero one never does.
func isDue(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// SetReadDeadline implements [net.Conn].
func (c *progressConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := &c.reading
	d.asked = t
	sooner := !t.IsZero() && (d.set.IsZero() || t.Before(d.set))
	if !sooner && !d.past {
		return nil
	}
	now := time.Now()
	if d.past && !isDue(t, now) {
		if ahead := now.Add(readAhead); t.IsZero() || ahead.Before(t) {
			t = ahead
		}
	}
	return c.setRead(t, now)
}

func (c *progressConn) setRead(t, now time.Time) error {
	c.reading.set, c.reading.past = t, isDue(t, now)
	return c.Conn.SetReadDeadline(t)
}

// Read implements [net.Conn].
func (c *progressConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err == nil || n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) || !c.readOn() {
			return n, err
		}
	}
}

// readOn moves a deadline that came before the one that was asked for, and reports
// whether it was so.
func (c *progressConn) readOn() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	return !isDue(c.reading.asked, now) && c.setRead(c.reading.asked, now) == nil
}

// SetWriteDeadline implements [net.Conn]. None means that progress alone decides.
func (c *progressConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.IsZero() && c.writing.IsZero() {
		return nil
	}
	c.writing = t
	return c.setWrite(time.Now())
}

// setWrite gives a write the idle time from now on, and less where less is asked
// for.
func (c *progressConn) setWrite(now time.Time) error {
	t := now.Add(c.idle + c.idle/4)
	if asked := c.writing; !asked.IsZero() && asked.Before(t) {
		t = asked
	}
	c.moved = now
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements [net.Conn].
func (c *progressConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// Write implements [net.Conn]. The deadline is moved at most four times within the
// idle time.
func (c *progressConn) Write(p []byte) (int, error) {
	written := 0
	for {
		if err := c.writeOn(written > 0); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(p[written:])
		written += n
		if err == nil || n == 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}

// writeOn sees to it that a write has about the idle time; with again, bytes got
// through before the deadline came.
func (c *progressConn) writeOn(again bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	if isDue(c.writing, now) {
		if again {
			return os.ErrDeadlineExceeded
		}
		return nil // the connection says so itself
	}
	if again || now.Sub(c.moved) > c.idle/4 {
		return c.setWrite(now)
	}
	return nil
}
