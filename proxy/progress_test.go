package proxy

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A connection whose deadlines are moved late must behave like one whose deadlines
// are moved at once: two pipes are driven alike, and what their reads return, and
// when, is compared.
func TestReadsEndWhenTheyWereAskedTo(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) {
			var logs [2][]string
			for i := range logs {
				near, far := net.Pipe()
				conn := near
				if i == 1 {
					conn = &progressConn{Conn: near, idle: time.Minute}
				}
				logs[i] = drive(conn, far, rand.New(rand.NewPCG(seed, 1)))
			}
			if !slices.Equal(logs[0], logs[1]) {
				t.Fatalf("seed %d: reads\n%q, of a bare connection\n%q", seed, logs[1], logs[0])
			}
		})
	}
}

// drive sets random deadlines and sends random bytes at random times, and returns
// what a reader saw.
func drive(conn, far net.Conn, random *rand.Rand) (seen []string) {
	began := time.Now()
	reads, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for range reads {
			n, err := conn.Read(make([]byte, 1))
			seen = append(seen, fmt.Sprint(time.Since(began), n, errors.Is(err, os.ErrDeadlineExceeded)))
		}
	}()
	waits := func() time.Duration { return time.Duration(random.IntN(30_000)) * time.Millisecond }
	for range 40 {
		synctest.Wait() // the reader is where it waits
		switch random.IntN(6) {
		case 0:
			_ = conn.SetReadDeadline(time.Time{})
		case 1:
			_ = conn.SetReadDeadline(time.Unix(1, 0))
		case 2, 3:
			_ = conn.SetReadDeadline(time.Now().Add(waits() + 50*time.Microsecond)) // at no time when anything else happens
		case 4:
			_ = far.SetWriteDeadline(time.Now().Add(time.Millisecond))
			_, _ = far.Write([]byte("x"))
		case 5:
			select {
			case reads <- struct{}{}:
			default:
			}
		}
		time.Sleep(waits() / 10)
	}
	close(reads)
	_ = far.Close()
	<-ended
	_ = conn.Close()
	return seen
}

// net/http clears the deadline of writes after each request. A reader that stalls
// in a later one must be cut off all the same.
func TestStalledReaderIsCutOffInALaterAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		conn := &progressConn{Conn: near, idle: time.Minute}
		go func() { _, _ = io.ReadFull(far, make([]byte, 5)) }()
		if _, err := conn.Write([]byte("first")); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetWriteDeadline(time.Time{})
		time.Sleep(time.Second)
		began := time.Now()
		_, err := conn.Write([]byte("second"))
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < time.Minute || took > 75*time.Second {
			t.Errorf("the write ended after %v with %v", took, err)
		}
	})
}

// A slow reader is not cut off, however long the whole takes; a deadline that is
// asked for is kept.
func TestWritesGoOnWhileBytesGetThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		conn := &progressConn{Conn: near, idle: time.Minute}
		var reader sync.WaitGroup
		reader.Go(func() {
			for {
				time.Sleep(50 * time.Second)
				if _, err := far.Read(make([]byte, 1)); err != nil {
					return
				}
			}
		})
		if n, err := conn.Write(make([]byte, 20)); n != 20 || err != nil {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		began := time.Now()
		_ = conn.SetWriteDeadline(began.Add(5 * time.Minute))
		if n, err := conn.Write(make([]byte, 20)); n == 20 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 5*time.Minute {
			t.Errorf("wrote %d bytes within %v, %v", n, time.Since(began), err)
		}
		_ = conn.SetWriteDeadline(time.Time{})
		if n, err := conn.Write(make([]byte, 2)); n != 2 || err != nil {
			t.Errorf("with the deadline taken back it wrote %d bytes, %v", n, err)
		}
		_ = conn.Close()
		reader.Wait()
	})
}

// A closed connection is held by no timer.
func TestClosedConnectionsTakeNoDeadline(t *testing.T) {
	near, far := net.Pipe()
	defer func() { _ = far.Close() }()
	conn := &progressConn{Conn: near, idle: time.Minute}
	_ = conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(time.Hour)); !errors.Is(err, net.ErrClosed) || conn.reading.timer != nil {
		t.Errorf("%v, timer %v", err, conn.reading.timer)
	}
}

// countedDeadlines counts the moves of its deadlines.
type countedDeadlines struct {
	net.Conn
	reads, writes atomic.Int64
}

func (c *countedDeadlines) SetReadDeadline(t time.Time) error {
	c.reads.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c *countedDeadlines) SetWriteDeadline(t time.Time) error {
	c.writes.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

// oneConn is a listener that has one connection.
type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l oneConn) Close() error   { return nil }
func (l oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// Of the seven deadlines that net/http sets for each request, two are moved: the one
// that ends its watch for a client that leaves, and the one after it.
func TestDeadlinesAreMovedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		counted := &countedDeadlines{Conn: near}
		l := oneConn{make(chan net.Conn, 1), make(chan struct{})}
		l.conn <- &progressConn{Conn: counted, idle: time.Minute}
		server := NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { synctest.Wait() }), 1<<16, nil)
		served := make(chan error, 1)
		go func() { served <- server.Serve(l) }()
		const requests = 10
		answer := make([]byte, 4096)
		for range requests {
			_, _ = io.WriteString(far, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
			if n, err := far.Read(answer); err != nil || n == 0 {
				t.Fatal(n, err)
			}
			synctest.Wait()
		}
		if reads, writes := counted.reads.Load(), counted.writes.Load(); reads > 2*requests+1 || writes > 1 {
			t.Errorf("%d moves of read deadlines and %d of write deadlines in %d requests", reads, writes, requests)
		}
		_ = far.Close()
		close(l.closed)
		<-served
	})
}
