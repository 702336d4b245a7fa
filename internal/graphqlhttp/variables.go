package graphqlhttp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// coerceVariables gives variables the types that the operation declares, as the specification's "Coercing Variable Values"
// and "Input Coercion" have it. gqlparser, which reads them afterwards, takes "5" for an Int and any case of an enum's value.
// Variables that the operation does not declare are dropped, and custom scalars are left as they came. Defaults are for
// gqlparser to fill in. The failure has the first mistake of each variable, of 20 variables at most, and names nothing of the schema
// that could be meant instead if quiet.
func coerceVariables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any, quiet bool) (map[string]any, *failure) {
	coerced := make(map[string]any, len(op.VariableDefinitions))
	var errs gqlerror.List
	for _, v := range op.VariableDefinitions {
		value, ok := given[v.Variable]
		if !ok && (v.DefaultValue != nil || !v.Type.NonNull) {
			continue
		}
		result, err := (&coercer{schema, quiet, path{variable: v.Variable}}).coerce(v.Type, value, ok)
		if err != nil {
			if len(errs) == maxValidationErrors {
				return nil, &failure{errors: errs, more: true}
			}
			errs = append(errs, locate(err, v.Position))
			continue
		}
		coerced[v.Variable] = result
	}
	if len(errs) > 0 {
		return nil, &failure{errors: errs}
	}
	return coerced, nil
}

func locate(e *gqlerror.Error, p *ast.Position) *gqlerror.Error {
	at(p)(e)
	return e
}

// coercer reads one value.
type coercer struct {
	schema *ast.Schema
	quiet  bool
	path   path
}

// path is where a value stands: `$variable.field[index]`. It is written out for a message alone: a long list has many.
type path struct {
	variable string // where it begins
	above    *path
	field    string
	index    int // below 0 for a field
}

func (p *path) String() string {
	switch {
	case p.above == nil:
		return "$" + p.variable
	case p.index < 0:
		return p.above.String() + "." + shorten(p.field)
	default:
		return p.above.String() + "[" + strconv.Itoa(p.index) + "]"
	}
}

func (c *coercer) field(name string) *coercer {
	return &coercer{c.schema, c.quiet, path{above: &c.path, field: name, index: -1}}
}

func (c *coercer) element(i int) *coercer {
	return &coercer{c.schema, c.quiet, path{above: &c.path, index: i}}
}

// coerce gives a value its type. What was not given differs from null only in the message.
func (c *coercer) coerce(t *ast.Type, value any, given bool) (any, *gqlerror.Error) {
	switch {
	case value == nil && t.NonNull && !given:
		return nil, c.errorf("a value of type %s is required", t)
	case value == nil && t.NonNull:
		return nil, c.errorf("expected %s, got null", t)
	case value == nil:
		return nil, nil
	case t.Elem != nil:
		return c.list(t, value)
	}
	def := c.schema.Types[t.NamedType]
	switch {
	case def.Kind == ast.InputObject:
		return c.object(def, value)
	case def.Kind == ast.Enum:
		return c.enum(def, value)
	case isStandardScalar(def):
		return c.scalar(def.Name, value)
	default:
		return value, nil // a custom scalar: its own unmarshaller knows
	}
}

// list takes one value for a list of it.
func (c *coercer) list(t *ast.Type, value any) (any, *gqlerror.Error) {
	elements, ok := value.([]any)
	if !ok {
		one, err := c.coerce(t.Elem, value, true)
		return []any{one}, err
	}
	coerced := make([]any, len(elements))
	for i, element := range elements {
		var err *gqlerror.Error
		if coerced[i], err = c.element(i).coerce(t.Elem, element, true); err != nil {
			return nil, err
		}
	}
	return coerced, nil
}

func (c *coercer) object(def *ast.Definition, value any) (any, *gqlerror.Error) {
	members, ok := value.(map[string]any)
	if !ok {
		return nil, c.errorf("expected %s, got %s", def.Name, describe(value))
	}
	for name := range members {
		if def.Fields.ForName(name) == nil {
			return nil, c.field(name).errorf("%s has no such field", def.Name)
		}
	}
	coerced := make(map[string]any, len(members))
	for _, f := range def.Fields {
		member, given := members[f.Name]
		if !given && (f.DefaultValue != nil || !f.Type.NonNull) {
			continue
		}
		var err *gqlerror.Error
		if coerced[f.Name], err = c.field(f.Name).coerce(f.Type, member, given); err != nil {
			return nil, err
		}
	}
	return coerced, c.checkOneOf(def, coerced)
}

func (c *coercer) checkOneOf(def *ast.Definition, members map[string]any) *gqlerror.Error {
	if def.Directives.ForName("oneOf") == nil {
		return nil
	}
	for _, member := range members {
		if len(members) == 1 && member != nil {
			return nil
		}
	}
	return c.errorf("%s wants exactly one of its fields, and not null", def.Name)
}

func (c *coercer) enum(def *ast.Definition, value any) (any, *gqlerror.Error) {
	name, isText := value.(string)
	if isText && def.EnumValues.ForName(name) != nil {
		return name, nil
	}
	return nil, c.errorf("expected a value of %s, got %s.%s", def.Name, describe(value), enumHint(def, name, c.quiet))
}

func (c *coercer) errorf(format string, args ...any) *gqlerror.Error {
	return newError(code.BadUserInput, "%s: %s", &c.path, fmt.Sprintf(format, args...))
}

// pick builds the wanted members of an object that a scanner has read, and nothing of the others. It returns the length of
// what it built from.
func pick(object jsontext.Value, wanted func(name string) bool) (picked map[string]any, length int) {
	if len(object) == 0 {
		return nil, 0
	}
	b := builder{jsontext.NewDecoder(bytes.NewBuffer(object), jsontext.AllowDuplicateNames(true))}
	b.next()
	picked = map[string]any{}
	for b.PeekKind() != '}' {
		name := b.next().String()
		start := b.InputOffset()
		if wanted(name) {
			picked[name] = b.value()
			length += int(b.InputOffset() - start)
		} else {
			b.skip()
		}
	}
	return picked, length
}

// builder makes Go values of JSON that was found valid before. Numbers stay as they were written.
type builder struct{ *jsontext.Decoder }

func (b builder) next() jsontext.Token {
	token, err := b.ReadToken()
	if err != nil {
		panic(err) // a scanner has read the same
	}
	return token
}

func (b builder) skip() {
	if err := b.SkipValue(); err != nil {
		panic(err)
	}
}

func (b builder) value() any {
	token := b.next()
	switch token.Kind() {
	case 'n':
		return nil
	case 't', 'f':
		return token.Bool()
	case '"':
		return token.String()
	case '0':
		return json.Number(token.String())
	case '[':
		return b.list()
	default:
		return b.object()
	}
}

func (b builder) list() []any {
	list := []any{}
	for b.PeekKind() != ']' {
		list = append(list, b.value())
	}
	b.next()
	return list
}

func (b builder) object() map[string]any {
	object := map[string]any{}
	for b.PeekKind() != '}' {
		name := b.next().String()
		object[name] = b.value()
	}
	b.next()
	return object
}

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
