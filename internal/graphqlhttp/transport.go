// Package graphqlhttp serves GraphQL over HTTP in place of gqlgen's stock transports: what the GraphQL-over-HTTP
// specification asks for in full, with checks of a document's size before it is validated, variables read as strictly as
// the GraphQL specification has it, and persisted operations.
//
// A request goes through these steps, and ends at the first that refuses it:
//
//	method, Upgrade, Accept, Content-Type, Content-Encoding   negotiation.go
//	body or query string, within what all requests may hold   request.go, pool.go
//	payment for its bytes                                     request.go
//	query, and variables and extensions as they came          request.go, json.go
//	the text of a persisted operation                         persisted.go, operations.go
//	payment for reading the document, unless it is kept       documents.go
//	tokens, parsing, sizes                                    documents.go, limits.go, size.go
//	the operation that is meant, and whether its method may run it
//	validation                                                validation.go, merge.go
//	the variables that it declares                            variables.go, scalars.go
//	how many values its arguments come to, and payment        uses.go
//	gqlgen's executor, with its extensions                    transport.go, answers.go
//	the answer                                                response.go
//
// Where the schema has subscriptions, operations are also answered by server-sent events and in parts of a multipart body
// (stream.go), and over WebSockets (socket.go). Each operation of a socket goes through all of these steps but the first.
//
// What is done before the executor grows no faster than the request's bytes: memory is taken from the pool, the passes over a
// document count their steps (size.go) and end with the request's context, and nothing is built of JSON that is not used.
//
// A document that came through validation is kept, so that it is parsed, measured and validated once.
package graphqlhttp

