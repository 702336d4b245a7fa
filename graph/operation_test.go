package graph

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestOperationLeavesOnce, whatever its client asks for after its answer. A subscription leaves once it has begun: while it waits for an
// event it holds nothing.
func TestOperationLeavesOnce(t *testing.T) {
	t.Parallel()
	for operation, want := range map[ast.Operation]int{ast.Query: 5, ast.Subscription: startPrice} {
		t.Run(string(operation), func(t *testing.T) {
			t.Parallel()
			left, spent := make(chan int, 10), &estimate{foreseen: 11, taken: new(atomic.Int64)}
			admit := func(ctx context.Context, _ int) (context.Context, func(int), error) {
				return ctx, func(spent int) { left <- spent }, nil
			}
			ctx := graphql.WithOperationContext(t.Context(), &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: operation}})
			graphql.GetOperationContext(ctx).Stats.SetExtension(estimateStat, spent)
			respond := operations{&Resolver{Admit: admit}}.InterceptOperation(ctx, func(context.Context) graphql.ResponseHandler {
				return func(context.Context) *graphql.Response {
					spent.taken.Add(5)
					return new(graphql.Response)
				}
			})
			for range 3 {
				respond(ctx)
			}
			if got := <-left; got != want || len(left) > 0 {
				t.Errorf("left with %d spent, and %d times more; want %d", got, len(left), want)
			}
		})
	}
}

// TestOperationLeavesAfterAPanic: neither where it begins nor where it answers one holds what it was admitted to.
func TestOperationLeavesAfterAPanic(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]graphql.OperationHandler{
		"begins": func(context.Context) graphql.ResponseHandler { panic("begins") },
		"answers": func(context.Context) graphql.ResponseHandler {
			return func(context.Context) *graphql.Response { panic("answers") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := 0
			admit := func(ctx context.Context, _ int) (context.Context, func(int), error) { //nolint:unparam // as Admit has it
				return ctx, func(int) { left++ }, nil
			}
			ctx := graphql.WithOperationContext(t.Context(), &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: ast.Subscription}})
			graphql.GetOperationContext(ctx).Stats.SetExtension(estimateStat, &estimate{taken: new(atomic.Int64)})
			func() {
				defer func() { _ = recover() }()
				operations{&Resolver{Admit: admit}}.InterceptOperation(ctx, next)(ctx)
			}()
			if left != 1 {
				t.Errorf("left %d times", left)
			}
		})
	}
}
