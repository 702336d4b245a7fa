package difyapi

import (
	"context"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// Pool is what clients share and what outlives them: connections and the limits on them, by server; and by app, which is a base
// URL and a key, what is known of it, such as that it gives no answer. A process has one. It is safe for concurrent use.
//
// A new configuration makes its clients of the pool, and then says by [Pool.Keep] which clients there are. Until then those of
// the old one go on beside them, within the same limits.
type Pool struct {
	transport *http.Transport

	probes sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	servers map[string]*server // by origin
	apps    map[string]*app    // by identity
}

// NewPool makes a pool without connections. It is to be closed.
func NewPool() *Pool {
	return &Pool{transport: NewTransport(), servers: make(map[string]*server), apps: make(map[string]*app)}
}

// Transport is the pool's own, for [Options.Transport] to wrap.
func (p *Pool) Transport() http.RoundTripper { return p.transport }

// app is what is known of an app, whichever client asks.
type app struct {
	server   *server
	ctx      context.Context // of probes
	end      context.CancelFunc
	breaker  *breaker
	health   health
	counters counters
	reported atomic.Pointer[Version]
	found    atomic.Bool        // Dify has answered at the app's base URL
	asked    atomic.Bool        // Dify has answered GET /info
	lookup   singleflight.Group // of whether it does
	lookers  Waiters            // on whose behalf that is
}

// Client makes a client of the pool, as [New] does. Of clients of one server the latest says how many connections there may be.
func (p *Pool) Client(opts Options) (*Client, error) {
	c, err := newClient(opts)
	if err != nil {
		return nil, err
	}
	if c.transport == nil {
		c.transport = p.transport
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	from := origin(c.base)
	if p.servers[from] == nil {
		p.servers[from] = newServer(c.connections)
	}
	if p.apps[c.identity] == nil {
		ctx, end := context.WithCancel(context.Background())
		p.apps[c.identity] = &app{server: p.servers[from], ctx: ctx, end: end, breaker: newBreaker()}
	}
	c.app = p.apps[c.identity]
	c.pool = p
	c.health.tellTo(opts.HealthChanged)
	c.server.resize(c.connections)
	c.server.share(p.appsOf(c.server))
	return c, nil
}

// Keep forgets what none of the clients uses, and ends its probes. Calls under way go on; idle connections close.
func (p *Pool) Keep(clients ...*Client) {
	used := make(map[*app]bool, len(clients))
	for _, c := range clients {
		used[c.app] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.apps, func(_ string, a *app) bool {
		if !used[a] {
			a.end()
		}
		return !used[a]
	})
	for origin, s := range p.servers {
		apps := p.appsOf(s)
		if apps == 0 {
			delete(p.servers, origin)
		}
		s.share(apps)
	}
	p.transport.CloseIdleConnections()
}

// Close forgets everything, ends what the pool does in the background, and waits for that.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Keep()
	p.probes.Wait()
}

// background does it beside the caller, unless the pool is closed: then it ends at once, and nobody would wait for it.
func (p *Pool) background(probe func()) {
	if !p.begin(probe) {
		probe()
	}
}

func (p *Pool) begin(probe func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.probes.Go(probe)
	}
	return !p.closed
}

// appsOf is called with the lock held.
func (p *Pool) appsOf(s *server) int {
	n := 0
	for _, a := range p.apps {
		if a.server == s {
			n++
		}
	}
	return n
}

// holdOthers lets calls to the other apps of an app's server wait, and returns the breakers to settle.
func (p *Pool) holdOthers(one *app) (held []*breaker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, a := range p.apps {
		if a.server == one.server && a != one && a.breaker.hold() {
			held = append(held, a.breaker)
		}
	}
	return held
}

// Stats is how the calls to an app stand. Totals count from the beginning of the app's first client in the [Pool].
type Stats struct {
	// Waiting is how many calls wait for a slot.
	Waiting int
	// Waits is how many calls had to wait, Waited for how long all of them together.
	Waits  int64
	Waited time.Duration
	// Retries is how many requests were sent again.
	Retries int64
	// Breaker is the state of the circuit breaker; closed where there is none.
	Breaker BreakerState
}

// BreakerState says whether calls are made. Its numbers stay what they are, for monitoring.
type BreakerState int

// The states of a circuit breaker.
const (
	BreakerClosed   BreakerState = iota // all calls are made
	BreakerHalfOpen                     // calls wait until it is found out whether the app answers
	BreakerOpen                         // calls fail
)

// counters are what a client counts.
type counters struct {
	waiting, waits, waited, retries atomic.Int64 // waited is in nanoseconds
}

// Stats tells how the calls to the app stand now, those of its other clients included.
func (c *Client) Stats() Stats {
	return Stats{
		Waiting: int(c.counters.waiting.Load()), Waits: c.counters.waits.Load(),
		Waited: time.Duration(c.counters.waited.Load()), Retries: c.counters.retries.Load(),
		Breaker: c.guard().current(),
	}
}

// wait waits until a slot is granted, and counts it. Its errors are the context's, and errHalted where halt is closed.
func (c *counters) wait(ctx context.Context, granted, halt <-chan struct{}) error {
	began := time.Now()
	c.waits.Add(1)
	c.waiting.Add(1)
	defer func() {
		c.waiting.Add(-1)
		c.waited.Add(int64(time.Since(began)))
	}()
	select {
	case <-granted:
		return nil
	case <-halt:
		return errHalted
	case <-ctx.Done():
		return ctx.Err()
	}
}