import (
	"context"
	"errors"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// Options are what a Transport can be told. The zero value has the defaults of each field.
type Options struct {
	// MaxBodyBytes bounds a request's body and its query string; 1 MiB if 0.
	MaxBodyBytes int64
	// InFlightBytes bounds what all requests hold at once, from their bodies' first byte until their operations end, decoded
	// variables included; 32 MiB if 0, and never less than a few of the largest bodies take. A request that finds none
	// left waits up to a second, and is then refused as OVERLOADED.
	InFlightBytes int64
	// Caller names who sent a request: one caller alone can hold half of InFlightBytes at most. All are one if it is nil.
	Caller func(context.Context) string
	// Charge is told the size of a request's body or query string once it is known, before anything is decoded. Its error
	// refuses the request. Where bytes are owed they have been read already, of a body that did not announce them and that may
	// be refused for another reason. It can be nil.
	Charge func(ctx context.Context, bytes int, owed bool) *gqlerror.Error
	// ChargeReading is told what a request takes beside its bytes, before it is done: to parse and validate a document that is not
	// kept, 1 for each byte; and to make the operation's price and its arguments, 1 for each of their values, and 2 for each field, all
	// fragments put in place. Its error refuses the request. It can be nil.
	ChargeReading func(ctx context.Context, amount int) *gqlerror.Error
	// Limits bound a document before it is validated.
	Limits Limits
	// DocumentBytes bounds the memory of the documents that are kept, roughly; 32 MiB if 0.
	DocumentBytes int64
	// Persisted says which operations can be asked for by their hash.
	Persisted Persisted
	// NoIntrospection refuses __schema and __type. __typename and fields of the schema's own are served all the same.
	NoIntrospection bool
	// NoSuggestions leaves "Did you mean" out of validation's messages, since it tells names of the schema.
	NoSuggestions bool
	// MaxErrors and MaxErrorBytes bound the errors of one answer: 100 and 64 KiB if 0. The last error says how many
	// were left out.
	MaxErrors, MaxErrorBytes int
	// Streams are what subscriptions need. They are of no use where the schema has none.
	Streams Streams
}

// Transport answers every request to a GraphQL endpoint; none needs another transport. It is safe for concurrent use.
type Transport struct {
	options   Options
	documents *documents
	persisted *persisted
	pool      *pool
	streams   *Streams // nil where the schema has no subscription: then no transport of theirs is served
}

var _ graphql.Transport = (*Transport)(nil)

// New makes a transport for a schema. It fails if one of the operations of Options.Persisted is not valid in the schema,
// or larger than the limits, or if only those are to be run and there are none.
func New(schema *ast.Schema, o Options) (*Transport, error) {
	if o.Persisted.OnlyListed && o.Persisted.Listed == nil {
		return nil, errors.New("only listed operations are to be run, and there is no list")
	}
	o = o.withDefaults()
	t := &Transport{options: o, documents: newDocuments(schema, o), persisted: newPersisted(o.Persisted), pool: newPool(o.InFlightBytes)}
	if schema.Subscription != nil {
		t.streams = &t.options.Streams
	}
	if err := t.documents.checkListed(o.Persisted.Listed); err != nil {
		return nil, err
	}
	return t, nil
}

func (o Options) withDefaults() Options {
	o.MaxBodyBytes = orDefault(o.MaxBodyBytes, 1<<20)
	o.DocumentBytes = orDefault(o.DocumentBytes, 32<<20)
	o.MaxErrors = orDefault(o.MaxErrors, 100)
	o.MaxErrorBytes = orDefault(o.MaxErrorBytes, 64<<10)
	o.Limits = o.Limits.withDefaults()
	o.Streams = o.Streams.withDefaults()
	largest := 2*o.MaxBodyBytes + decodedBytes(int(o.MaxBodyBytes), o.Limits.Values)
	o.InFlightBytes = max(orDefault(o.InFlightBytes, 32<<20), 4*largest)
	if o.Caller == nil {
		o.Caller = func(context.Context) string { return "" }
	}
	o.Persisted.AutomaticBytes = orDefault(o.Persisted.AutomaticBytes, 8<<20)
	return o
}

func orDefault[N int | int64](n, otherwise N) N {
	if n == 0 {
		return otherwise
	}
	return n
}

// Mount makes a server answer by this transport alone, and execute the documents that it prepares.
func (t *Transport) Mount(server *handler.Server) {
	server.SetQueryCache(Documents{})
	server.AddTransport(t)
}

// Supports is true: what this transport does not serve, it refuses in GraphQL's form.
func (t *Transport) Supports(*http.Request) bool { return true }

// Do answers one request.
func (t *Transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if f := t.answer(w, r, exec); f != nil {
		t.refuse(w, r, f)
	}
}

// answer runs the request's operation and writes its response; or it writes nothing, and returns why there is no operation
// to run.
func (t *Transport) answer(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) *failure {
	accepted, f := t.admit(r)
	if f != nil {
		return f
	}
	if accepted.socket {
		return t.serveSocket(w, r, exec)
	}
	held := t.lease(r.Context())
	defer held.settle(0)
	asked, f := t.read(w, r, held)
	if f != nil {
		return f
	}
	ctx, f := t.prepare(r.Context(), asked, r.Method, held)
	if f == nil {
		f = accepted.check(asked.kind)
	}
	if f != nil && f.status != 0 {
		return f
	}
	answers := t.answers(ctx, exec, asked, f)
	if framing, ok := framings[accepted.media(asked.kind)]; ok {
		t.stream(w, framing, answers)
		return nil
	}
	for a := range answers {
		t.write(w, r, accepted.single, a)
		break
	}
	return nil
}

func (t *Transport) lease(ctx context.Context) *lease {
	return &lease{pool: t.pool, caller: t.options.Caller(ctx)}
}

// run executes the operation, or has the executor present the errors because of which there is none.
func run(ctx context.Context, exec graphql.GraphExecutor, p *graphql.RawParams, f *failure) *graphql.Response {
	if f != nil {
		return rescued(ctx, exec, func() *graphql.Response {
			return exec.DispatchError(graphql.WithOperationContext(ctx, unprepared(p)), f.errors)
		})
	}
	next, ctx, refused := begin(ctx, exec, p)
	if refused != nil {
		return refused
	}
	if resp := next(ctx); resp != nil {
		return resp
	}
	// The executor has no answer once the context is over: its time was up, or the client is gone.
	err := context.Cause(ctx)
	if err == nil {
		err = errors.New("the operation has no answer")
	}
	return fail(ctx, exec, err)
}

// begin has the executor begin the operation, or refuse it. The context is for the handler.
func begin(ctx context.Context, exec graphql.GraphExecutor, p *graphql.RawParams) (
	next graphql.ResponseHandler, inner context.Context, refused *graphql.Response,
) {
	var respond graphql.ResponseHandler
	refused = rescued(ctx, exec, func() *graphql.Response {
		op, errs := exec.CreateOperationContext(ctx, p)
		if errs != nil {
			return exec.DispatchError(graphql.WithOperationContext(ctx, op), errs)
		}
		respond, inner = exec.DispatchOperation(ctx, op)
		return nil
	})
	next = func(ctx context.Context) *graphql.Response {
		return rescued(ctx, exec, func() *graphql.Response { return respond(ctx) })
	}
	return next, inner, refused
}

// fail has the executor present an error of an operation that has begun.
func fail(ctx context.Context, exec graphql.GraphExecutor, err error) *graphql.Response {
	return rescued(ctx, exec, func() *graphql.Response {
		return exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)})
	})
}

