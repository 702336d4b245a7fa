package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/list"
)

// InterceptField makes null an error of the field in whose arguments it stands where the schema does not allow it, as the
// specification's "Coercing Field Arguments" has it. Validation lets a variable pass that can be null if it or the place has a
// default, and gqlgen takes its null for 0 or an empty text.
func (operations) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	field := graphql.GetFieldContext(ctx).Field
	if len(field.Arguments) == 0 {
		return next(ctx)
	}
	variables := graphql.GetOperationContext(ctx).Variables
	for _, argument := range field.Arguments {
		if place := nullAt(argument.Value, variables); place != nil {
			return nil, &list.InputError{
				Argument: argument.Name,
				Reason:   fmt.Sprintf("$%s is null, and %s is expected where it stands", place.Raw, place.ExpectedType),
			}
		}
	}
	return next(ctx)
}

// nullAt is where a variable stands that is null and must not be; nil if there is none.
func nullAt(v *ast.Value, variables map[string]any) *ast.Value {
	if v.Kind == ast.Variable {
		value, given := variables[v.Raw]
		if given && value == nil && v.ExpectedType != nil && v.ExpectedType.NonNull {
			return v
		}
		return nil
	}
	for _, child := range v.Children {
		if place := nullAt(child.Value, variables); place != nil {
			return place
		}
	}
	return nil
}
