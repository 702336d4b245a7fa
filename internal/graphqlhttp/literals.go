package graphqlhttp

import (
	"fmt"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// literalsRule finds the values in a document that gqlparser's own rule lets pass: an Int of more than 32 bits, {} for a
// scalar or an enum, and numbers within custom scalars that no Go type holds (execution would panic on those).
var literalsRule = validator.Rule{
	Name: "StrictLiterals",
	RuleFunc: func(observers *validator.Events, addError validator.AddErrFunc) {
		observers.OnValue(func(_ *validator.Walker, v *ast.Value) {
			if problem := literalProblem(v); problem != "" {
				addError(validator.Message("%s", problem), at(v.Position))
			}
		})
	},
}

func literalProblem(v *ast.Value) string {
	switch v.Kind {
	case ast.IntValue, ast.FloatValue:
		return numberProblem(v)
	case ast.ObjectValue:
		return objectProblem(v)
	default:
		return ""
	}
}

func objectProblem(v *ast.Value) string {
	if v.Definition != nil && (v.Definition.Kind == ast.Enum || isStandardScalar(v.Definition)) {
		return fmt.Sprintf("Expected value of type %q, found an object.", v.ExpectedType.String())
	}
	return ""
}

func numberProblem(v *ast.Value) string {
	_, err := v.Value(nil)
	switch {
	case v.Definition == nil || v.Definition.Kind == ast.Scalar && !isStandardScalar(v.Definition):
		if err != nil {
			return fmt.Sprintf("The number %s is out of range.", shorten(v.Raw))
		}
	case err == nil && v.Kind == ast.IntValue && v.Definition.Name == "Int":
		if _, err := strconv.ParseInt(v.Raw, 10, 32); err != nil {
			return "Int cannot represent non 32-bit signed integer value: " + v.Raw
		}
	}
	return "" // gqlparser finds what else is wrong with it
}

// isStandardScalar tells whether the specification says which values the type has.
func isStandardScalar(d *ast.Definition) bool {
	switch d.Name {
	case "Int", "Float", "String", "Boolean", "ID":
		return d.Kind == ast.Scalar
	default:
		return false
	}
}
