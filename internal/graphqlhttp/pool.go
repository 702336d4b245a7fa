package graphqlhttp

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// pool bounds the bytes that all requests hold before their operations are executed. A caller may hold as much as is free
// beside it, so half of the pool if it is alone, and there is always some for another caller.
type pool struct {
	mu      sync.Mutex
	free    int64
	held    map[string]int64  // by caller
	first   map[string]*lease // by caller, the one whose request goes on whatever its others hold, lest they wait for each other
	waiting []*claim          // in the order of arrival
}

// claim is for bytes that are not free yet.
type claim struct {
	lease   *lease
	bytes   int64
	granted chan struct{}
}

// poolWait is how long a request waits for bytes that others hold: reading and decoding take some milliseconds.
const poolWait = time.Second

func newPool(bytes int64) *pool {
	return &pool{free: bytes, held: map[string]int64{}, first: map[string]*lease{}}
}

// grant gives a lease the bytes, if its caller may have them. At least as many are then left.
func (p *pool) grant(l *lease, bytes int64) bool {
	if p.first[l.caller] == nil {
		p.first[l.caller] = l
	}
	others := p.held[l.caller]
	if p.first[l.caller] == l {
		others = 0
	}
	if others+2*bytes > p.free {
		return false
	}
	p.free -= bytes
	p.held[l.caller] += bytes
	l.bytes += bytes
	return true
}

func (p *pool) giveBack(l *lease, bytes int64) {
	p.free += bytes
	l.bytes -= bytes
	if p.held[l.caller] -= bytes; p.held[l.caller] == 0 {
		delete(p.held, l.caller)
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(c *claim) bool {
		ok := p.grant(c.lease, c.bytes)
		if ok {
			close(c.granted)
		}
		return ok
	})
}

// claim returns nil if the bytes are granted at once.
func (p *pool) claim(l *lease, bytes int64) *claim {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.grant(l, bytes) {
		return nil
	}
	c := &claim{lease: l, bytes: bytes, granted: make(chan struct{})}
	p.waiting = append(p.waiting, c)
	return c
}

// withdraw tells whether the claim was not granted.
func (p *pool) withdraw(c *claim) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.waiting, c)
	if at >= 0 {
		p.waiting = slices.Delete(p.waiting, at, at+1)
	}
	return at >= 0
}

// lease is what one request holds of a pool. It is of one goroutine.
type lease struct {
	pool   *pool
	caller string
	bytes  int64
}

// take adds bytes to the lease. It waits for them a little, and then refuses the request.
func (l *lease) take(ctx context.Context, bytes int64) *failure {
	c := l.pool.claim(l, bytes)
	if c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, poolWait)
	defer cancel()
	select {
	case <-c.granted:
		return nil
	case <-ctx.Done():
	}
	if l.pool.withdraw(c) {
		return overloaded()
	}
	return nil
}

// keep gives back all bytes but these.
func (l *lease) keep(bytes int64) {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	l.pool.giveBack(l, max(0, l.bytes-bytes))
}

// settle does so for a request that will take no more.
func (l *lease) settle(bytes int64) {
	l.pool.mu.Lock()
	defer l.pool.mu.Unlock()
	if l.pool.first[l.caller] == l {
		delete(l.pool.first, l.caller)
	}
	l.pool.giveBack(l, max(0, l.bytes-bytes))
}

func overloaded() *failure {
	e := newError(code.Overloaded, "the server reads too many requests for now; try again in 1 s, or send shorter ones")
	e.Extensions["retryAfter"] = 1
	return &failure{status: http.StatusServiceUnavailable, errors: gqlerror.List{e}}
}
