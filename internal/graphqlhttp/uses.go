package graphqlhttp

import (
	"encoding/json"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/code"
)

// bytesPerValueUsed is how much of a text counts as a value of its own.
const bytesPerValueUsed = 256

// checkUses counts and bounds the values that an operation's arguments come to, each variable's values counted wherever it is used:
// whoever reads arguments afterwards, to make a price or to execute, reads them there.
func (l Limits) checkUses(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) (uses int, f *failure) {
	u := useCounter{fragments: indexFragments(doc), counted: map[string]int{}, variables: map[string]int{}}
	for _, v := range op.VariableDefinitions {
		if value, given := variables[v.Variable]; given {
			u.variables[v.Variable] = countValues(value)
		} else if v.DefaultValue != nil {
			u.variables[v.Variable] = u.value(v.DefaultValue)
		}
	}
	if uses = u.directives(op.Directives) + u.selections(op.SelectionSet); uses > l.ValueUses {
		return uses, invalid(code.BadUserInput, "the operation's arguments come to %s values, those of a variable counted wherever it is used, and "+
			"long texts for more than one; %d are allowed: use long lists and texts in fewer places, or send fewer at once",
			describeCount(uses), l.ValueUses)
	}
	return uses, nil
}

// countValues counts a variable's values.
func countValues(value any) int {
	count := 1
	switch value := value.(type) {
	case string:
		count += len(value) / bytesPerValueUsed
	case json.Number:
		count += len(value) / bytesPerValueUsed
	case []any:
		for _, element := range value {
			count += countValues(element)
		}
	case map[string]any:
		for name, member := range value {
			count += len(name)/bytesPerValueUsed + countValues(member)
		}
	}
	return count
}

// useCounter looks at each fragment once.
type useCounter struct {
	fragments map[string]*ast.FragmentDefinition
	counted   map[string]int // by fragment
	variables map[string]int // values, by variable
}

func (u *useCounter) selections(set ast.SelectionSet) int {
	sum := 0
	for _, selection := range set {
		sum = min(sum+u.selection(selection), uncountable)
	}
	return sum
}

func (u *useCounter) selection(selection ast.Selection) int {
	switch selection := selection.(type) {
	case *ast.Field:
		return u.arguments(selection.Arguments) + u.directives(selection.Directives) + u.selections(selection.SelectionSet)
	case *ast.InlineFragment:
		return u.directives(selection.Directives) + u.selections(selection.SelectionSet)
	case *ast.FragmentSpread:
		return u.directives(selection.Directives) + u.fragment(selection.Name)
	default:
		return 0
	}
}

func (u *useCounter) fragment(name string) int {
	count, ok := u.counted[name]
	if !ok {
		count = u.selections(u.fragments[name].SelectionSet)
		u.counted[name] = count
	}
	return count
}

func (u *useCounter) directives(list ast.DirectiveList) int {
	sum := 0
	for _, d := range list {
		sum += u.arguments(d.Arguments)
	}
	return sum
}

func (u *useCounter) arguments(list ast.ArgumentList) int {
	sum := 0
	for _, a := range list {
		sum += u.value(a.Value)
	}
	return sum
}

func (u *useCounter) value(v *ast.Value) int {
	if v.Kind == ast.Variable {
		return u.variables[v.Raw]
	}
	sum := 1 + len(v.Raw)/bytesPerValueUsed
	for _, child := range v.Children {
		sum += u.value(child.Value)
	}
	return sum
}
