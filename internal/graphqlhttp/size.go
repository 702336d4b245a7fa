package graphqlhttp

import (
	"context"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// uncountable is where counts end: fragments in fragments multiply, so that a kilobyte can mean more than any number holds.
const uncountable = 1_000_000_000

// size is what a selection set holds, once each fragment stands where it is spread.
type size struct {
	depth      int // selection sets in each other, this one included
	direct     int // fields whose parent is that of the set
	fields     int
	aliases    int
	directives int
	fragments  int // spreads and inline fragments
}

// join adds what stands beside it in the same set.
func (s size) join(other size) size {
	return size{
		depth:      max(s.depth, other.depth),
		direct:     min(s.direct+other.direct, uncountable),
		fields:     min(s.fields+other.fields, uncountable),
		aliases:    min(s.aliases+other.aliases, uncountable),
		directives: min(s.directives+other.directives, uncountable),
		fragments:  min(s.fragments+other.fragments, uncountable),
	}
}

// sizer measures selection sets, each fragment once: its steps grow with the document's text alone.
type sizer struct {
	meter     *meter
	fragments map[string]*ast.FragmentDefinition
	measured  map[string]size
	open      map[string]bool // fragments within which the sizer is
}

// indexFragments finds fragments by name.
func indexFragments(doc *ast.QueryDocument) map[string]*ast.FragmentDefinition {
	index := make(map[string]*ast.FragmentDefinition, len(doc.Fragments))
	for _, f := range doc.Fragments {
		index[f.Name] = f
	}
	return index
}

// document measures all operations, and the fragments that none of them reaches: validation looks at them too. `direct` is
// that of the operation with most. A fragment that spreads itself, or one that does not exist, ends it at once: nothing is to
// put fragments in place before both are ruled out.
func (s *sizer) document(doc *ast.QueryDocument) (size, *failure) {
	if len(s.fragments) != len(doc.Fragments) {
		return size{}, invalid(code.GraphQLValidationFailed, "two fragments of the document have the same name")
	}
	s.measured, s.open = map[string]size{}, map[string]bool{}
	var total size
	direct := 0
	for _, op := range doc.Operations {
		one := s.set(op.SelectionSet)
		direct = max(direct, one.direct)
		total = total.join(one).join(size{directives: len(op.Directives) + variableDirectives(op)})
	}
	for _, f := range doc.Fragments {
		if _, reached := s.measured[f.Name]; !reached {
			total = total.join(s.fragment(f.Name))
		}
	}
	total.direct = direct
	return total, nil
}

func variableDirectives(op *ast.OperationDefinition) int {
	n := 0
	for _, v := range op.VariableDefinitions {
		n += len(v.Directives)
	}
	return n
}

func (s *sizer) set(selections ast.SelectionSet) size {
	total := size{depth: 1}
	for _, selection := range selections {
		s.meter.step(1)
		total = total.join(s.selection(selection))
	}
	return total
}

func (s *sizer) selection(selection ast.Selection) size {
	switch selection := selection.(type) {
	case *ast.Field:
		return s.field(selection)
	case *ast.InlineFragment:
		return deeper(s.set(selection.SelectionSet), selection.Directives).join(size{fragments: 1})
	case *ast.FragmentSpread:
		return deeper(s.spread(selection), selection.Directives).join(size{fragments: 1})
	default:
		return size{}
	}
}

func (s *sizer) field(f *ast.Field) size {
	one := size{direct: 1, fields: 1, directives: len(f.Directives)}
	if f.Alias != f.Name {
		one.aliases = 1
	}
	if len(f.SelectionSet) == 0 {
		return one
	}
	inner := deeper(s.set(f.SelectionSet), nil)
	inner.direct = 0
	return one.join(inner)
}

// deeper is a set's size, seen from the set in which it stands.
func deeper(inner size, directives ast.DirectiveList) size {
	inner.depth++
	return inner.join(size{directives: len(directives)})
}

func (s *sizer) spread(spread *ast.FragmentSpread) size {
	if s.fragments[spread.Name] == nil {
		unknown := newError(code.GraphQLValidationFailed, "Unknown fragment %q.", shorten(spread.Name))
		panic(abort{&failure{errors: gqlerror.List{locate(unknown, spread.Position)}}})
	}
	return s.fragment(spread.Name)
}

// fragment measures a fragment's definition.
func (s *sizer) fragment(name string) size {
	if known, ok := s.measured[name]; ok {
		return known
	}
	if s.open[name] {
		panic(abort{invalid(code.GraphQLValidationFailed, "fragment %q spreads itself", shorten(name))})
	}
	f := s.fragments[name]
	s.open[name] = true
	found := s.set(f.SelectionSet).join(size{directives: len(f.Directives)})
	delete(s.open, name)
	s.measured[name] = found
	return found
}

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

// meter counts the steps of all passes over one document: a selection, an argument or a value that is looked at. It ends them
// where they have taken too many, or where the request is over.
type meter struct {
	ended <-chan struct{}
	cause func() error
	most  int
	taken int
	next  int // how many are taken when the request is looked at again
}

// stepsBetweenLooks is some microseconds of work.
const stepsBetweenLooks = 256

func newMeter(ctx context.Context, most int) *meter {
	return &meter{ended: ctx.Done(), cause: func() error { return context.Cause(ctx) }, most: most}
}

// abort is what a pass panics with to end itself and all below it: gqlparser's walk has no other way out.
type abort struct{ *failure }

// step takes so many steps, or ends the passes.
func (m *meter) step(n int) {
	m.taken += n
	if m.taken > m.most {
		panic(abort{exceeds("reading the document takes more than %[2]s steps: spread fewer fragments in fragments, "+
			"send operations one by one, and long values in variables", m.taken, m.most)})
	}
	if m.taken < m.next {
		return
	}
	m.next = m.taken + stepsBetweenLooks
	select {
	case <-m.ended:
		panic(abort{&failure{errors: gqlerror.List{gqlerror.Wrap(m.cause())}}})
	default:
	}
}

// orAborted runs passes, and returns what they find or why they ended.
func orAborted(passes func() *failure) (f *failure) {
	defer func() {
		switch panicked := recover().(type) {
		case nil:
		case abort:
			f = panicked.failure
		default:
			panic(panicked)
		}
	}()
	return passes()
}
