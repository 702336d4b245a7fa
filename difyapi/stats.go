package difyapi

import (
	"context"
	"sync/atomic"
	"time"
)

// Stats is how the calls to an app stand. Totals count from the client's beginning.
type Stats struct {
	// Waiting is how many calls wait for their turn.
	Waiting int
	// Waits is how many calls had to wait, Waited for how long all of them together.
	Waits  int64
	Waited time.Duration
	// Retries is how many requests were sent again.
	Retries int64
	// Breaker is the state of the circuit breaker; closed where there is none.
	Breaker BreakerState
}

// BreakerState says whether calls are made.
type BreakerState int

// The states of a circuit breaker.
const (
	BreakerClosed   BreakerState = iota // all calls are made
	BreakerHalfOpen                     // one finds out whether the server is back
	BreakerOpen                         // none is
)

// counters are what a client counts.
type counters struct {
	waiting, waits, waited, retries atomic.Int64 // waited is in nanoseconds
}

// Stats tells how the calls stand now.
func (c *Client) Stats() Stats {
	s := Stats{
		Waiting: int(c.counters.waiting.Load()), Waits: c.counters.waits.Load(),
		Waited: time.Duration(c.counters.waited.Load()), Retries: c.counters.retries.Load(),
	}
	if c.breaker != nil {
		s.Breaker = c.breaker.state()
	}
	return s
}

func (b *breaker) state() BreakerState {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.circuit.IsOpen():
		return BreakerOpen
	case b.circuit.IsHalfOpen():
		return BreakerHalfOpen
	default:
		return BreakerClosed
	}
}

// wait waits for a turn, and counts it if it has to.
func (c *counters) wait(ctx context.Context, place <-chan struct{}) bool {
	began := time.Now()
	c.waits.Add(1)
	c.waiting.Add(1)
	defer func() {
		c.waiting.Add(-1)
		c.waited.Add(int64(time.Since(began)))
	}()
	select {
	case <-place:
		return true
	case <-ctx.Done():
		return false
	}
}
