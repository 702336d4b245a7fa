package difyapi

import (
	"context"
	"slices"
	"sync"
)

// Company is on whose behalf a call is made, where several wait for the same one. While the call waits for a slot it stands in the
// line of each of their callers, and takes the first turn that comes: nobody waits longer for having joined another's call. The
// zero value is ready for use, and safe for concurrent use.
type Company struct {
	mu      sync.Mutex
	members []*companion // one for each caller
	queued  *queuedCall  // while the call waits
}

// companion is a caller, by the operation that came first.
type companion struct {
	caller    string
	operation any
	count     int // of those who wait
	waiter    *waiter
}

type companyKey struct{}

// WithCompany has a call under the context made on behalf of the company, whoever the context's own caller is.
func WithCompany(ctx context.Context, c *Company) context.Context {
	return context.WithValue(ctx, companyKey{}, c)
}

// companyOf is that of [WithCompany], or one of the context's caller alone.
func companyOf(ctx context.Context) *Company {
	if c, ok := ctx.Value(companyKey{}).(*Company); ok {
		return c
	}
	return &Company{members: []*companion{{caller: CallerOf(ctx), operation: ctx.Value(operationKey{}), count: 1}}}
}

// Join adds the context's caller and operation to those who wait for the call, until leave.
func (c *Company) Join(ctx context.Context) (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.member(CallerOf(ctx))
	if m == nil {
		m = &companion{caller: CallerOf(ctx), operation: ctx.Value(operationKey{})}
		c.members = append(c.members, m)
		if c.queued != nil {
			c.queued.server.join(c.queued, m)
		}
	}
	m.count++
	return sync.OnceFunc(func() { c.leave(m) })
}

func (c *Company) leave(m *companion) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.count--; m.count > 0 {
		return
	}
	c.members = slices.DeleteFunc(c.members, func(o *companion) bool { return o == m })
	if c.queued != nil {
		c.queued.server.part(c.queued, m)
	}
}

// member is called with the lock held.
func (c *Company) member(caller string) *companion {
	i := slices.IndexFunc(c.members, func(m *companion) bool { return m.caller == caller })
	if i < 0 {
		return nil
	}
	return c.members[i]
}

// queue has a call wait in its members' lines; nil where it need not, since one of them has a slot for it.
func (c *Company) queue(s *server, p spot) (*queuedCall, claim, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	q, granted, err := s.enter(p, c.members)
	c.queued = q
	return q, granted, err
}

// unqueue ends the waiting.
func (c *Company) unqueue() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queued = nil
}
