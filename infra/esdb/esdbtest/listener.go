package esdbtest

import (
	"context"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/peer"
)

// listener knows its connections, so that they can be cut without a word.
type listener struct {
	net.Listener
	mu   sync.Mutex
	open map[string]net.Conn // by the address of the other end
}

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[c.RemoteAddr().String()] = c
	return &conn{Conn: c, listener: l}, nil
}

type conn struct {
	net.Conn
	listener *listener
}

func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c.RemoteAddr().String())
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// cutAll cuts every connection.
func (l *listener) cutAll() {
	l.mu.Lock()
	open := slices.Collect(maps.Values(l.open))
	l.mu.Unlock()
	var wg sync.WaitGroup
	for _, c := range open {
		wg.Go(func() { hangUp(c) })
	}
	wg.Wait()
}

// cut cuts the connection a call came on.
func (s *Server) cut(ctx context.Context) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return
	}
	s.mu.Lock()
	l := s.listener
	s.mu.Unlock()
	l.mu.Lock()
	c := l.open[p.Addr.String()]
	l.mu.Unlock()
	if c != nil {
		hangUp(c)
	}
}

// hangUp ends a connection so that the other side reads its end, and not that
// it was reset, as it may when something it sent was not read any more.
func hangUp(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok && tcp.CloseWrite() == nil && c.SetReadDeadline(time.Now().Add(100*time.Millisecond)) == nil {
		_, _ = io.Copy(io.Discard, c) // to the other side's end, or not
	}
	_ = c.Close() // of a connection that is already gone there is nothing to say
}
