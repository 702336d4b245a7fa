package graphqlhttp

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// withEnumMessages gives gqlparser's rule for values other words where an enum's value is wrong: the enum's own name, which
// gqlparser writes as the list that is expected there, and its values. A document that is right costs no more than before.
func withEnumMessages(rule core.RuleFunc, quiet bool) core.RuleFunc {
	return func(observers *validator.Events, addError validator.AddErrFunc) {
		var looked *ast.Value // at which the rule looks
		observers.OnValue(func(_ *validator.Walker, v *ast.Value) { looked = v })
		rule(observers, func(options ...validator.ErrorOption) {
			if def := looked.Definition; def.Kind == ast.Enum && isLeaf(looked) {
				options = []validator.ErrorOption{
					validator.Message("%s", enumProblem(looked)+enumHint(def, looked.Raw, quiet)), at(looked.Position),
				}
			}
			addError(options...)
		})
	}
}

func isLeaf(v *ast.Value) bool {
	switch v.Kind {
	case ast.NullValue, ast.ListValue, ast.ObjectValue, ast.Variable:
		return false
	default:
		return true
	}
}

// enumProblem is in the words that GraphQL's tools have for it.
func enumProblem(v *ast.Value) string {
	if v.Kind == ast.EnumValue {
		return `Value "` + v.Raw + `" does not exist in "` + v.Definition.Name + `" enum.`
	}
	return `Enum "` + v.Definition.Name + `" cannot represent non-enum value: ` + v.String() + "."
}

// maxCompared is how long a text may be that is compared with names: the time that takes is the product of the lengths.
const maxCompared = 64

// enumHint ends a message with the values that are like the one that was written, or else all of them; empty if names of the
// schema are not to be told.
func enumHint(def *ast.Definition, written string, quiet bool) string {
	if quiet {
		return ""
	}
	names := make([]string, len(def.EnumValues))
	for i, value := range def.EnumValues {
		names[i] = value.Name
	}
	if len(written) <= maxCompared {
		if near := core.SuggestionList(written, names); len(near) > 0 {
			return " Did you mean " + core.OrList(near...) + "?"
		}
	}
	return " Its values are " + strings.Join(names, ", ") + "."
}
