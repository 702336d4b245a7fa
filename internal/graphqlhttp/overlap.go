package graphqlhttp

import (
	"github.com/vektah/gqlparser/v2/ast"
)

// overlaps counts the pairs of fields that come to stand in one place of the answer. Validation compares each two of them,
// which grows with the square of a document. The count itself takes as many steps as the document has selections with its
// fragments in place; that must have been bounded before.
func overlaps(m *meter, fragments map[string]*ast.FragmentDefinition, doc *ast.QueryDocument) int {
	o := overlapper{meter: m, fragments: fragments, reached: map[string]bool{}}
	for _, op := range doc.Operations {
		o.merge(op.SelectionSet)
	}
	for _, f := range doc.Fragments {
		if !o.reached[f.Name] {
			o.merge(f.SelectionSet)
		}
	}
	return o.pairs
}

type overlapper struct {
	meter     *meter
	fragments map[string]*ast.FragmentDefinition
	reached   map[string]bool
	pairs     int
}

// place is where fields of one name come to stand.
type place struct {
	fields int
	inner  ast.SelectionSet // of all of them
}

// merge counts the pairs among fields that stand in one object of the answer, and below them.
func (o *overlapper) merge(selections ast.SelectionSet) {
	places := map[string]*place{}
	o.collect(places, selections)
	for _, p := range places {
		o.pairs = min(o.pairs+p.fields*(p.fields-1)/2, uncountable)
		if len(p.inner) > 0 {
			o.merge(p.inner)
		}
	}
}

func (o *overlapper) collect(places map[string]*place, selections ast.SelectionSet) {
	for _, selection := range selections {
		o.meter.step(1)
		switch selection := selection.(type) {
		case *ast.Field:
			p := places[selection.Alias]
			if p == nil {
				p = &place{}
				places[selection.Alias] = p
			}
			p.fields++
			p.inner = append(p.inner, selection.SelectionSet...)
		case *ast.InlineFragment:
			o.collect(places, selection.SelectionSet)
		case *ast.FragmentSpread:
			o.reached[selection.Name] = true
			o.collect(places, o.fragments[selection.Name].SelectionSet)
		}
	}
}
