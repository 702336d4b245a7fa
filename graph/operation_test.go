package graph

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestOperationLeavesOnce, when it has ended, however many answers it has given by then. No schema of today has a subscription, so
// its answers are made here.
func TestOperationLeavesOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		operation ast.Operation
		answers   int
		leaves    bool // the client, before the last answer
		early     int  // how often the operation has left after the first answer
	}{
		"query":                          {ast.Query, 1, false, 1},
		"query, asked for more":          {ast.Query, 3, false, 1},
		"subscription":                   {ast.Subscription, 3, false, 0},
		"subscription, nobody waits":     {ast.Subscription, 3, true, 0},
		"subscription without an answer": {ast.Subscription, 0, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left, spent := make(chan int, 10), &estimate{foreseen: 11, taken: new(atomic.Int64)}
			admit := func(ctx context.Context, _ int) (context.Context, func(int), error) {
				return ctx, func(spent int) { left <- spent }, nil
			}
			ctx, leave := context.WithCancel(graphql.WithOperationContext(t.Context(), &graphql.OperationContext{
				Operation: &ast.OperationDefinition{Operation: test.operation},
			}))
			defer leave()
			graphql.GetOperationContext(ctx).Stats.SetExtension(estimateStat, spent)
			given := 0
			respond := operations{&Resolver{Admit: admit}}.InterceptOperation(ctx, func(context.Context) graphql.ResponseHandler {
				return func(context.Context) *graphql.Response {
					if given == test.answers {
						return nil
					}
					given++
					spent.taken.Add(5)
					return new(graphql.Response)
				}
			})
			respond(ctx)
			if n := len(left); n != test.early {
				t.Errorf("left %d times after the first answer, want %d", n, test.early)
			}
			for !test.leaves && given < test.answers {
				respond(ctx)
			}
			if leave(); test.operation == ast.Subscription && !test.leaves {
				respond(ctx)
			}
			want := 5 * test.answers
			if test.leaves || test.operation == ast.Query {
				want = 5
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
