package graphqlhttp

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// pool bounds the bytes that all requests hold before their operations are executed. A caller may hold as much as is free
// beside it, so half of the pool if it is alone, and there is always some for another caller.
type pool struct {
	mu      sync.Mutex
	free    int64
	held    map[string]int64 // by caller
	waiting []*claim         // in the order of arrival
}

// claim is for bytes that are not free yet.
type claim struct {
	caller  string
	bytes   int64
	granted chan struct{}
}

// poolWait is how long a request waits for bytes that others hold: reading and decoding take some milliseconds.
const poolWait = time.Second

func newPool(bytes int64) *pool { return &pool{free: bytes, held: map[string]int64{}} }

// grant gives the bytes, if the caller may have them. Twice the bytes, since they are no longer free afterwards.
func (p *pool) grant(caller string, bytes int64) bool {
	if p.held[caller]+2*bytes > p.free {
		return false
	}
	p.free -= bytes
	p.held[caller] += bytes
	return true
}

func (p *pool) giveBack(caller string, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free += bytes
	if p.held[caller] -= bytes; p.held[caller] == 0 {
		delete(p.held, caller)
	}
	p.waiting = slices.DeleteFunc(p.waiting, func(c *claim) bool {
		ok := p.grant(c.caller, c.bytes)
		if ok {
			close(c.granted)
		}
		return ok
	})
}

// claim returns nil if the bytes are granted at once.
func (p *pool) claim(caller string, bytes int64) *claim {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.grant(caller, bytes) {
		return nil
	}
	c := &claim{caller: caller, bytes: bytes, granted: make(chan struct{})}
	p.waiting = append(p.waiting, c)
	return c
}

// withdraw tells whether the claim was not granted.
func (p *pool) withdraw(c *claim) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.Index(p.waiting, c)
	if at < 0 {
		return false
	}
	p.waiting = slices.Delete(p.waiting, at, at+1)
	return true
}

// lease is what one request holds of a pool. It is of one goroutine.
type lease struct {
	pool   *pool
	caller string
	bytes  int64
}

// take adds bytes to the lease. It waits for them a little, and then refuses the request.
func (l *lease) take(ctx context.Context, bytes int64) *failure {
	if c := l.pool.claim(l.caller, bytes); c != nil {
		ctx, cancel := context.WithTimeout(ctx, poolWait)
		defer cancel()
		select {
		case <-c.granted:
		case <-ctx.Done():
			if l.pool.withdraw(c) {
				return overloaded()
			}
		}
	}
	l.bytes += bytes
	return nil
}

// keep gives back all bytes but these.
func (l *lease) keep(bytes int64) {
	if bytes < l.bytes {
		l.pool.giveBack(l.caller, l.bytes-bytes)
		l.bytes = bytes
	}
}

func overloaded() *failure {
	e := newError(CodeOverloaded, "the server reads too many requests for now; try again in 1 s, or send shorter ones")
	e.Extensions["retryAfter"] = 1
	return &failure{status: http.StatusServiceUnavailable, errors: gqlerror.List{e}}
}
