package telemetry

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Transport tells of the requests that base sends to the app's Dify. Each counts for the operation that began it, also where
// others wait for its answer; its span is below that operation's, or below its resolver's where that called by itself.
func (t *Telemetry) Transport(app string, base http.RoundTripper) http.RoundTripper {
	return &transport{Telemetry: t, app: app, base: base}
}

type transport struct {
	*Telemetry
	app  string
	base http.RoundTripper
}

// RoundTrip passes on the request, with the traceparent of its span, and the answer.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	recordOf(r.Context()).calls.Add(1)
	if t.tracer == nil && t.counts == nil {
		return t.base.RoundTrip(r)
	}
	route := routeOf(r.URL.Path)
	ctx, span := t.startCall(r.Context(), route)
	c := &call{telemetry: t.Telemetry, ctx: ctx, span: span, began: time.Now(), app: t.app, route: route}
	response, err := t.base.RoundTrip(withTraceparent(ctx, r))
	if err != nil {
		c.end(err)
		return nil, err
	}
	c.status = response.StatusCode
	response.Body = &body{ReadCloser: response.Body, call: c}
	return response, nil
}

func (t *transport) startCall(ctx context.Context, route string) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	return t.tracer.Start(ctx, "GET "+route, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.HTTPRequestMethodGet, semconv.URLTemplate(route), attribute.String("difygraph.app", t.app)))
}

// withTraceparent is a copy of the request, which is not the transport's to change.
func withTraceparent(ctx context.Context, r *http.Request) *http.Request {
	r = r.WithContext(ctx)
	r.Header = r.Header.Clone()
	propagation.TraceContext{}.Inject(ctx, traceparent(r.Header))
	return r
}

// call is a request to Dify, from its beginning to the end of its answer.
type call struct {
	telemetry  *Telemetry
	ctx        context.Context
	span       trace.Span
	began      time.Time
	app, route string
	status     int // 0 until there is an answer
	once       sync.Once
}

// end tells of the call, once. The error is why it has no answer, or not a whole one.
func (c *call) end(err error) {
	c.once.Do(func() {
		outcome := c.outcome(err)
		c.telemetry.counts.call(c.app, c.route, outcome, time.Since(c.began))
		if c.status != 0 {
			c.span.SetAttributes(semconv.HTTPResponseStatusCode(c.status))
		}
		if err != nil || c.status >= http.StatusBadRequest {
			fail(c.span, outcome)
		}
		c.span.End()
	})
}

// outcome is the class of the status, or in a word why there is no whole answer.
func (c *call) outcome(err error) string {
	switch {
	case err == nil:
		return strconv.Itoa(c.status/100) + "xx"
	case errors.Is(c.ctx.Err(), context.Canceled):
		return "canceled"
	case c.ctx.Err() != nil:
		return "timeout"
	case c.status == 0:
		return "unreachable"
	default:
		return "cut"
	}
}

// body notes how reading an answer ends.
type body struct {
	io.ReadCloser
	call *call
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		b.call.end(err)
	}
	return n, err
}

func (b *body) Close() error {
	b.call.end(nil)
	return b.ReadCloser.Close()
}

// routeOf is the endpoint of Dify's that a path ends with. What stands before it is the server's.
func routeOf(path string) string {
	rest, last := cutLast(path)
	rest, parent := cutLast(rest)
	_, grandparent := cutLast(rest)
	switch {
	case grandparent == "workflows" && parent == "run":
		return "/workflows/run/{id}"
	case parent == "end-users":
		return "/end-users/{id}"
	case parent == "workflows" && last == "logs":
		return "/workflows/logs"
	case last == "info":
		return "/info"
	default:
		return "other"
	}
}

func cutLast(path string) (before, last string) {
	i := max(strings.LastIndexByte(path, '/'), 0)
	return path[:i], strings.TrimPrefix(path[i:], "/")
}
