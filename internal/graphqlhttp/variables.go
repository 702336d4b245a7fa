package graphqlhttp

import (
	"fmt"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// coerceVariables gives variables the types that the operation declares, as the specification's "Coercing Variable Values"
// and "Input Coercion" have it. gqlparser, which reads them afterwards, takes "5" for an Int and any case of an enum's value.
// Variables that the operation does not declare are dropped, and custom scalars are left as they came. Defaults are for
// gqlparser to fill in. The failure has the first mistake of each variable.
func coerceVariables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, *failure) {
	coerced := make(map[string]any, len(op.VariableDefinitions))
	var errs gqlerror.List
	for _, v := range op.VariableDefinitions {
		value, ok := given[v.Variable]
		if !ok && (v.DefaultValue != nil || !v.Type.NonNull) {
			continue
		}
		result, err := (&coercer{schema, path{variable: v.Variable}}).coerce(v.Type, value, ok)
		if err != nil {
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
	return &coercer{c.schema, path{above: &c.path, field: name, index: -1}}
}

func (c *coercer) element(i int) *coercer {
	return &coercer{c.schema, path{above: &c.path, index: i}}
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
	if name, ok := value.(string); ok && def.EnumValues.ForName(name) != nil {
		return name, nil
	}
	return nil, c.errorf("expected a value of %s, got %s", def.Name, describe(value))
}

func (c *coercer) errorf(format string, args ...any) *gqlerror.Error {
	return newError(code.BadUserInput, "%s: %s", &c.path, fmt.Sprintf(format, args...))
}
