package loader

import (
	"context"
	"sync"

	"github.com/difygraph/difygraph/difyapi"
)

// maxSeasons bounds the seasons that are remembered of all apps: three hundred apps take six years to reach it.
const maxSeasons = 200_000

// Clocks remembers which apps were found to show the times that they filter by, for each season of their logs (see package
// graph/feed). Apps are known by their clients' identities. Clocks can outlive the upstreams that use it, and is safe for concurrent
// use.
type Clocks struct {
	mu        sync.Mutex
	seasonsOf map[string]map[int64]bool
	seasons   int
}

func (c *Clocks) proven(identity string, season int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seasonsOf[identity][season]
}

// Prove remembers a season of an app.
func (c *Clocks) Prove(identity string, season int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seasonsOf[identity][season] {
		return
	}
	if c.seasons == maxSeasons || c.seasonsOf == nil {
		c.seasonsOf, c.seasons = make(map[string]map[int64]bool), 0
	}
	if c.seasonsOf[identity] == nil {
		c.seasonsOf[identity] = make(map[int64]bool)
	}
	c.seasonsOf[identity][season] = true
	c.seasons++
}

func (c *Clocks) doubt(identity string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seasons -= len(c.seasonsOf[identity])
	delete(c.seasonsOf, identity)
}

// ClockProven tells whether the app's times were found to be right in a season of its log.
func (l *Loaders) ClockProven(app string, season int64) bool {
	return l.upstream.clocks.proven(l.upstream.clients[app].Identity(), season)
}

// ProveClock remembers that they were.
func (l *Loaders) ProveClock(app string, season int64) {
	l.upstream.clocks.Prove(l.upstream.clients[app].Identity(), season)
}

// Probe asks Dify without counting the call in [Loaders.Taken]. The call is taken from the operation's allowance all the same. Whether
// it is made depends on what other operations have asked, which nobody is to learn.
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
