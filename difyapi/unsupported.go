package difyapi

import "cmp"

// UnsupportedError says that a server is older than an endpoint. It comes within an [Error] of [KindUnsupported].
type UnsupportedError struct {
	// Has is the server's version, zero where it is not known and the answer gave it away. Needs is the first version that
	// has the endpoint.
	Has, Needs Version
}

func (e *UnsupportedError) Error() string {
	has := "the server's version is not known"
	if !e.Has.IsZero() {
		has = "the server has " + e.Has.String()
	}
	return "needs Dify " + e.Needs.String() + " or newer, " + has
}

// versionBehind is the version of the server that a failure comes from: that of its answer, else what the client knows.
func (c *Client) versionBehind(failure *Error) Version {
	return cmp.Or(failure.version, c.Version())
}
