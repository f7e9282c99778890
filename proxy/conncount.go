package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"sync/atomic"
)

// countedConn counts what was written to an upstream connection, to tell a
// call that left from one whose connection broke before its first byte.
type countedConn struct {
	net.Conn
	wrote atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.wrote.Add(int64(n))
	return n, err
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func counted(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &countedConn{Conn: c}, nil
	}
}

// counterOf finds the counter of an HTTP/1.1 connection. An HTTP/2 connection
// carries other calls too, so its count says nothing about one: nil.
func counterOf(c net.Conn) *countedConn {
	if t, ok := c.(*tls.Conn); ok {
		if t.ConnectionState().NegotiatedProtocol == "h2" {
			return nil
		}
		c = t.NetConn()
	}
	counter, _ := c.(*countedConn)
	return counter
}
