package difyapi

import (
	"context"
	"net/http"
	"time"
)

// prober is the caller of probes, so that they have their turn beside other callers.
const prober = "difyapi: probe"

// enter waits for a slot, as far as the app is not known to give no answer. Its errors are the context's, errBreakerOpen and
// errTooManyWait.
func (c *Client) enter(ctx context.Context) (slot claim, err error) {
	on := companyOf(ctx)
	for {
		now, err := c.admitted(ctx)
		if err != nil {
			return slot, err
		}
		if slot, err = c.server.acquire(ctx, on, c.spot(), now.changed, &c.counters); err != errHalted { //nolint:errorlint // ours, as it is
			return slot, err
		}
	}
}

// admitted waits while the app is doubted.
func (c *Client) admitted(ctx context.Context) (advice, error) {
	for {
		now := c.guard().admit()
		if now.probe {
			c.pool.background(c.probeApp)
		}
		switch now.state {
		case BreakerClosed:
			return now, nil
		case BreakerOpen:
			return now, errBreakerOpen
		case BreakerHalfOpen:
		}
		select {
		case <-now.changed:
		case <-ctx.Done():
			return now, ctx.Err()
		}
	}
}

// guard is the app's breaker; nil where the client has none.
func (c *Client) guard() *breaker {
	if !c.breaks {
		return nil
	}
	return c.breaker
}

// probeApp finds out whether the app answers. It has its turn as callers have.
func (c *Client) probeApp() {
	slot, err := c.server.acquire(c.ctx, companyOf(WithCaller(c.ctx, prober)), c.spot(), nil, new(counters))
	if err != nil {
		c.breaker.probed(failed) // even for this there is no room, or nobody wants to know any more
		return
	}
	c.breaker.probed(c.ping(slot))
}

// ping asks GET /info with the slot, which it gives back. Who calls has no part in it.
func (c *Client) ping(slot claim) outcome {
	defer c.server.release(slot)
	ctx, cancel := context.WithTimeout(c.ctx, probeTimeout)
	defer cancel()
	_, failure := c.exchange(c.newRequest(ctx, infoPath, ""))
	if failure == nil {
		return answered
	}
	return outcomeOf(c.explain(c.ctx, ctx, http.MethodGet+" "+infoPath, failure))
}

// leave gives back a call's slot, or has the app probed with it, after the call took so long. The server's other apps wait
// for what is found.
func (c *Client) leave(slot claim, err error, took time.Duration) {
	if !c.guard().record(outcomeOf(err), took) {
		c.server.release(slot)
		return
	}
	held := c.pool.holdOthers(c.app)
	c.pool.background(func() {
		found := c.ping(slot)
		c.breaker.probed(found)
		for _, b := range held {
			b.settle(found)
		}
	})
}
