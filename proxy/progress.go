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
// it as long as bytes get through: a reader that stalls is cut off at most two and a
// half times the idle time after the last byte got through, and one that is merely
// slow is not.
//
// Moving a deadline takes locks and a timer of the runtime, and net/http moves seven
// for every request: most to far in the future or to none at all, and hardly any is ever
// reached. So those of reads are noted only, and one timer, which is moved only where it
// must fire sooner, looks whether the one in force has been reached.
type progressConn struct {
	net.Conn
	idle time.Duration

	mu      sync.Mutex // guards what follows; held while a deadline is moved
	closed  bool
	reading readDeadline
	writing time.Time // asked for; zero for none
	moved   time.Time // when the deadline of writes was moved last
}

// readDeadline is what was asked for, and what it led to.
type readDeadline struct {
	asked   time.Time // zero for none
	expired bool      // the connection was told, and fails all reads
	timer   *time.Timer
	fires   time.Time // no later than asked; zero: not at all
}

// isDue reports whether a deadline has come; a zero one never does.
func isDue(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// past is a deadline that is over.
var past = time.Unix(1, 0)

// SetReadDeadline implements [net.Conn].
func (c *progressConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return net.ErrClosed // a timer would hold the connection until it fires
	}
	d := &c.reading
	d.asked = t
	if !t.IsZero() && (d.fires.IsZero() || t.Before(d.fires)) {
		left := time.Duration(0)
		if t.After(past) { // net/http sets this very one for each request
			left = time.Until(t)
		}
		if left > 0 {
			c.fireAt(t, left)
		} else {
			d.expired = true
			return c.Conn.SetReadDeadline(past)
		}
	}
	if d.expired {
		d.expired = false
		return c.Conn.SetReadDeadline(time.Time{})
	}
	return nil
}

func (c *progressConn) fireAt(t time.Time, left time.Duration) {
	d := &c.reading
	d.fires = t
	if d.timer == nil {
		d.timer = time.AfterFunc(left, c.fire)
	} else {
		d.timer.Reset(left)
	}
}

// fire is called by the timer.
func (c *progressConn) fire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := &c.reading
	d.fires = time.Time{}
	if d.asked.IsZero() || d.expired || c.closed {
		return
	}
	if left := time.Until(d.asked); left > 0 {
		c.fireAt(d.asked, left)
		return
	}
	d.expired = true
	_ = c.Conn.SetReadDeadline(past) // it fails where the connection is closed
}

// Close implements [net.Conn].
func (c *progressConn) Close() error {
	c.mu.Lock()
	c.closed = true
	if c.reading.timer != nil {
		c.reading.timer.Stop()
	}
	c.mu.Unlock()
	return c.Conn.Close()
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
