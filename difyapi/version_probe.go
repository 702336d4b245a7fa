package difyapi

import (
	"context"
	"errors"
)

// Version is the version in the latest of the server's answers that told one, errors included; else the configured one; else
// zero.
func (c *Client) Version() Version {
	if reported := c.reported.Load(); reported != nil {
		return *reported
	}
	return c.configured
}

// noteVersion remembers what an answer said.
func (c *Client) noteVersion(v Version) {
	if v.IsZero() {
		return
	}
	if known := c.reported.Load(); known == nil || *known != v {
		c.reported.Store(&v)
	}
}

// KnownVersion is [Client.Version] for those who depend on it. Where nothing is known yet it asks GET /info, once for all
// callers that wait for it, each within its own context.
//
// The version is zero, without an error, where a proxy hides it: Dify's own answer without the header settles that, and is not
// asked for again. It is also zero where Dify gave no answer; then the next caller asks again, and what the caller
// wanted the version for will report the failure. Errors are those of the context.
func (c *Client) KnownVersion(ctx context.Context) (Version, error) {
	if v := c.Version(); !v.IsZero() {
		return v, nil
	}
	p, part := c.joinProbe(ctx)
	if p == nil {
		return c.Version(), nil
	}
	defer part()
	select {
	case <-p.done:
		return c.Version(), nil
	case <-ctx.Done():
		return Version{}, contextError(ctx, "GET "+infoPath)
	}
}

// versionProbe is one call of GET /info that several callers wait for.
type versionProbe struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiters int // guarded by Client.probeMu
	company Company
}

// joinProbe enters the probe under way, or starts one, until part; nil where there was one that Dify answered. The probe does not
// end with the caller that started it.
func (c *Client) joinProbe(ctx context.Context) (p *versionProbe, part func()) {
	c.probeMu.Lock()
	defer c.probeMu.Unlock()
	if c.probed {
		return nil, nil
	}
	starts := c.probe == nil
	if starts {
		c.probe = &versionProbe{done: make(chan struct{})}
	}
	p = c.probe
	p.waiters++
	leave := p.company.Join(ctx)
	if starts {
		ctx, p.cancel = context.WithCancel(WithCompany(context.WithoutCancel(ctx), &p.company))
		go c.runProbe(ctx, p)
	}
	return p, func() {
		leave()
		c.leaveProbe(p)
	}
}

// leaveProbe ends the probe with its last waiter. A later caller must not join what is ending, and starts another.
func (c *Client) leaveProbe(p *versionProbe) {
	c.probeMu.Lock()
	defer c.probeMu.Unlock()
	p.waiters--
	if p.waiters > 0 {
		return
	}
	p.cancel()
	if c.probe == p {
		c.probe = nil
	}
}

func (c *Client) runProbe(ctx context.Context, p *versionProbe) {
	_, err := c.Info(ctx)
	c.probeMu.Lock()
	defer c.probeMu.Unlock()
	c.probed = c.probed || answeredByDify(err)
	if c.probe == p {
		c.probe = nil
	}
	close(p.done)
}

// answeredByDify tells Dify's answers, errors included, from those of a proxy whose Dify is down.
func answeredByDify(err error) bool {
	if err == nil {
		return true
	}
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Kind == KindStatus && failure.fromDify()
}
