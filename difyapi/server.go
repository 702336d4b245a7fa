package difyapi

import (
	"context"
	"errors"
	"net"
	"net/url"
	"sync"
)

var (
	errTooManyWait = errors.New("too many calls wait")
	errHalted      = errors.New("the app is in doubt")
)

// server is a Dify server, as all clients of it share it. An idle connection holds one of its few places, as one in use does. So
// two limits go together: each call has a slot while it is under way, for which callers wait in turn, and no more
// connections than slots are open, in use or idle.
type server struct {
	mu        sync.Mutex
	semaphore *semaphore

	open   int           // connections
	closed chan struct{} // closed and made anew where one closes, or where more may be open
}

func newServer(connections int) *server {
	return &server{semaphore: newSemaphore(connections), closed: make(chan struct{})}
}

// origin is what tells one server from another: scheme, host and port.
func origin(base *url.URL) string {
	port := base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[base.Scheme]
	}
	return base.Scheme + "://" + net.JoinHostPort(base.Hostname(), port)
}

// resize changes how many connections there may be. Those that are too many stay until their calls end.
func (s *server) resize(connections int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.semaphore.slots = connections
	s.dispatch()
	s.wake()
}

// share tells how many apps share the connections.
func (s *server) share(apps int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.semaphore.apps = apps
	s.dispatch()
}

// acquire waits for a slot, and counts how long. Its errors are the context's, errTooManyWait, and errHalted where halt is
// closed meanwhile.
func (s *server) acquire(ctx context.Context, c claim, halt <-chan struct{}, count *counters) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w, err := s.enter(c)
	if w == nil {
		return err
	}
	if err := count.wait(ctx, w.granted, halt); err != nil {
		s.giveUp(w)
		return err
	}
	return nil
}

// enter takes a free slot, and returns nil; or waits in line.
func (s *server) enter(c claim) (*waiter, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.semaphore.grant(c) {
		return nil, nil
	}
	w := &waiter{claim: c, granted: make(chan struct{})}
	if !s.semaphore.wait(w) {
		return nil, errTooManyWait
	}
	return w, nil
}

// giveUp ends waiting, and gives back a slot that came meanwhile.
func (s *server) giveUp(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.granted:
		s.semaphore.release(w.claim)
	default:
		s.semaphore.leave(w)
	}
	s.dispatch()
}

func (s *server) release(c claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.semaphore.release(c)
	s.dispatch()
}

// dispatch gives what is free to those that wait. It is called with the lock held, as wake is.
func (s *server) dispatch() {
	for w := s.semaphore.next(); w != nil; w = s.semaphore.next() {
		close(w.granted)
	}
}

func (s *server) wake() {
	close(s.closed)
	s.closed = make(chan struct{})
}

// dial connects once there is room for a connection. It has to wait only for one that is about to close: a call that dials has a slot.
func (s *server) dial(ctx context.Context, dial dialFunc, network, address string) (net.Conn, error) {
	for {
		closed := s.reserve()
		if closed == nil {
			break
		}
		select {
		case <-closed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		s.disconnected()
		return nil, err
	}
	return &connection{Conn: conn, closed: sync.OnceFunc(s.disconnected)}, nil
}

// reserve counts one more connection, or returns what to wait for where there are as many as may be.
func (s *server) reserve() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open >= s.semaphore.slots {
		return s.closed
	}
	s.open++
	return nil
}

func (s *server) disconnected() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	s.wake()
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// connection counts until it is closed.
type connection struct {
	net.Conn
	closed func()
}

func (c *connection) Close() error {
	defer c.closed()
	return c.Conn.Close()
}
