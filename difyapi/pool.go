package difyapi

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

// Pool is what clients share and what outlives them: connections and the limits on them, by server; and by app, which is a base
// URL and a key, what is known of it, such as that it gives no answer. A process has one. It is safe for concurrent use.
//
// A new configuration makes its clients of the pool, and then says by [Pool.Keep] which clients there are. Until then those of
// the old one go on beside them, within the same limits.
type Pool struct {
	transport *http.Transport

	mu      sync.Mutex
	servers map[string]*server // by origin
	apps    map[string]*app    // by identity
}

// NewPool makes a pool without connections.
func NewPool() *Pool {
	return &Pool{transport: NewTransport(), servers: make(map[string]*server), apps: make(map[string]*app)}
}

// Transport is the pool's own, for [Options.Transport] to wrap.
func (p *Pool) Transport() http.RoundTripper { return p.transport }

// app is what is known of an app, whichever client asks.
type app struct {
	server   *server
	breaker  *breaker
	counters counters
	reported atomic.Pointer[Version]

	probeMu sync.Mutex
	probe   *versionProbe // the one under way
	probed  bool          // Dify has answered a probe
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
		p.apps[c.identity] = &app{server: p.servers[from], breaker: newBreaker()}
	}
	c.app = p.apps[c.identity]
	c.pool = p
	c.server.resize(c.connections)
	c.server.share(p.appsOf(c.server))
	return c, nil
}

// Keep forgets what none of the clients uses. What their connections are doing goes on; idle ones close.
func (p *Pool) Keep(clients ...*Client) {
	used := make(map[*app]bool, len(clients))
	for _, c := range clients {
		used[c.app] = true
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.apps, func(_ string, a *app) bool { return !used[a] })
	for origin, s := range p.servers {
		apps := p.appsOf(s)
		if apps == 0 {
			delete(p.servers, origin)
		}
		s.share(apps)
	}
	p.transport.CloseIdleConnections()
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

// doubt lets the other apps of a server be doubted.
func (p *Pool) doubt(s *server, except *app) {
	p.mu.Lock()
	others := slices.Collect(maps.Values(p.apps))
	p.mu.Unlock()
	for _, a := range others {
		if a.server == s && a != except {
			a.breaker.doubt()
		}
	}
}
