package difyapi

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// attempt is one round trip, and how many requests it took, at least 1: where a connection that was kept turns out to be
// dead, net/http sends a GET again by itself. The first request has been allowed; each further one is asked for before it
// gets a connection, and is not sent where it is not allowed.
func (c *Client) attempt(req *http.Request) (resp *http.Response, requests int, err error) {
	var written atomic.Int32
	paid := int32(1)
	ctx, giveUp := context.WithCancelCause(req.Context()) // whose end is that of the call
	trace := &httptrace.ClientTrace{
		WroteHeaders: func() { written.Add(1) },
		GetConn: func(string) {
			switch {
			case written.Load() < paid: // nothing has gone out for it yet
			case allowed(ctx):
				paid++
			default:
				giveUp(ErrAllowanceSpent)
			}
		},
	}
	resp, err = c.transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	return resp, max(1, int(written.Load())), err
}
