package difyapi

import (
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// attempt is one round trip, and how many requests it took, at least 1: where a connection that was kept turns out to be
// dead, net/http sends a GET again by itself.
func (c *Client) attempt(req *http.Request) (resp *http.Response, requests int, err error) {
	var written atomic.Int32
	trace := &httptrace.ClientTrace{WroteHeaders: func() { written.Add(1) }}
	resp, err = c.transport.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	return resp, max(1, int(written.Load())), err
}
