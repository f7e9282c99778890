// Package memnet is a network inside the process, for tests in a
// testing/synctest bubble: unlike sockets, its blocked reads and writes let the
// bubble's clock go on.
package memnet

import (
	"context"
	"net"
	"sync"
)

// Network connects dialers with the listeners of one test. Make it with
// [New]; it is safe for concurrent use.
type Network struct {
	mu        sync.Mutex // guards listeners
	listeners map[string]*Listener
}

// New returns an empty network.
func New() *Network { return &Network{listeners: make(map[string]*Listener)} }

// Listen opens a listener at the address host:port. An address in use is
// taken over.
func (n *Network) Listen(address string) *Listener {
	l := &Listener{network: n, address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
	n.mu.Lock()
	n.listeners[address] = l
	n.mu.Unlock()
	return l
}

// DialContext connects to a listener; without one the connection is refused.
func (n *Network) DialContext(ctx context.Context, _, address string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[address]
	n.mu.Unlock()
	refused := &net.OpError{Op: "dial", Net: "mem", Addr: addr(address), Err: errRefused}
	if l == nil {
		return nil, refused
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- &conn{Conn: theirs, local: addr(address), remote: addr("127.0.0.1:50000")}:
		return &conn{Conn: ours, local: addr("127.0.0.1:50000"), remote: addr(address)}, nil
	case <-l.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Listener implements net.Listener.
type Listener struct {
	network *Network
	address string
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

// Accept waits for the next connection; after Close it returns net.ErrClosed.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close may be called more than once.
func (l *Listener) Close() error {
	l.once.Do(func() {
		close(l.closed)
		l.network.mu.Lock()
		defer l.network.mu.Unlock()
		if l.network.listeners[l.address] == l {
			delete(l.network.listeners, l.address)
		}
	})
	return nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return addr(l.address) }

type conn struct {
	net.Conn
	local, remote addr
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

type addr string

func (addr) Network() string  { return "mem" }
func (a addr) String() string { return string(a) }

type refusedError struct{}

func (refusedError) Error() string { return "connection refused" }

var errRefused = refusedError{}
