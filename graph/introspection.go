package graph

import (
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// described is a schema as introspection shows it: types, fields, arguments and all else, each with a number, and which of them
// stand in each other. It foresees how large a selection's answer is without making it.
type described struct {
	numbers map[any]int
	within  map[string][][]int // by the field's name and the object's number: the objects that the field shows
	types   map[string]int     // numbers of types by their names
	root    int                // the number of __schema
}

func describe(schema *ast.Schema) *described {
	d := &described{numbers: make(map[any]int), within: make(map[string][][]int), types: make(map[string]int)}
	d.root = d.add(schema)
	for name, def := range schema.Types {
		d.types[name] = d.add(def)
		d.put("types", d.root, d.types[name])
	}
	for field, def := range map[string]*ast.Definition{"queryType": schema.Query, "mutationType": schema.Mutation, "subscriptionType": schema.Subscription} {
		if def != nil {
			d.put(field, d.root, d.types[def.Name])
		}
	}
	for _, def := range schema.Types {
		d.addType(schema, def)
	}
	for _, directive := range schema.Directives {
		d.put("directives", d.root, d.add(directive))
		d.addArguments(d.add(directive), directive.Arguments)
	}
	return d
}

func (d *described) addType(schema *ast.Schema, def *ast.Definition) {
	number := d.types[def.Name]
	for _, name := range def.Interfaces {
		d.put("interfaces", number, d.types[name])
	}
	if def.IsAbstractType() {
		for _, possible := range schema.GetPossibleTypes(def) {
			d.put("possibleTypes", number, d.types[possible.Name])
		}
	}
	for _, value := range def.EnumValues {
		d.put("enumValues", number, d.add(value))
	}
	name := "fields"
	if def.Kind == ast.InputObject {
		name = "inputFields"
	}
	for _, field := range def.Fields {
		if strings.HasPrefix(field.Name, "__") {
			continue // which no type shows
		}
		d.put(name, number, d.add(field))
		d.put("type", d.add(field), d.typeOf(field.Type))
		d.addArguments(d.add(field), field.Arguments)
	}
}

func (d *described) addArguments(of int, arguments ast.ArgumentDefinitionList) {
	for _, argument := range arguments {
		d.put("args", of, d.add(argument))
		d.put("type", d.add(argument), d.typeOf(argument.Type))
	}
}

// typeOf is the number of a type, lists and non-null ones included, which stand around others.
func (d *described) typeOf(t *ast.Type) int {
	if !t.NonNull && t.Elem == nil {
		return d.types[t.NamedType]
	}
	if number, known := d.numbers[t.String()]; known {
		return number
	}
	number, inner := d.add(t.String()), t.Elem
	if t.NonNull {
		nullable := *t
		nullable.NonNull = false
		inner = &nullable
	}
	d.put("ofType", number, d.typeOf(inner))
	return number
}

// add gives an object its number.
func (d *described) add(object any) int {
	number, known := d.numbers[object]
	if !known {
		number = len(d.numbers)
		d.numbers[object] = number
	}
	return number
}

func (d *described) put(field string, outer, inner int) {
	lists := d.within[field]
	for len(lists) <= outer {
		lists = append(lists, nil)
	}
	lists[outer] = append(lists[outer], inner)
	d.within[field] = lists
}

// one is an object by itself.
func (d *described) one(number int) []int {
	objects := make([]int, len(d.numbers))
	objects[number] = 1
	return objects
}

// size is how many fields a selection shows of objects, of each number so many, and of all that stands in them. Its steps
// grow with the selection and the schema, and not with what one makes of the other.
func (d *described) size(p pricer, of selections, typeName string, objects []int) int {
	count := 0
	for _, n := range objects {
		count = plus(count, n)
	}
	if count == 0 {
		return 0
	}
	sum := 0
	for _, field := range p.fields(of, typeName) {
		sum = plus(sum, count)
		if len(field.Selections) > 0 {
			sum = plus(sum, d.size(p, selections{field.Selections}, field.Definition.Type.Name(), d.inside(field.Name, objects)))
		}
	}
	return sum
}

// inside are the objects that a field of objects shows.
func (d *described) inside(field string, objects []int) []int {
	inside := make([]int, len(d.numbers))
	for outer, list := range d.within[field] {
		if objects[outer] == 0 {
			continue
		}
		for _, inner := range list {
			inside[inner] = plus(inside[inner], objects[outer])
		}
	}
	return inside
}

// introspected is how many fields of the schema's description a root field shows.
func (p pricer) introspected(field graphql.CollectedField) int {
	d := p.r.described()
	number, exists := d.root, true
	if field.Name == "__type" {
		name, _ := p.args(field)["name"].(string)
		number, exists = d.types[name]
	}
	if !exists {
		return 0
	}
	return d.size(p, selections{field.Selections}, field.Definition.Type.Name(), d.one(number))
}
