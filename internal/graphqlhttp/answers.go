package graphqlhttp

import (
	"context"
	"errors"
	"iter"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/apart"
)

// Why the server ends what could go on.
var (
	errExpired  = code.New(code.Unauthenticated, "the token has expired: come again with a new one")
	errDraining = code.New(code.Overloaded, "the server is stopping: subscribe again")
)

// answer is one of those of an operation. It has no data if there is no operation, or if it has ended.
type answer struct {
	*graphql.Response

	rows  *apart.Parts
	more  bool  // errors there were that nobody counted
	cause error // errExpired or errDraining where that ends a subscription
}

func errorsAlone(errs gqlerror.List) *answer {
	return &answer{Response: &graphql.Response{Errors: errs}, rows: new(apart.Parts)}
}

// answers are those of an operation, each of them good until the next: one, or as many as a subscription has; and where there is
// a failure, the one that says so. No transport runs an operation in another way.
func (t *Transport) answers(ctx context.Context, exec graphql.GraphExecutor, asked *request, f *failure) iter.Seq[*answer] {
	return func(yield func(*answer) bool) {
		if f == nil && asked.kind == ast.Subscription {
			t.subscribe(ctx, exec, &asked.RawParams, yield)
			return
		}
		ctx, rows := apart.NewContext(ctx)
		defer rows.Drop()
		yield(&answer{Response: run(ctx, exec, &asked.RawParams, f), rows: rows, more: f != nil && f.more})
	}
}

// subscribe gives the answers of a subscription until it or its context ends, its caller is known no more, or the server stops.
func (t *Transport) subscribe(ctx context.Context, exec graphql.GraphExecutor, p *graphql.RawParams, yield func(*answer) bool) {
	leave, refused := t.streams.Subscribe(ctx)
	if refused != nil {
		yield(errorsAlone(run(ctx, exec, p, &failure{errors: gqlerror.List{refused}}).Errors))
		return
	}
	defer leave()
	ctx, cancel := t.streams.bound(ctx)
	defer cancel()
	next, ctx, failed := begin(ctx, exec, p)
	if failed != nil {
		yield(&answer{Response: failed, rows: new(apart.Parts)})
		return
	}
	for {
		goesOn, ended := event(ctx, next, yield)
		if ended {
			break
		}
		if !goesOn {
			return
		}
	}
	if cause := endOf(ctx); cause != nil {
		yield(&answer{Response: fail(context.WithoutCancel(ctx), exec, cause), rows: new(apart.Parts), cause: cause})
	}
}

// event waits for the next event of a subscription and gives its answer. What the event holds is given back with its context.
func event(ctx context.Context, next graphql.ResponseHandler, yield func(*answer) bool) (goesOn, ended bool) {
	ctx, done := context.WithCancel(ctx)
	defer done()
	ctx, rows := apart.NewContext(ctx)
	defer rows.Drop()
	a := &answer{Response: next(ctx), rows: rows}
	if a.Response == nil {
		return true, true
	}
	return yield(a) && len(a.Data) > 0, false
}

// endOf is why the server has ended a subscription, or nil: then it has ended by itself, or the client has left.
func endOf(ctx context.Context) error {
	for _, cause := range []error{errExpired, errDraining} {
		if errors.Is(context.Cause(ctx), cause) {
			return cause
		}
	}
	return nil
}
