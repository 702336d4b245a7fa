package difyapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Client speaks with one Dify app. It is safe for concurrent use, and is not to be copied.
type Client struct {
	*app // shared with the app's other clients
	pool *Pool

	base        *url.URL
	key         apiKey
	identity    string
	timeout     time.Duration
	maxInFlight int
	connections int
	transport   http.RoundTripper
	retrier     *retrier // nil: no request is sent again
	breaks      bool     // the app's breaker is minded
	configured  Version
}

// New makes a client that shares nothing with others, as that of a [Pool] of its own. Its errors are of type [*OptionError].
// Nothing is sent.
func New(opts Options) (*Client, error) {
	return NewPool().Client(opts)
}

// newClient makes a client that is of no pool yet.
func newClient(opts Options) (*Client, error) {
	base, err := parseBaseURL(opts.BaseURL)
	if err != nil {
		return nil, err
	}
	key, err := newAPIKey(opts.APIKey)
	if err != nil {
		return nil, err
	}
	opts, err = opts.withDefaults()
	if err != nil {
		return nil, err
	}
	c := &Client{
		base:        base,
		key:         key,
		identity:    identify(base, key),
		timeout:     opts.Timeout,
		maxInFlight: opts.MaxInFlight,
		connections: opts.ConnectionsPerServer,
		transport:   opts.Transport,
		breaks:      opts.Resilience.Breaker,
		configured:  opts.Version,
	}
	if opts.Resilience.Retries > 0 {
		c.retrier = newRetrier(opts.Resilience.Retries)
	}
	return c, nil
}

// Identity is equal for clients of the same base URL and the same key, and for no others. It is a digest, fit as a part of
// the keys of caches: neither URL nor key can be read from it.
func (c *Client) Identity() string {
	return c.identity
}

func identify(base *url.URL, key apiKey) string {
	digest := sha256.Sum256([]byte(key.reveal()))
	whole := sha256.Sum256(append([]byte(base.String()+"\x00"), digest[:]...))
	return hex.EncodeToString(whole[:])
}

// Format writes no more than the client's type, whatever the verb: what a client knows is not for printing.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "difyapi.Client")
}

// answer is a body of status 200 and JSON, read whole.
type answer struct {
	body        []byte
	contentType string
	version     Version // from the header; zero where there is none
	sentAt      time.Time
	requests    int
}

// get is the one way to Dify: it sends GET path?query, and reads the answer. The endpoint's name in errors is made of the path.
func (c *Client) get(ctx context.Context, path, query string) (*answer, error) {
	got, err := c.ask(ctx, path, query)
	if answeredByDify(err) {
		c.found.Store(true)
	}
	return got, c.judgeMissing(ctx, path, err)
}

// ask sends the request, and again where that is of use.
func (c *Client) ask(ctx context.Context, path, query string) (*answer, error) {
	endpoint := http.MethodGet + " " + path
	if c.retrier == nil {
		return c.send(ctx, endpoint, path, query)
	}
	got, err := c.retrier.do(ctx, &c.counters.retries, func(ctx context.Context) (*answer, error) { return c.send(ctx, endpoint, path, query) })
	if err != nil && ctx.Err() != nil {
		return nil, contextError(ctx, endpoint)
	}
	return got, err
}

// send is one request: it waits for a slot, and reads the answer within the call's deadline.
func (c *Client) send(ctx context.Context, endpoint, path, query string) (got *answer, err error) {
	slot, err := c.enter(ctx)
	if err != nil {
		return nil, notSent(ctx, endpoint, err)
	}
	began := time.Now()
	defer func() { c.leave(slot, err, time.Since(began)) }() //nolint:contextcheck // A probe outlives the call that gave cause for it.
	if !allowed(ctx) {
		return nil, fmt.Errorf("dify: %s: %w", endpoint, ErrAllowanceSpent)
	}
	callCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	got, failure := c.exchange(c.newRequest(callCtx, path, query))
	if failure == nil {
		return got, nil
	}
	return nil, c.explain(ctx, callCtx, endpoint, failure)
}

// notSent is the error of a request that could not be sent.
func notSent(ctx context.Context, endpoint string, err error) error {
	switch {
	case errors.Is(err, errTooManyWait):
		return &Error{Kind: KindOverloaded, endpoint: endpoint}
	case errors.Is(err, errBreakerOpen):
		return &Error{Kind: KindUnavailable, endpoint: endpoint, cause: errBreakerOpen}
	default:
		return contextError(ctx, endpoint)
	}
}

func (c *Client) newRequest(ctx context.Context, path, query string) *http.Request {
	target := c.base.JoinPath(path)
	target.RawQuery = query
	req := (&http.Request{
		Method: http.MethodGet,
		URL:    target,
		Host:   target.Host,
		Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"difygraph"}},
	}).WithContext(withServer(ctx, c.server))
	c.key.authorize(req)
	return req
}

// exchange sends the request by the transport itself and not by an http.Client: that would follow redirects, and carry the
// key to where they point.
func (c *Client) exchange(req *http.Request) (*answer, *Error) {
	sentAt := time.Now().UTC()
	resp, requests, err := c.attempt(req)
	if err != nil {
		return nil, &Error{Kind: KindUnavailable, Requests: requests, cause: transportCause(err)}
	}
	defer resp.Body.Close()
	resp.Body = metered(req.Context(), resp.Body)
	version := ParseVersion(resp.Header.Get("X-Version"))
	c.noteVersion(version)
	body, failure := readAnswer(resp)
	if failure != nil {
		failure.version, failure.Requests = version, requests
		return nil, failure
	}
	return &answer{body: body, contentType: mediaType(resp.Header), version: version, sentAt: sentAt, requests: requests}, nil
}

// explain completes the error of a call. Where a context ended, that is what the failure comes from; an error status that
// arrived before says more.
func (c *Client) explain(ctx, callCtx context.Context, endpoint string, failure *Error) error {
	if ctx.Err() != nil {
		return contextError(ctx, endpoint)
	}
	if callCtx.Err() != nil && failure.Kind != KindStatus {
		failure = &Error{Kind: KindTimeout, Status: failure.Status, Requests: failure.Requests}
	}
	failure.endpoint = endpoint
	failure.Code, failure.Message = c.key.redact(failure.Code), c.key.redact(failure.Message)
	return failure
}
