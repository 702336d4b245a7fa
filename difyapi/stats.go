package difyapi

import (
	"context"
	"sync/atomic"
	"time"
)

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

// BreakerState says whether calls are made.
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
