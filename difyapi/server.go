package difyapi

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
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
	spares    int // slots that are promised to calls which nobody waits for, see [Client.Spare]
	streams   int // of events that are open, or about to be

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

// spot is where a call needs a slot: at an app, which may hold so many.
type spot struct {
	app   string
	slots int
}

func (p spot) claim(m *waitingCaller) claim {
	return claim{caller: m.caller, operation: m.operation, app: p.app, appSlots: p.slots}
}

// queuedCall is a call that waits in the lines of all on whose behalf it is made, as far as there was room.
type queuedCall struct {
	spot
	server  *server
	waiters []*waiter
	by      claim         // that got a slot for it
	granted chan struct{} // closed once one has
}

// acquire waits for a slot, and counts how long. It returns the claim that the slot is by. Its errors are the context's,
// errTooManyWait, and errHalted where halt is closed meanwhile.
func (s *server) acquire(ctx context.Context, c *Waiters, p spot, halt <-chan struct{}, count *counters) (claim, error) {
	if err := ctx.Err(); err != nil {
		return claim{}, err
	}
	q, granted, err := c.queue(s, p)
	if q == nil {
		return granted, err
	}
	defer c.unqueue()
	if err := count.wait(ctx, q.granted, halt); err != nil {
		s.giveUp(q)
		return claim{}, err
	}
	return q.by, nil
}

// enter takes a free slot by one of the members' claims; or waits in line for all of them.
func (s *server) enter(p spot, members []*waitingCaller) (*queuedCall, claim, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range members {
		if c := p.claim(m); s.semaphore.grant(c) {
			return nil, c, nil
		}
	}
	q := &queuedCall{spot: p, server: s, granted: make(chan struct{})}
	for _, m := range members {
		s.line(q, m)
	}
	if len(q.waiters) == 0 {
		return nil, claim{}, errTooManyWait
	}
	return q, claim{}, nil
}

// join lets a call that waits do so by one more member's claim.
func (s *server) join(q *queuedCall, m *waitingCaller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c := q.claim(m); {
	case q.isGranted():
	case s.semaphore.grant(c):
		s.settle(q, c, nil)
	default:
		s.line(q, m)
	}
}

// part takes a member's claim out of its line, unless it is the last one by which the others' call waits.
func (s *server) part(q *queuedCall, m *waitingCaller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(q.waiters, m.waiter); i >= 0 && len(q.waiters) > 1 && !q.isGranted() {
		s.semaphore.leave(m.waiter)
		q.waiters = slices.Delete(q.waiters, i, i+1)
	}
}

// giveUp ends waiting, and gives back a slot that came meanwhile.
func (s *server) giveUp(q *queuedCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q.isGranted() {
		s.semaphore.release(q.by)
	} else {
		for _, w := range q.waiters {
			s.semaphore.leave(w)
		}
	}
	s.dispatch()
}

func (s *server) release(c claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.semaphore.release(c)
	s.dispatch()
}

// dispatch gives what is free to those that wait. It is called with the lock held, as the functions below are.
func (s *server) dispatch() {
	for w := s.semaphore.next(); w != nil; w = s.semaphore.next() {
		s.settle(w.call, w.claim, w)
	}
}

// line has a call wait by a member's claim, if there is room.
func (s *server) line(q *queuedCall, m *waitingCaller) {
	w := &waiter{claim: q.claim(m), call: q}
	if s.semaphore.wait(w) {
		m.waiter = w
		q.waiters = append(q.waiters, w)
	}
}

// settle lets a call go that has a slot by the claim. Those of its claims that still wait leave their lines.
func (s *server) settle(q *queuedCall, by claim, out *waiter) {
	for _, w := range q.waiters {
		if w != out {
			s.semaphore.leave(w)
		}
	}
	q.by = by
	close(q.granted)
}

