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
// default. gqlgen takes its null for 0 or an empty text, as far as the type has one; of others [Present] says what it was.
func (operations) InterceptField(ctx context.Context, next graphql.Resolver) (any, error) {
	if null := nullArgument(ctx); null != nil {
		return nil, null
	}
	return next(ctx)
}

// nullArgument is the error for a variable in the arguments of the field under way that is null and must not be; nil if there is
// none.
func nullArgument(ctx context.Context) error {
	arguments := graphql.GetFieldContext(ctx).Field.Arguments
	if len(arguments) == 0 {
		return nil
	}
	variables := graphql.GetOperationContext(ctx).Variables
	for _, argument := range arguments {
		if null, at := nullIn(argument.Value, variables); null != nil {
			reason := fmt.Sprintf("$%s is null, and %s is expected where it stands", null.Raw, null.ExpectedType)
			return &list.InputError{Argument: argument.Name + at, Reason: reason}
		}
	}
	return nil
}

// nullIn is a variable within a value that is null and must not be, and where in the value it stands; nil if there is none.
func nullIn(v *ast.Value, variables map[string]any) (null *ast.Value, at string) {
	if v.Kind == ast.Variable {
		value, given := variables[v.Raw]
		if given && value == nil && v.ExpectedType != nil && v.ExpectedType.NonNull {
			return v, ""
		}
		return nil, ""
	}
	for i, child := range v.Children {
		if null, at = nullIn(child.Value, variables); null == nil {
			continue
		}
		if v.Kind == ast.ListValue {
			return null, fmt.Sprintf("[%d]%s", i, at)
		}
		return null, "." + child.Name + at
	}
	return nil, ""
}
