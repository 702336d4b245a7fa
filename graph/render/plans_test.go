package render

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/generated"
	"github.com/difygraph/difygraph/graph/viewer"
)

// scopes are a viewer's.
type scopes map[viewer.Scope]bool

func (scopes) MayRead(string) bool           { return true }
func (s scopes) Has(scope viewer.Scope) bool { return s[scope] }

// operation is the context of a list in a document, and the list's field.
func operation(t *testing.T, who scopes, query string) (context.Context, graphql.CollectedField) {
	t.Helper()
	document, errs := gqlparser.LoadQueryWithRules(generated.NewExecutableSchema(generated.Config{}).Schema(), query, nil)
	if errs != nil {
		t.Fatal(errs)
	}
	connection, _ := document.Operations[0].SelectionSet[0].(*ast.Field)
	list, _ := connection.SelectionSet[0].(*ast.Field)
	ctx := graphql.WithOperationContext(viewer.NewContext(t.Context(), who), &graphql.OperationContext{Doc: document})
	return ctx, graphql.CollectedField{Field: list, Selections: list.SelectionSet}
}

// TestPlansAreKept holds that a list is planned once for each document and for what the viewer may see, unless a variable
// says what is included.
func TestPlansAreKept(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{
		`{ workflowLogs { nodes { id } } }`:                                                                         2,
		`query($a: Boolean!) { workflowLogs { nodes { id @skip(if: $a) } } }`:                                       4,
		`query($a: Boolean!) { workflowLogs { nodes { ...F } } } fragment F on WorkflowLog { id @include(if: $a) }`: 4,
		`{ workflowLogs { nodes { id @skip(if: true) uuid } } }`:                                                    2,
	} {
		var p plans
		made := 0
		ctx, list := operation(t, scopes{viewer.Content: true}, query)
		for range 2 {
			p.of(ctx, list, func() *plan { made++; return new(plan) })
			p.of(viewer.NewContext(ctx, scopes{}), list, func() *plan { made++; return new(plan) })
		}
		if made != want {
			t.Errorf("%s is planned %d times, want %d", query, made, want)
		}
	}
}
