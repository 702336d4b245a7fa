package graphqlhttp

import (
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
)

// merger finds fields that come to stand in one place of the answer and can't be one: the specification's "Field Selection
// Merging". It stands for gqlparser's rule, whose steps multiply where fragments spread fragments: this one compares each
// two fields once, and collects each selection set once. It wants a document that is valid otherwise, which gqlparser's walk
// has linked to the schema.
type merger struct {
	meter    *meter
	schema   *ast.Schema
	addError validator.AddErrFunc
	sets     map[*ast.Field]fieldSet
	compared map[comparison]bool
	checked  map[*ast.Field]bool
}

// comparison is of two fields that are never of one object, if it is exclusive: then their types alone must agree.
type comparison struct {
	a, b      *ast.Field
	exclusive bool
}

// fieldSet is the fields of one selection set, those of its fragments included, by their names in the answer.
type fieldSet struct {
	names  []string // in the document's order
	byName map[string][]*ast.Field
}

func checkMerging(m *meter, schema *ast.Schema, doc *ast.QueryDocument, addError validator.AddErrFunc) {
	g := merger{
		meter: m, schema: schema, addError: addError,
		sets: map[*ast.Field]fieldSet{}, compared: map[comparison]bool{}, checked: map[*ast.Field]bool{},
	}
	for _, op := range doc.Operations {
		g.check(g.collect(op.SelectionSet))
	}
}

func (g *merger) collect(selections ast.SelectionSet) fieldSet {
	set := fieldSet{byName: map[string][]*ast.Field{}}
	g.add(&set, selections, map[string]bool{})
	return set
}

// add does not enter a fragment a second time: its fields are there.
func (g *merger) add(set *fieldSet, selections ast.SelectionSet, entered map[string]bool) {
	for _, selection := range selections {
		g.meter.step(1)
		switch selection := selection.(type) {
		case *ast.Field:
			if set.byName[selection.Alias] == nil {
				set.names = append(set.names, selection.Alias)
			}
			set.byName[selection.Alias] = append(set.byName[selection.Alias], selection)
		case *ast.InlineFragment:
			g.add(set, selection.SelectionSet, entered)
		case *ast.FragmentSpread:
			if !entered[selection.Name] {
				entered[selection.Name] = true
				g.add(set, selection.Definition.SelectionSet, entered)
			}
		}
	}
}

// below is the set that a field selects.
func (g *merger) below(f *ast.Field) fieldSet {
	set, ok := g.sets[f]
	if !ok {
		set = g.collect(f.SelectionSet)
		g.sets[f] = set
	}
	return set
}

// check compares the fields of a set, and those below each of them.
func (g *merger) check(set fieldSet) {
	for _, name := range set.names {
		fields := set.byName[name]
		for i, a := range fields {
			for _, b := range fields[i+1:] {
				g.report(a, b)
			}
			if !g.checked[a] {
				g.checked[a] = true
				g.check(g.below(a))
			}
		}
	}
}

func (g *merger) report(a, b *ast.Field) {
	if problem := g.conflict(a, b, false); problem != "" {
		g.addError(validator.Message(`Fields "%s" conflict because %s. Use different aliases on the fields to fetch both if this `+
			`was intentional.`, a.Alias, problem), at(b.Position))
	}
}

// conflict says why two fields of one name can't be one; it is empty if they can, or if it was said before.
func (g *merger) conflict(a, b *ast.Field, exclusive bool) string {
	exclusive = exclusive || areExclusive(a, b)
	key := comparison{a, b, exclusive}
	if g.compared[key] {
		return ""
	}
	g.compared[key] = true
	g.meter.step(1)
	switch {
	case !exclusive && a.Name != b.Name:
		return fmt.Sprintf(`"%s" and "%s" are different fields`, a.Name, b.Name)
	case !exclusive && !sameArguments(a.Arguments, b.Arguments):
		return "they have differing arguments"
	case g.typesConflict(a.Definition.Type, b.Definition.Type):
		return fmt.Sprintf(`they return conflicting types "%s" and "%s"`, a.Definition.Type, b.Definition.Type)
	}
	return g.conflictBelow(g.below(a), g.below(b), exclusive)
}

func (g *merger) conflictBelow(a, b fieldSet, exclusive bool) string {
	for _, name := range a.names {
		g.meter.step(1)
		for _, one := range a.byName[name] {
			for _, other := range b.byName[name] {
				if problem := g.conflict(one, other, exclusive); problem != "" {
					return fmt.Sprintf(`subfields "%s" conflict because %s`, name, problem)
				}
			}
		}
	}
	return ""
}

// areExclusive tells whether no object has both fields: they are of different types of objects.
func areExclusive(a, b *ast.Field) bool {
	return a.ObjectDefinition.Name != b.ObjectDefinition.Name &&
		a.ObjectDefinition.Kind == ast.Object && b.ObjectDefinition.Kind == ast.Object
}

func sameArguments(a, b ast.ArgumentList) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(argument *ast.Argument) bool {
		other := b.ForName(argument.Name)
		return other == nil || !sameValue(argument.Value, other.Value)
	})
}

// sameValue compares lists in their order, and objects in any.
func sameValue(a, b *ast.Value) bool {
	if a.Kind != b.Kind || a.Raw != b.Raw || len(a.Children) != len(b.Children) {
		return false
	}
	for i, child := range a.Children {
		other := b.Children[i].Value
		if a.Kind == ast.ObjectValue {
			other = b.Children.ForName(child.Name)
		}
		if other == nil || !sameValue(child.Value, other) {
			return false
		}
	}
	return true
}

// typesConflict tells whether a value can't be of both types. What objects select is compared elsewhere.
func (g *merger) typesConflict(a, b *ast.Type) bool {
	if a.NonNull != b.NonNull || (a.Elem == nil) != (b.Elem == nil) {
		return true
	}
	if a.Elem != nil {
		return g.typesConflict(a.Elem, b.Elem)
	}
	one, other := g.schema.Types[a.NamedType], g.schema.Types[b.NamedType]
	return (one.IsLeafType() || other.IsLeafType()) && one.Name != other.Name
}
