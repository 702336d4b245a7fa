package graphqlhttp

import (
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/code"
)

// checkNulls refuses null in a variable that says whether a field is skipped or included. Validation lets such a variable pass
// if it has a default: only the values tell, and gqlgen would panic. Null in a field's arguments is the field's own error.
func checkNulls(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) *failure {
	n := nullFinder{fragments: doc.Fragments, variables: variables, entered: map[string]bool{}}
	if !n.anyNull() {
		return nil
	}
	n.selections(op.SelectionSet)
	if n.found == nil {
		return nil
	}
	return invalid(code.BadUserInput, "$%s: null was given, and %s is expected where it stands", n.found.Raw, n.found.ExpectedType)
}

type nullFinder struct {
	fragments ast.FragmentDefinitionList
	variables map[string]any
	entered   map[string]bool // fragments
	found     *ast.Value
}

func (n *nullFinder) anyNull() bool {
	for _, value := range n.variables {
		if value == nil {
			return true
		}
	}
	return false
}

func (n *nullFinder) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			if n.included(selection.Directives) {
				n.selections(selection.SelectionSet)
			}
		case *ast.InlineFragment:
			if n.included(selection.Directives) {
				n.selections(selection.SelectionSet)
			}
		case *ast.FragmentSpread:
			if n.included(selection.Directives) {
				n.fragment(selection.Name)
			}
		}
	}
}

func (n *nullFinder) fragment(name string) {
	if f := n.fragments.ForName(name); f != nil && !n.entered[name] {
		n.entered[name] = true
		n.selections(f.SelectionSet)
	}
}

// included tells whether what has the directives is executed. Null says neither.
func (n *nullFinder) included(list ast.DirectiveList) bool {
	included := true
	for _, d := range list {
		condition := d.Arguments.ForName("if")
		if condition == nil {
			continue
		}
		value, _ := condition.Value.Value(n.variables)
		if value == nil {
			n.found = condition.Value
		}
		included = included && value != (d.Name == "skip")
	}
	return included
}
