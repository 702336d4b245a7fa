package loader

import "sync/atomic"

// CacheStats is how often what operations share was asked for, and what came of it, since the beginning.
type CacheStats struct {
	// Kind is what is shared: logs, info, runs or endUsers.
	Kind string
	// Hits were answered by what was kept, Joins by a call that was under way, Misses by a call of their own.
	Hits, Joins, Misses int64
	// Renewals were asked for before somebody had to wait for them.
	Renewals int64
}

type cacheCounters struct{ hits, joins, misses, renewals atomic.Int64 }

func (c *cacheCounters) count(sent bool) {
	if sent {
		c.misses.Add(1)
		return
	}
	c.joins.Add(1)
}

func (c *cacheCounters) read(kind string) CacheStats {
	return CacheStats{Kind: kind, Hits: c.hits.Load(), Joins: c.joins.Load(), Misses: c.misses.Load(), Renewals: c.renewals.Load()}
}

// Stats tells of each kind.
func (u *Upstream) Stats() []CacheStats {
	return []CacheStats{
		u.logs.stats.read("logs"), u.infos.stats.read("info"), u.runs.stats.read("runs"), u.endUsers.stats.read("endUsers"),
	}
}
