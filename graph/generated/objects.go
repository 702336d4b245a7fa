package generated

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/model"
)

// Objects resolves selections of single objects, for the rows that graph/render writes. It is written by hand: gqlgen has a
// function for each type, and no way from outside to one of them.
type Objects struct{ schema *executableSchema }

// NewObjects resolves as an executable schema of the same configuration does.
func NewObjects(cfg Config) Objects {
	return Objects{&executableSchema{SchemaData: cfg.Schema, Resolvers: cfg.Resolvers, Directives: cfg.Directives}}
}

// Marshal resolves the selections of an object of a row within an operation of the schema. It is graphql.Null where a field is
// null that must not be.
func (o Objects) Marshal(ctx context.Context, selections ast.SelectionSet, object any) graphql.Marshaler {
	ec := newExecutionContext(graphql.GetOperationContext(ctx), o.schema, nil)
	switch object := object.(type) {
	case *model.DifyAccount:
		return ec._DifyAccount(ctx, selections, object)
	case *model.DifyApp:
		return ec._DifyApp(ctx, selections, object)
	case *model.EndUser:
		return ec._EndUser(ctx, selections, object)
	case *model.WorkflowLog:
		return ec._WorkflowLog(ctx, selections, object)
	case *model.WorkflowLogEdge:
		return ec._WorkflowLogEdge(ctx, selections, object)
	case *model.WorkflowRun:
		return ec._WorkflowRun(ctx, selections, object)
	default:
		panic(fmt.Sprintf("%T is no object of a row", object))
	}
}
