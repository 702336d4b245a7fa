// Package difyapi is a typed client for Dify's Service API.
//
// A [Client] speaks for one Dify app: a base URL and an API key, which selects the app. Every request takes one path through
// client.go: it waits for a free slot, sends the key, bounds the time and the size of the answer, and turns every failure
// into an [Error]. Pages of the log are read by page_reader.go where they are as Dify writes them, else like all other answers by
// decode.go. Above that path there is one file per resource: workflow_logs.go, workflow_run.go, workflow_run_events.go, end_user.go, info.go. Every
// result has a [Receipt]: the server's version, when it was asked, and the size of its answer.
//
// Dify's quirks end here. Unix seconds, times of RFC 822 and times without a zone become [time.Time] in UTC, `service_api`
// becomes `service-api`, strings that hold JSON become JSON ([Variables]), pages that are not Dify's become errors, and what a
// server is too old for can be asked of [LogQuery.UnsupportedBy].
//
// # Not found
//
// Of an id that the app does not have, Dify says so by a 404 with its own code, by nulls before 1.13.0, and on 1.13.0 by the
// same 500 as for a failure. The first two are [IsNotFound], the last is [IsPossiblyNotFound]. Any other answer, a 404
// of a proxy among them, is a failure and tells nothing of the id. An answer about another id than was asked for is refused.
//
// # Order and paging
//
// Dify orders log entries by created_at and by nothing else, in whole seconds, and pages by OFFSET. Entries of one second
// come in an order that differs from query to query, so a page number is no position: whoever reads a list by page number
// loses entries. [Client.EachWorkflowLog] reads by time instead.
//
// # Versions
//
// A server that does not know a query parameter ignores it and answers unfiltered rows. Every answer of Dify carries its
// version in the header X-Version; [Client.Version] remembers it, and [Client.SettledVersion] tells whether it is worth
// asking for it by [Client.Info]. An endpoint that the server does not have is [IsUnsupported]. Before 1.7.0 a run's detail is shown to every key: [Version.ScopesWorkflowRuns].
//
// # Secrets
//
// The API key is sent to Dify and goes nowhere else. No error, log value or formatted value of this package has it in it, and
// no error names the server. What an event of a run has in it that would let one act, such as the token of a form, is left out.
package difyapi

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
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
	streams     int // of the connections
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
		streams:     opts.StreamsPerServer,
		transport:   opts.Transport,
		breaks:      opts.Resilience.Breaker,
		configured:  opts.Version,
	}
	if opts.Resilience.Retries > 0 {
		c.retrier = newRetrier(opts.Resilience.Retries)
	}
	return c, nil
}

// Origin is what the base URL has before the path. Clients of one origin share its connections.
func (c *Client) Origin() string { return c.base.Scheme + "://" + c.base.Host }

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
	date        time.Time
	requests    int
}

// get is the one way to Dify: it sends GET path?query, and reads the answer. The endpoint's name in errors is made of the path.
func (c *Client) get(ctx context.Context, path, query string) (*answer, error) {
	got, err := c.ask(ctx, path, query)
	if answeredByDify(err) {
		c.found.Store(true)
	}
	err = c.judgeMissing(ctx, path, err)
	c.health.note(err)
	return got, err
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
		return nil, allowanceSpent(endpoint)
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
		return &Error{Kind: KindUnavailable, endpoint: endpoint, cause: err}
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
		refused, _ := errors.AsType[proxyRefusal](err)
		return nil, &Error{Kind: KindUnavailable, Status: int(refused), Requests: requests, cause: transportCause(err)}
	}
	defer resp.Body.Close()
	resp.Body = metered(req.Context(), resp.Body)
	version := ParseVersion(resp.Header.Get("X-Version"))
	c.noteVersion(version)
	body, failure := readAnswer(resp)
	contentType := tellable(mediaType(resp.Header))
	if failure != nil {
		failure.version, failure.Requests, failure.ContentType = version, requests, contentType
		return nil, failure
	}
	return &answer{body: body, contentType: contentType, version: version, sentAt: sentAt, date: dateOf(resp.Header), requests: requests}, nil
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

