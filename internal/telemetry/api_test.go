package telemetry

import (
	"context"
	"encoding/json"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

const sdl = `
	directive @cost(weight: Int!) on FIELD_DEFINITION
	scalar UUID
	type Query {
		workflowRun(uuid: UUID!): WorkflowRun
		failing: String
		_service: String
	}
	type WorkflowRun {
		status: String
		inputs: String @cost(weight: 10)
		version: String
	}`

// api executes as gqlgen's generated code does, without its types: objects that a resolver gives are maps, whose fields are
// resolved in turn.
type api struct {
	schema  *ast.Schema
	resolve func(ctx context.Context, field string, args map[string]any) (any, error)
}

func newAPI(resolve func(context.Context, string, map[string]any) (any, error)) *api {
	return &api{gqlparser.MustLoadSchema(&ast.Source{Input: sdl}), resolve}
}

func (a *api) Schema() *ast.Schema { return a.schema }

func (a *api) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (a *api) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	return func(ctx context.Context) *graphql.Response {
		data, err := json.Marshal(a.object(ctx, op, "Query", op.Operation.SelectionSet))
		if err != nil {
			panic(err)
		}
		return &graphql.Response{Data: data}
	}
}

func (a *api) object(ctx context.Context, op *graphql.OperationContext, of string, selected ast.SelectionSet) map[string]any {
	object := make(map[string]any)
	for _, field := range graphql.CollectFields(op, selected, []string{of}) {
		object[field.Alias] = a.field(ctx, op, of, field)
	}
	return object
}

func (a *api) field(ctx context.Context, op *graphql.OperationContext, of string, field graphql.CollectedField) any {
	ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: of, Field: field, IsResolver: field.Name != "status"})
	result, err := op.ResolverMiddleware(ctx, func(ctx context.Context) (any, error) {
		return a.resolve(ctx, field.Name, field.ArgumentMap(op.Variables))
	})
	if err != nil {
		graphql.AddError(ctx, err)
		return nil
	}
	if _, ok := result.(map[string]any); ok {
		return a.object(ctx, op, field.Definition.Type.Name(), field.Selections)
	}
	return result
}
