package graph

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// selections are of one object, by different aliases. They can't be merged: the same alias may be another field in each.
type selections []ast.SelectionSet

// fields are those of a type that the selections have, through fragments; those that @skip and @include leave out are none.
func (p pricer) fields(of selections, typeName string) (fields []graphql.CollectedField) {
	for _, set := range of {
		fields = append(fields, graphql.CollectFields(p.op, set, []string{typeName, "Node", "_Entity"})...)
	}
	return fields
}

func (p pricer) any(of selections, typeName string, names ...string) bool {
	return slices.ContainsFunc(p.fields(of, typeName), func(f graphql.CollectedField) bool {
		return slices.Contains(names, f.Name)
	})
}

// children are the selections of all fields of a name.
func (p pricer) children(of selections, typeName, name string) (children selections) {
	for _, field := range p.fields(of, typeName) {
		if field.Name == name {
			children = append(children, field.Selections)
		}
	}
	return children
}

// extent is how much of an object an operation shows.
type extent struct {
	fields int  // of the object and of those in it, but not of lists that have a price of their own
	json   int  // how many of these are JSON
	texts  bool // whether some are texts or JSON of Dify's, of any length
	price  int  // of a row of a list, as nodes and as edges
}

// jsonFields is how many other fields one of JSON is worth.
const jsonFields = 10

// weight is the price of an object: 1 for each so many fields.
func (e extent) weight() int {
	return (plus(e.fields, times(e.json, jsonFields-1)) + fieldsAtOnce - 1) / fieldsAtOnce
}

// extent looks at a selection of an object.
func (p pricer) extent(of selections, typeName string) (e extent) {
	for _, field := range p.fields(of, typeName) {
		e.fields++
		switch of := field.Definition.Type.Name(); {
		case pricedApart[field.Name]:
		case len(field.Selections) > 0:
			inner := p.extent(selections{field.Selections}, of)
			e.fields, e.json, e.texts = plus(e.fields, inner.fields), plus(e.json, inner.json), e.texts || inner.texts
		case of == "JSON":
			e.json, e.texts = e.json+1, true
		case of == "String":
			e.texts = e.texts || !ourTexts[field.Name]
		}
	}
	return e
}

// pricedApart are lists whose objects have a price of their own.
var pricedApart = map[string]bool{"workflowLogs": true, "nodes": true, "edges": true, "failedApps": true, "apps": true}

// ourTexts are short, and not Dify's.
var ourTexts = map[string]bool{"key": true, "cursor": true, "startCursor": true, "endCursor": true, "message": true, "__typename": true}
