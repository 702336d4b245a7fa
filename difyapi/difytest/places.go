package difytest

import (
	"net"
	"sync"
)

// Places is a listener that bears few connections, as the one worker of Dify's
// image does since 1.14.2, which has ten places. A connection takes a place
// until it is closed, whether it is used or idle. Further ones are accepted, and
// nothing that they say is heard until a place is free.
type Places struct {
	net.Listener
	free chan struct{}

	mu         sync.Mutex
	open, most int
}

// NewPlaces lets so many of the listener's connections be served at a time.
func NewPlaces(listener net.Listener, places int) *Places {
	p := &Places{Listener: listener, free: make(chan struct{}, places)}
	for range places {
		p.free <- struct{}{}
	}
	return p
}

// Open returns how many connections are open, with a place or without.
func (p *Places) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.open
}

// Most returns how many were open at a time at most.
func (p *Places) Most() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.most
}

// Accept returns a connection, which may have to wait for its place.
func (p *Places) Accept() (net.Conn, error) {
	conn, err := p.Listener.Accept()
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open++
	p.most = max(p.most, p.open)
	return &placedConn{Conn: conn, places: p, closed: make(chan struct{})}, nil
}

// placedConn is heard once it has a place.
type placedConn struct {
	net.Conn
	places *Places
	seat   sync.Once
	placed bool
	once   sync.Once
	closed chan struct{}
}

func (c *placedConn) Read(b []byte) (int, error) {
	c.seat.Do(func() {
		select {
		case <-c.places.free:
			c.placed = true
		case <-c.closed:
		}
	})
	return c.Conn.Read(b)
}

func (c *placedConn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.seat.Do(func() {}) // or wait until a Read under way knows whether it has a place
		c.places.mu.Lock()
		defer c.places.mu.Unlock()
		c.places.open--
		if c.placed {
			c.places.free <- struct{}{}
		}
	})
	return c.Conn.Close()
}
