package simulator

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// PipeListener is a listener without a network: each dial makes a [net.Pipe].
// Inside a testing/synctest bubble a wait on it lets time pass, which a wait on
// a socket does not.
type PipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// NewPipeListener returns an open listener.
func NewPipeListener() *PipeListener {
	return &PipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

var _ net.Listener = (*PipeListener)(nil)

// Accept implements [net.Listener].
func (l *PipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener]. It may be called more than once.
func (l *PipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements [net.Listener].
func (l *PipeListener) Addr() net.Addr { return pipeAddr("pipe") }

// DialContext has the signature of [http.Transport.DialContext]. The server sees
// the caller at 127.0.0.1.
func (l *PipeListener) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return l.DialFrom(ctx, netip.AddrFrom4([4]byte{127, 0, 0, 1}))
}

// DialFrom connects so that the server sees the caller at the given address.
func (l *PipeListener) DialFrom(ctx context.Context, source netip.Addr) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- addressed{server, pipeAddr(netip.AddrPortFrom(source, 40000).String())}:
		return client, nil
	case <-l.closed:
	case <-ctx.Done():
	}
	// Neither end was handed out.
	_ = client.Close() // a pipe cannot fail to close
	_ = server.Close() // a pipe cannot fail to close
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return nil, net.ErrClosed
}

type pipeAddr string

func (pipeAddr) Network() string  { return "pipe" }
func (a pipeAddr) String() string { return string(a) }

// addressed gives the server's end of a pipe the address of its caller.
type addressed struct {
	net.Conn
	remote pipeAddr
}

func (a addressed) RemoteAddr() net.Addr { return a.remote }

// Transport returns a transport whose every connection leads to the listener.
func (l *PipeListener) Transport() *http.Transport {
	return &http.Transport{DialContext: l.DialContext, MaxIdleConnsPerHost: 1024, DisableCompression: true}
}