func (q *queuedCall) isGranted() bool {
	select {
	case <-q.granted:
		return true
	default:
		return false
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

// Waiters are those who wait for one call. While the call waits for a slot it stands in the queue of each of their callers, and takes
// the first turn that comes: nobody waits longer for having joined another's call. The zero value is ready for use, and safe for
// concurrent use.
type Waiters struct {
	mu      sync.Mutex
	members []*waitingCaller // one for each caller
	queued  *queuedCall      // while the call waits
	lent    *Waiters         // see [Waiters.lend]
}

// waitingCaller is one of their callers, by its operation that came first.
type waitingCaller struct {
	caller    string
	operation any
	count     int // of those who wait
	waiter    *waiter
	part      func() // leaves the waiters that it is lent to
}

type waitersKey struct{}

// WithWaiters has a call under the context made on behalf of its waiters, whoever the context's own caller is.
func WithWaiters(ctx context.Context, c *Waiters) context.Context {
	return context.WithValue(ctx, waitersKey{}, c)
}

// waitersOf are those of [WithWaiters], or else the context's caller alone.
func waitersOf(ctx context.Context) *Waiters {
	if c, ok := ctx.Value(waitersKey{}).(*Waiters); ok {
		return c
	}
	return &Waiters{members: []*waitingCaller{{caller: CallerOf(ctx), operation: ctx.Value(operationKey{}), count: 1}}}
}

// Join adds the context's caller and operation to those who wait for the call, until leave.
func (c *Waiters) Join(ctx context.Context) (leave func()) {
	return c.join(CallerOf(ctx), ctx.Value(operationKey{}))
}

func (c *Waiters) join(caller string, operation any) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.member(caller)
	if m == nil {
		m = &waitingCaller{caller: caller, operation: operation}
		c.members = append(c.members, m)
		if c.queued != nil {
			c.queued.server.join(c.queued, m)
		}
		if c.lent != nil {
			m.part = c.lent.join(caller, operation)
		}
	}
	m.count++
	return sync.OnceFunc(func() { c.leave(m) })
}

// lend adds these waiters, those to come too, to the waiters of another call, until done.
func (c *Waiters) lend(to *Waiters) (done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent = to
	for _, m := range c.members {
		m.part = to.join(m.caller, m.operation)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.lent = nil
		for _, m := range c.members {
			m.part()
		}
	}
}

func (c *Waiters) leave(m *waitingCaller) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.count--; m.count > 0 {
		return
	}
	c.members = slices.DeleteFunc(c.members, func(o *waitingCaller) bool { return o == m })
	if c.queued != nil {
		c.queued.server.part(c.queued, m)
	}
	if c.lent != nil {
		m.part()
	}
}

// member is called with the lock held.
func (c *Waiters) member(caller string) *waitingCaller {
	i := slices.IndexFunc(c.members, func(m *waitingCaller) bool { return m.caller == caller })
	if i < 0 {
		return nil
	}
	return c.members[i]
}

// queue has a call wait in its members' lines; nil where it need not, since one of them has a slot for it.
func (c *Waiters) queue(s *server, p spot) (*queuedCall, claim, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, granted, err := s.enter(p, c.members)
	c.queued = q
	return q, granted, err
}

// unqueue ends the waiting.
func (c *Waiters) unqueue() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued = nil
}

type (
	callerKey    struct{}
	operationKey struct{}
)

// WithCaller says on whose behalf calls under the context are made. Where calls have to wait for others, callers take turns,
// whatever number of operations or apps they use, and none of several may take all that is free. Calls without a caller are
// nobody's: they wait as if one caller made them, but may take all that is free.
func WithCaller(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, callerKey{}, name)
}

// CallerOf is the caller of [WithCaller]; empty if there is none.
func CallerOf(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}

// WithOperation says for which of the caller's operations calls under the context are made: any value that compares. Where a
// caller's calls have to wait, its operations take turns.
func WithOperation(ctx context.Context, operation any) context.Context {
	return context.WithValue(ctx, operationKey{}, operation)
}

// spot is where a call of the client needs a slot.
func (c *Client) spot() spot { return spot{app: c.identity, slots: c.maxInFlight} }
