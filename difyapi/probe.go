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
func (c *Client) enter(ctx context.Context, slot claim) error {
	for {
		now, err := c.admitted(ctx)
		if err != nil {
			return err
		}
		if err := c.server.acquire(ctx, slot, now.changed, &c.counters); err != errHalted { //nolint:errorlint // ours, as it is
			return err
		}
	}
}

// admitted waits while the app is doubted.
func (c *Client) admitted(ctx context.Context) (advice, error) {
	for {
		now := c.guard().admit()
		if now.probe {
			go c.probeApp()
		}
		switch now.state {
		case BreakerClosed:
			return now, nil
		case BreakerOpen:
			return now, errBreakerOpen
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
	slot := claim{caller: prober, app: c.identity, appSlots: c.maxInFlight}
	if err := c.server.acquire(context.Background(), slot, nil, new(counters)); err != nil {
		c.note(failed)
		return
	}
	c.probeIn(slot)
}

// probeIn is probeApp with a slot, which it gives back.
func (c *Client) probeIn(slot claim) {
	defer c.server.release(slot)
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	_, failure := c.exchange(c.newRequest(ctx, infoPath, ""))
	if failure != nil {
		c.note(outcomeOf(c.explain(context.Background(), ctx, http.MethodGet+" "+infoPath, failure)))
		return
	}
	c.note(answered)
}

// note tells the app's breaker what a probe found. A server that gives one app no answer may give none to others.
func (c *Client) note(found outcome) {
	if c.breaker.probed(found) {
		c.pool.doubt(c.server, c.app)
	}
}

// leave gives back a call's slot, or has it used for a probe, after the call took so long.
func (c *Client) leave(slot claim, err error, took time.Duration) {
	if c.guard().record(outcomeOf(err), took) {
		go c.probeIn(slot)
		return
	}
	c.server.release(slot)
}
