package telemetry

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/difygraph/difygraph/graph/code"
)

var (
	serviceName    = semconv.ServiceName
	serviceVersion = semconv.ServiceVersion
)

// maxResolverSpans bounds what one operation makes: a row has several fields that call, under as many aliases as are asked.
const maxResolverSpans = 256

// startTracing leaves to the environment which operations are traced (OTEL_TRACES_SAMPLER): by default those that the
// request's traceparent wants traced, and all without one.
func (t *Telemetry) startTracing(exporter sdktrace.SpanExporter, described *resource.Resource) {
	t.traces = sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	t.tracer = t.traces.Tracer(scope)
}

// noSpan is told everything while there is no tracer.
var noSpan trace.Span = noop.Span{}

// startRequest begins the span of a request, below the one that its traceparent names.
func (t *Telemetry) startRequest(ctx context.Context, r *http.Request, route string) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	ctx = propagation.TraceContext{}.Extract(ctx, traceparent(r.Header))
	method := knownMethod(r.Method)
	return t.tracer.Start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route)))
}

func endRequest(span trace.Span, status int, worst code.Class) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	if status != 0 {
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	if status == 0 || status >= http.StatusInternalServerError { // a client's mistake is no error of the server's
		fail(span, worst.String())
	}
}

// identity says which operation it is.
func (r *record) identity() []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.GraphQLOperationTypeKey.String(r.kind),
		semconv.GraphQLOperationName(r.name),
		attribute.String("difygraph.operation.hash", r.hash),
	}
}

func endOperation(span trace.Span, kept *record) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.Int("difygraph.operation.price", kept.account.Price),
		attribute.Int("difygraph.operation.spent", kept.account.Spent),
		attribute.Int("difygraph.operation.rows", kept.account.Rows),
		attribute.Int64("difygraph.operation.calls", kept.calls.Load()),
	)
	if worst := kept.worst(http.StatusOK); worst != code.OK {
		fail(span, worst.String())
	}
}

// fail says of what kind an error was. Its text may repeat what a client or Dify sent.
func fail(span trace.Span, kind string) {
	span.SetAttributes(semconv.ErrorTypeKey.String(kind))
	span.SetStatus(codes.Error, "")
}

// aroundResolvers makes spans for resolvers that call. It is put around the resolvers of one operation alone: around all
// of gqlgen's it would cost each field of each operation an allocation, traced or not.
func (t *Telemetry) aroundResolvers(around graphql.FieldMiddleware) graphql.FieldMiddleware {
	var begun atomic.Int64
	return func(ctx context.Context, resolve graphql.Resolver) (any, error) {
		field := graphql.GetFieldContext(ctx)
		if !mayCall(field) || begun.Add(1) > maxResolverSpans {
			return around(ctx, resolve)
		}
		ctx, span := t.tracer.Start(ctx, field.Object+"."+field.Field.Name) // the schema's names, not the alias
		defer span.End()
		result, err := around(ctx, resolve)
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		return result, err
	}
}

// mayCall tells whether a field may take a call to Dify: one that a query begins with, or whose price the schema has.
func mayCall(field *graphql.FieldContext) bool {
	if !field.IsResolver || strings.HasPrefix(field.Field.Name, "_") && field.Field.Name != "_entities" {
		return false
	}
	if field.Object == "Query" {
		return true
	}
	priced := field.Field.Definition.Directives
	return priced.ForName("cost") != nil || priced.ForName("listSize") != nil
}

// traceparent is a header of which the propagator sees one field alone: tracestate is other systems' data, which is neither
// taken nor passed on.
type traceparent http.Header

const traceparentField = "traceparent"

func (h traceparent) Get(field string) string {
	if field != traceparentField {
		return ""
	}
	return http.Header(h).Get(field)
}

func (h traceparent) Set(field, value string) {
	if field == traceparentField {
		http.Header(h).Set(field, value)
	}
}

func (h traceparent) Keys() []string { return []string{traceparentField} }
