package difyapi

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
)

// network is one in memory, so that time inside a synctest bubble stands still while a call is under way. It is the listener of
// its only server.
type network struct {
	arriving chan net.Conn
	closed   chan struct{}

	mu         sync.Mutex
	conns      []*netConn
	open, most int
}

func newNetwork() *network {
	return &network{arriving: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	n.mu.Lock()
	n.open++
	n.most = max(n.most, n.open)
	conn := &netConn{Conn: near, network: n}
	n.conns = append(n.conns, conn)
	n.mu.Unlock()
	select {
	case n.arriving <- far:
		return conn, nil
	case <-ctx.Done():
		_ = conn.Close()
		return nil, ctx.Err()
	}
}

// cut loses what is sent on the connections that there are, without a word.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, conn := range n.conns {
		conn.mu.Lock()
		conn.dead = true
		conn.mu.Unlock()
	}
}

func (n *network) counts() (open, most int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.open, n.most
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case conn := <-n.arriving:
		return conn, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	close(n.closed)
	return nil
}

func (n *network) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }

// netConn is the client's end of a connection.
type netConn struct {
	net.Conn
	network *network
	mu      sync.Mutex
	dead    bool
	once    sync.Once
}

func (c *netConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	dead := c.dead
	c.mu.Unlock()
	if dead {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

func (c *netConn) Close() error {
	c.once.Do(func() {
		c.network.mu.Lock()
		defer c.network.mu.Unlock()
		c.network.open--
	})
	return c.Conn.Close()
}

// serve lets the handler answer until the test ends.
func (n *network) serve(t *testing.T, listener net.Listener, handler http.Handler) {
	t.Helper()
	server := &http.Server{Handler: handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
}

// pool makes a pool whose connections are of the network.
func (n *network) pool(t *testing.T) *Pool {
	t.Helper()
	p := NewPool()
	p.transport.DialContext = dialWithin(n.dial)
	t.Cleanup(p.transport.CloseIdleConnections)
	return p
}

func poolClient(t *testing.T, p *Pool, o Options) *Client {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = "http://dify.test/v1"
	}
	if o.APIKey == "" {
		o.APIKey = "app-not-a-real-key"
	}
	c, err := p.Client(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
