package loader

import (
	"context"
	"sync"

	"github.com/difygraph/difygraph/difyapi"
)

// maxWeeks bounds what is remembered of all apps' clocks: three hundred apps over six years.
const maxWeeks = 100_000

// Clocks remembers of which apps, by their clients' identities, and in which weeks of their logs it was found that Dify shows the
// times that it filters by; package graph/feed asks for it. It can outlive the upstreams that use it. It is safe for concurrent use.
type Clocks struct {
	mu      sync.Mutex
	weeksOf map[string]map[int64]bool
	weeks   int
}

func (c *Clocks) proven(identity string, week int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.weeksOf[identity][week]
}

// Prove remembers a week of an app.
func (c *Clocks) Prove(identity string, week int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.weeksOf[identity][week] {
		return
	}
	if c.weeks == maxWeeks || c.weeksOf == nil {
		c.weeksOf, c.weeks = make(map[string]map[int64]bool), 0
	}
	if c.weeksOf[identity] == nil {
		c.weeksOf[identity] = make(map[int64]bool)
	}
	c.weeksOf[identity][week] = true
	c.weeks++
}

func (c *Clocks) doubt(identity string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.weeks -= len(c.weeksOf[identity])
	delete(c.weeksOf, identity)
}

// ClockProven tells whether the app's times were found to be right in a week of its log.
func (l *Loaders) ClockProven(app string, week int64) bool {
	return l.upstream.clocks.proven(l.upstream.clients[app].Identity(), week)
}

// ProveClock remembers that they were.
func (l *Loaders) ProveClock(app string, week int64) {
	l.upstream.clocks.Prove(l.upstream.clients[app].Identity(), week)
}

// Probe answers a question that is not the operation's own, and does not count among its calls. It is made within the operation's
// allowance all the same.
func (l *Loaders) Probe(ctx context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, error) {
	u := l.upstream
	payer, ok := l.budget.probe()
	if !ok {
		return nil, difyapi.ErrAllowanceSpent
	}
	page, _, err := u.logs.get(ctx, logKey{u.clients[app].Identity(), q}, payer, func(ctx context.Context) (*difyapi.LogPage, error) {
		return u.askLogs(ctx, app, q)
	})
	return page, err
}

// DoubtClock forgets all that is known of the app's times.
func (l *Loaders) DoubtClock(app string) { l.upstream.clocks.doubt(l.upstream.clients[app].Identity()) }
