package graph

import (
	"slices"
	"unsafe"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/model"
)

// read is what the arguments of one operation say of its price. Each list is read once, however many fields are given it by
// the same variable or fragment: a list can be long.
type read struct {
	arguments  map[*ast.Field]map[string]any
	statuses   map[listID][]difyapi.RunStatus
	texts      map[listID][]string
	references map[listID]references
}

// listID tells lists apart without looking into them.
type listID struct {
	first  *any
	length int
}

func idOf(list []any) listID {
	return listID{unsafe.SliceData(list), len(list)} //nolint:gosec // a place to compare by, which nothing is read from
}

func newRead() *read {
	return &read{
		arguments: make(map[*ast.Field]map[string]any), statuses: make(map[listID][]difyapi.RunStatus),
		texts: make(map[listID][]string), references: make(map[listID]references),
	}
}

// once makes a value of a list, and the next time remembers it.
func once[V any](known map[listID]V, list []any, read func([]any) V) V {
	id := idOf(list)
	value, ok := known[id]
	if !ok {
		value = read(list)
		known[id] = value
	}
	return value
}

func (p pricer) args(field graphql.CollectedField) map[string]any {
	args, known := p.read.arguments[field.Field]
	if !known {
		args = field.ArgumentMap(p.op.Variables)
		p.read.arguments[field.Field] = args
	}
	return args
}

// appsIn is how many apps a list is of.
func (p pricer) appsIn(args map[string]any) int {
	if args["apps"] == nil {
		return p.apps
	}
	return len(p.read.textsOf(args["apps"]))
}

// rowsIn is how many rows a page may have. What is out of range is refused later, and costs what is in it.
func rowsIn(args map[string]any) int {
	count := list.DefaultPageSize
	for _, name := range []string{"first", "last"} {
		if n, err := graphql.UnmarshalInt(args[name]); args[name] != nil && err == nil {
			count = n
		}
	}
	return min(max(count, 1), list.MaxPageSize)
}

// filter reads as much of a filter as its price takes.
func (r *read) filter(arg any, session []string) list.Filter {
	f := list.Filter{EndUserSessionID: session}
	given, _ := arg.(map[string]any)
	for name, value := range given {
		if value == nil {
			continue
		}
		switch name {
		case "status":
			f.Status = r.statusesOf(value)
		case "endUserSessionId":
			if session == nil {
				f.EndUserSessionID = r.textsOf(value)
			}
		case "keyword":
			if keyword, ok := value.(string); ok {
				f.Keyword = &keyword
			}
		case "createdFrom", "triggeredFrom", "elapsedTime", "totalTokens", "hasError", "error":
			if !isEmptyObject(value) {
				f.HasError = new(true) // any of them is looked at here
			}
		}
	}
	return f
}

// isEmptyObject tells whether a range is no condition.
func isEmptyObject(value any) bool {
	members, ok := value.(map[string]any)
	for _, member := range members {
		ok = ok && member == nil
	}
	return ok
}

func (r *read) statusesOf(value any) []difyapi.RunStatus {
	return once(r.statuses, listOf(value), func(list []any) (statuses []difyapi.RunStatus) {
		for _, v := range list {
			if status, _ := model.UnmarshalWorkflowRunStatus(v); !slices.Contains(statuses, status) {
				statuses = append(statuses, status)
			}
		}
		return statuses
	})
}

// textsOf are the different texts of a list.
func (r *read) textsOf(value any) []string {
	return once(r.texts, listOf(value), func(list []any) (texts []string) {
		for _, v := range list {
			if text, ok := v.(string); ok {
				texts = append(texts, text)
			}
		}
		slices.Sort(texts)
		return slices.Compact(texts)
	})
}

// references are what objects are asked for by.
type references struct {
	kinds     map[model.Kind]int // how many there are of each
	different map[reference]int  // how many are different, by what decides their price
}

func (r *read) ids(value any) references {
	return once(r.references, listOf(value), func(list []any) references {
		return count(list, func(v any) (reference, error) {
			text, _ := v.(string)
			id, err := model.ParseID(text)
			return reference{id: id}, err
		})
	})
}

func (r *read) representations(value any) references {
	return once(r.references, listOf(value), func(list []any) references {
		return count(list, func(v any) (reference, error) {
			representation, _ := v.(map[string]any)
			return newReference(representation)
		})
	})
}

func count(list []any, parse func(any) (reference, error)) references {
	found := references{kinds: make(map[model.Kind]int), different: make(map[reference]int)}
	seen := make(map[reference]bool, len(list))
	for _, v := range list {
		ref, err := parse(v)
		if err != nil {
			ref = reference{} // which costs what its place in the answer does
		}
		found.kinds[ref.id.Kind]++
		if !seen[ref] {
			seen[ref] = true
			found.different[ref.class()]++
		}
	}
	return found
}

// class is what decides the price of an object.
func (r reference) class() reference {
	c := reference{id: model.ID{Kind: r.id.Kind}}
	if r.session != "" {
		c.session = "any"
	}
	return c
}

// listOf is a list as GraphQL coerces it: a value that is none is a list of one.
func listOf(value any) []any {
	if list, ok := value.([]any); ok || value == nil {
		return list
	}
	return []any{value}
}

// selections are of one object, by different aliases. They can't be merged: the same alias may be another field in each.
type selections []ast.SelectionSet

// fields are those of a type that the selections have, through fragments; those that @skip and @include leave out are none.
func (p pricer) fields(of selections, typeName string) (fields []graphql.CollectedField) {
	for _, set := range of {
		fields = append(fields, graphql.CollectFields(p.op, set, []string{typeName, "Node", "_Entity", "WorkflowRunEvent", "WorkflowLogEvent"})...)
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
