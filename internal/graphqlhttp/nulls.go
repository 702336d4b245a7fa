package graphqlhttp

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// checkNulls refuses null in a variable that stands where null is not allowed. Validation lets such a variable pass if the
// variable or the place has a default: only the values tell. gqlgen would take null there for 0, or panic.
func checkNulls(doc *ast.QueryDocument, op *ast.OperationDefinition, variables map[string]any) *failure {
	n := nullFinder{fragments: doc.Fragments, null: map[string]bool{}, entered: map[string]bool{}}
	for name, value := range variables {
		if value == nil {
			n.null[name] = true
		}
	}
	if len(n.null) == 0 {
		return nil
	}
	n.selections(op.SelectionSet)
	if n.found == nil {
		return nil
	}
	return invalid(CodeBadInput, "$%s: null was given, and %s is expected where it stands", n.found.Raw, n.found.ExpectedType)
}

type nullFinder struct {
	fragments ast.FragmentDefinitionList
	null      map[string]bool // variables
	entered   map[string]bool // fragments
	found     *ast.Value
}

func (n *nullFinder) selections(set ast.SelectionSet) {
	for _, selection := range set {
		switch selection := selection.(type) {
		case *ast.Field:
			n.arguments(selection.Arguments)
			n.directives(selection.Directives)
			n.selections(selection.SelectionSet)
		case *ast.InlineFragment:
			n.directives(selection.Directives)
			n.selections(selection.SelectionSet)
		case *ast.FragmentSpread:
			n.directives(selection.Directives)
			n.fragment(selection.Name)
		}
	}
}

func (n *nullFinder) fragment(name string) {
	if f := n.fragments.ForName(name); f != nil && !n.entered[name] {
		n.entered[name] = true
		n.selections(f.SelectionSet)
	}
}

func (n *nullFinder) directives(list ast.DirectiveList) {
	for _, d := range list {
		n.arguments(d.Arguments)
	}
}

func (n *nullFinder) arguments(list ast.ArgumentList) {
	for _, a := range list {
		n.value(a.Value)
	}
}

func (n *nullFinder) value(v *ast.Value) {
	if v.Kind == ast.Variable && n.null[v.Raw] && v.ExpectedType != nil && v.ExpectedType.NonNull {
		n.found = v
	}
	for _, child := range v.Children {
		n.value(child.Value)
	}
}