// rescued is the answer that f makes, or that of its panic.
func rescued(ctx context.Context, exec graphql.GraphExecutor, f func() *graphql.Response) (resp *graphql.Response) {
	defer func() {
		if panicked := recover(); panicked != nil {
			resp = recovered(ctx, exec, panicked)
		}
	}()
	return f()
}

// unprepared is the operation context of a request that has no operation: extensions may look at what was asked.
func unprepared(p *graphql.RawParams) *graphql.OperationContext {
	return &graphql.OperationContext{
		RawQuery: p.Query, OperationName: p.OperationName, Variables: p.Variables,
		Extensions: p.Extensions, Headers: p.Headers, Stats: graphql.Stats{Read: p.ReadTime},
	}
}

// presenter is what gqlgen's executor has beside the methods of its interface.
type presenter interface {
	PresentRecoveredError(ctx context.Context, panicked any) error
}

// recovered is the answer when an extension panics. Panics of resolvers never come here: gqlgen makes errors of them.
func recovered(ctx context.Context, exec graphql.GraphExecutor, panicked any) *graphql.Response {
	shown := &gqlerror.Error{Message: "internal error", Extensions: map[string]any{"code": code.InternalServerError}}
	if p, ok := exec.(presenter); ok {
		if e, ok := errors.AsType[*gqlerror.Error](p.PresentRecoveredError(ctx, panicked)); ok {
			shown = e
		}
	}
	return &graphql.Response{Errors: gqlerror.List{shown}}
}

// Inherit takes over what a transport of the same schema has kept, as far as it holds here too: the operations that clients
// have registered, documents where the same ones are valid, and what requests under way hold. To be called before the first request.
func (t *Transport) Inherit(from *Transport) {
	if t.options.InFlightBytes == from.options.InFlightBytes {
		t.pool = from.pool
	}
	own, old := t.persisted, from.persisted
	if own.registered != nil && old.registered != nil && own.options.AutomaticBytes == old.options.AutomaticBytes {
		own.registered = old.registered
	}
	if t.options.validatesAs(from.options) {
		t.documents.kept = from.documents.kept
	}
}

// validatesAs tells whether a document that one transport has kept is valid to the other.
func (o Options) validatesAs(other Options) bool {
	return o.Limits == other.Limits && o.DocumentBytes == other.DocumentBytes && o.NoIntrospection == other.NoIntrospection
}