// apiKey holds a key behind a function, because fmt cannot look into one: not even a client that is printed field by
// field, as part of another struct, shows its key.
type apiKey struct {
	reveal func() string
}

// newAPIKey refuses what cannot be sent in an HTTP header or can only be a slip of the hand.
func newAPIKey(key string) (apiKey, error) {
	if key == "" {
		return apiKey{}, &OptionError{Option: "APIKey", Reason: "it is empty; Dify shows an app's key under API Access"}
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return apiKey{}, &OptionError{Option: "APIKey", Reason: "it must be printable ASCII without blanks and line breaks, the key alone without Bearer"}
	}
	return apiKey{reveal: func() string { return key }}, nil
}

// authorize puts the key into a request.
func (k apiKey) authorize(req *http.Request) {
	req.Header.Set("Authorization", "Bearer "+k.reveal())
}

// redact takes the key out of a text that came from outside: a proxy may repeat the headers that it was sent.
func (k apiKey) redact(text string) string {
	return strings.ReplaceAll(text, k.reveal(), redacted)
}

// redacted stands where a key was.
const redacted = "[redacted]"

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

// ErrAllowanceSpent is wrapped by the error of a call of which nothing was sent, because the allowance of its context is used
// up. It is no [Error]: neither Dify nor the way to it is at fault.
var ErrAllowanceSpent = errors.New("the allowance of requests is used up")

func allowanceSpent(endpoint string) error {
	return fmt.Errorf("dify: %s: %w", endpoint, ErrAllowanceSpent)
}

type allowanceKey struct{}

// WithAllowance has every request under the context asked for before it is sent: each try of a call, the question for a
// version, and what net/http sends again where a connection that it kept is dead. Where allow returns false, nothing is sent. A
// call that was tried before then ends with what became of the last try. allow has to be safe for concurrent use.
func WithAllowance(ctx context.Context, allow func() bool) context.Context {
	return context.WithValue(ctx, allowanceKey{}, allow)
}

// allowed takes one request from the context's allowance; all are allowed where it has none.
func allowed(ctx context.Context) bool {
	allow, ok := ctx.Value(allowanceKey{}).(func() bool)
	return !ok || allow()
}

// Bounds on what a connection may take. The wait for the first byte of an answer has none of its own: Dify sends nothing before
// a page is computed, which takes long in a large database.
const (
	connectTimeout = 5 * time.Second // for TCP, and again for TLS
	// idleTimeout is shorter than the two seconds after which gunicorn closes idle connections, so that no request meets one
	// that the server has just closed; and an idle connection holds one of a Dify's few places.
	idleTimeout = time.Second
	// maxConnectionsPerServer is no limit that is ever met: those of the servers are.
	maxConnectionsPerServer = 1000
)

// NewTransport makes a transport for clients. Connections that clients of a [Pool] need are bounded by server.
// It takes the proxy from the environment, asks for gzip, and bounds an answer's header to 64 KiB.
//
// It speaks HTTP/1.1 alone. There each call has a connection, which the limits count, and a connection that is dead goes with the
// call that finds out. One of HTTP/2 would serve on, and make call after call time out; and gunicorn, which serves Dify,
// does not speak it.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 30 * time.Second}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		OnProxyConnectResponse: proxyCause,
		DialContext:            dialWithin(dialer.DialContext),
		Protocols:              protocols,
		TLSClientConfig:        &tls.Config{ClientSessionCache: tls.NewLRUClientSessionCache(0)}, // connections are short
		TLSHandshakeTimeout:    connectTimeout,
		MaxIdleConns:           0, // no bound over all hosts: the bound per server is the one that matters
		MaxIdleConnsPerHost:    maxConnectionsPerServer,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

type serverKey struct{}

// withServer lets connections that requests under the context need count as the server's.
func withServer(ctx context.Context, s *server) context.Context {
	return context.WithValue(ctx, serverKey{}, s)
}

// dialWithin lets connections wait until their server may have one more.
func dialWithin(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if s, ok := ctx.Value(serverKey{}).(*server); ok {
			return s.dial(ctx, dial, network, address)
		}
		return dial(ctx, network, address)
	}
}
