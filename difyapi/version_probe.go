package difyapi

import "errors"

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

// SettledVersion is [Client.Version] for those who depend on it, and whether [Client.Info] has nothing to add: a version is
// known, or Dify itself has answered that question, with an error perhaps, and a proxy hides what its header says. Where Info
// gave no answer of Dify's, the version is not settled, and may be asked for again.
func (c *Client) SettledVersion() (v Version, settled bool) {
	v = c.Version()
	return v, !v.IsZero() || c.asked.Load()
}

// answeredByDify tells Dify's answers, errors included, from those of a proxy whose Dify is down.
func answeredByDify(err error) bool {
	if err == nil {
		return true
	}
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Kind == KindStatus && failure.fromDify()
}
