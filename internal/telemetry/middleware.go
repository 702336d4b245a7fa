package telemetry

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/difygraph/difygraph/graph/code"
)

// Middleware tells of each request to the route once it is served, refused ones included; it belongs around whatever may
// refuse. It does not tell of browsers' preflights, which ask for no operation. The route is for names of spans.
func (t *Telemetry) Middleware(route string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return &endpoint{t, route, next} }
}

// statusClientClosedRequest is for requests whose client did not wait for the answer: nobody got one, and nothing went wrong.
// HTTP has no such status; proxies log this one.
const statusClientClosedRequest = 499

type endpoint struct {
	*Telemetry
	route string
	next  http.Handler
}

// ServeHTTP tells of a request even where its handler panics.
func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodOptions {
		e.next.ServeHTTP(w, r)
		return
	}
	began := time.Now()
	kept := new(record)
	ctx, span := e.startRequest(r.Context(), r, e.route)
	answer := &responseWriter{ResponseWriter: w}
	defer func() {
		told := line{method: knownMethod(r.Method), status: answer.status, duration: time.Since(began)}
		if answer.status == http.StatusSwitchingProtocols {
			endRequest(span, answer.status, code.OK)
			e.counts.stranger(kept.refused)
			return // it was no operation, but had some, of which [Telemetry.Operation] tells
		}
		if r.Context().Err() != nil && !kept.isSubscription() { // net/http ends it where the client is gone
			told.status, kept.codes, kept.failed = statusClientClosedRequest, nil, nil
		}
		e.finish(ctx, span, kept, told)
	}()
	e.next.ServeHTTP(answer, r.WithContext(withRecord(ctx, kept)))
	answer.note(http.StatusOK) // as net/http does where a handler writes nothing
}

// Operation begins to tell of an operation of a WebSocket, as of a request of its own. end is called once it has ended, by the
// goroutine that runs it.
func (t *Telemetry) Operation(ctx context.Context) (begun context.Context, end func()) {
	began, kept := time.Now(), new(record)
	kept.caller = recordOf(ctx).caller
	return withRecord(ctx, kept), func() {
		t.finish(ctx, noSpan, kept, line{method: socketMethod, status: http.StatusOK, duration: time.Since(began)})
	}
}

// socketMethod stands in the place of an HTTP method.
const socketMethod = "WEBSOCKET"

func (t *Telemetry) finish(ctx context.Context, span trace.Span, kept *record, told line) {
	worst := kept.worst(told.status)
	endRequest(span, told.status, worst)
	name := cmp.Or(t.listedName(kept.hash), "other")
	t.counts.operation(name, worst, kept.codes)
	if !kept.isSubscription() { // one lasts as long as its client wants
		t.counts.duration(name, told.duration)
	}
	t.counts.stranger(kept.refused)
	if !kept.quiet {
		told.write(ctx, t.log, kept)
	}
}

// responseWriter remembers the status.
type responseWriter struct {
	http.ResponseWriter
	status int
}

func (a *responseWriter) note(status int) {
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) { // others below announce an answer
		a.status = status
	}
}

func (a *responseWriter) WriteHeader(status int) {
	a.note(status)
	a.ResponseWriter.WriteHeader(status)
}

func (a *responseWriter) Write(p []byte) (int, error) {
	a.note(http.StatusOK)
	return a.ResponseWriter.Write(p)
}

// Unwrap is for [http.ResponseController].
func (a *responseWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// knownMethod is the method, unless the client made it up.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return method
	default:
		return "_OTHER" // as OpenTelemetry has it
	}
}
