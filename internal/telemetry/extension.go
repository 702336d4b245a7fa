package telemetry

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel/trace"
)

// Extension is for gqlgen's server, to be used before all others: those may refuse an operation, and account for it.
func (t *Telemetry) Extension() graphql.HandlerExtension { return extension{t} }

type extension struct{ *Telemetry }

// ExtensionName is how gqlgen calls it.
func (extension) ExtensionName() string { return "Telemetry" }

// Validate has nothing to find: any schema will do.
func (extension) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation looks at an operation from outside of all that admits and executes it.
func (e extension) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	kept := recordOf(ctx)
	kept.describe(graphql.GetOperationContext(ctx))
	ctx, span := e.startOperation(ctx, kept)
	handler := next(ctx)
	if kept.isSubscription() { // the span is of its start: one that has no end is of no use to anybody
		endOperation(span, kept)
		return handler
	}
	return func(ctx context.Context) *graphql.Response {
		leave := e.counts.enter()
		defer leave()
		defer func() { endOperation(span, kept) }()
		response := handler(ctx)
		e.note(ctx, response)
		return response
	}
}

// InterceptResponse also sees the answers of operations that were never executed.
func (e extension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	e.note(ctx, response)
	return response
}

func (e extension) note(ctx context.Context, response *graphql.Response) {
	if response == nil {
		return // the context is over; an error takes the answer's place
	}
	kept := recordOf(ctx)
	if graphql.HasOperationContext(ctx) {
		kept.describe(graphql.GetOperationContext(ctx))
	}
	kept.settle(e.account(ctx, response), response.Errors)
}

// startOperation begins the span of an operation, and has its resolvers begin theirs.
func (t *Telemetry) startOperation(ctx context.Context, kept *record) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	name := kept.kind
	if listed := t.listedName(kept.hash); listed != "" {
		name += " " + listed
	}
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(kept.identity()...))
	if span.IsRecording() {
		op := graphql.GetOperationContext(ctx)
		op.ResolverMiddleware = t.aroundResolvers(op.ResolverMiddleware)
	}
	return ctx, span
}
