package graphqlhttp

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/fairshare"
)

// pool bounds the bytes that all requests hold before their operations are executed. Each caller has its share.
type pool struct {
	mu      sync.Mutex
	bytes   *fairshare.Bytes
	first   map[string]*lease   // by caller, the one whose request goes on whatever its others hold, lest they wait for each other
	waiting map[string][]*claim // by caller, the next first
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
	return &pool{bytes: fairshare.New(bytes), first: map[string]*lease{}, waiting: map[string][]*claim{}}
}

// grant gives a lease the bytes, if its caller may have them.
func (p *pool) grant(l *lease, bytes int64) bool {
	if p.first[l.caller] == nil {
		p.first[l.caller] = l
	}
	others := p.bytes.Of(l.caller)
	if p.first[l.caller] == l {
		others = 0
	}
	if !p.bytes.Allow(others, bytes) {
		return false
	}
	p.bytes.Add(l.caller, bytes)
	l.bytes += bytes
	return true
}

func (p *pool) giveBack(l *lease, bytes int64) {
	p.bytes.Add(l.caller, -bytes)
	l.bytes -= bytes
	for caller := range p.waiting {
		p.serve(caller)
	}
}

// serve grants what a caller waits for, in turn. It looks at no more of it than at the next claim.
func (p *pool) serve(caller string) {
	for len(p.waiting[caller]) > 0 {
		c := p.waiting[caller][0]
		if !p.grant(c.lease, c.bytes) {
			return
		}
		close(c.granted)
		p.unqueue(c, 0)
	}
}

func (p *pool) unqueue(c *claim, at int) {
	caller := c.lease.caller
	if p.waiting[caller] = slices.Delete(p.waiting[caller], at, at+1); len(p.waiting[caller]) == 0 {
		delete(p.waiting, caller)
	}
}

// queue has a claim wait. That of the lease that goes on whatever the others hold stands before theirs.
func (p *pool) queue(c *claim) {
	queue, at := p.waiting[c.lease.caller], 0
	if p.first[c.lease.caller] != c.lease {
		at = len(queue)
	}
	p.waiting[c.lease.caller] = slices.Insert(queue, at, c)
}

// claim returns nil if the bytes are granted at once.
func (p *pool) claim(l *lease, bytes int64) *claim {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.grant(l, bytes) {
		return nil
	}
	c := &claim{lease: l, bytes: bytes, granted: make(chan struct{})}
	p.queue(c)
	return c
}

// withdraw tells whether the claim was not granted.
func (p *pool) withdraw(c *claim) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.waiting[c.lease.caller], c)
	if at >= 0 {
		p.unqueue(c, at)
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
