package render

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/documents"
	"github.com/difygraph/difygraph/graph/viewer"
)

// plans are kept with the documents that they are of, for as long as these are.
type plans struct {
	byDocument documents.Notes[documentPlans]
	made       atomic.Uint64
}

// documentPlans has a plan for each list of a document. Their number is bounded by the document's size.
type documentPlans struct {
	byList sync.Map // *plan by planKey; nil where it depends on variables
}

// planKey tells plans of one document apart.
type planKey struct {
	list            *ast.Field
	content, people bool // what the viewer may see
}

// of is the plan for a list, and makes it if need be.
func (p *plans) of(ctx context.Context, list graphql.CollectedField, compile func() *plan) *plan {
	if len(list.Selections) != len(list.SelectionSet) {
		return compile() // merged from several
	}
	op := graphql.GetOperationContext(ctx)
	kept := p.byDocument.Of(op.Doc)
	key := planKey{list.Field, viewer.Needs(ctx, viewer.Content) == nil, viewer.Needs(ctx, viewer.People) == nil}
	if found, ok := kept.byList.Load(key); ok && found.(*plan) != nil {
		return found.(*plan)
	} else if ok {
		return compile()
	}
	made := compile()
	if varies(list.SelectionSet, map[string]bool{}) {
		kept.byList.Store(key, (*plan)(nil))
	} else {
		made.serial = p.made.Add(1)
		kept.byList.Store(key, made)
	}
	return made
}

// varies tells whether what a selection includes depends on variables.
func varies(selections ast.SelectionSet, seen map[string]bool) bool {
	for _, selection := range selections {
		var directives ast.DirectiveList
		var below ast.SelectionSet
		switch s := selection.(type) {
		case *ast.Field:
			directives, below = s.Directives, s.SelectionSet
		case *ast.InlineFragment:
			directives, below = s.Directives, s.SelectionSet
		case *ast.FragmentSpread:
			directives = s.Directives
			if !seen[s.Name] {
				seen[s.Name] = true
				below = s.Definition.SelectionSet
			}
		}
		if hasVariable(directives) || varies(below, seen) {
			return true
		}
	}
	return false
}

func hasVariable(directives ast.DirectiveList) bool {
	for _, directive := range directives {
		for _, argument := range directive.Arguments {
			if argument.Value.Kind == ast.Variable {
				return true
			}
		}
	}
	return false
}
