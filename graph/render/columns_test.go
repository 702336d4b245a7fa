package render

import (
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/generated"
)

// TestEveryFieldOfARowHasAColumn holds that a field which is added to the schema is added here, too.
func TestEveryFieldOfARowHasAColumn(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	for name, fields := range columns {
		for _, field := range schema.Types[name].Fields {
			column, known := fields[field.Name]
			if !known {
				t.Errorf("%s.%s has no column", name, field.Name)
			}
			if below := schema.Types[field.Type.Name()]; !column.called && column.object != objectName(below) {
				t.Errorf("the column of %s.%s is of the object %q, the field of %q", name, field.Name, column.object, objectName(below))
			}
		}
		for field := range fields {
			if schema.Types[name].Fields.ForName(field) == nil {
				t.Errorf("%s has no field %s, but there is a column", name, field)
			}
		}
	}
}

func objectName(d *ast.Definition) string {
	if d.Kind == ast.Object {
		return d.Name
	}
	return ""
}

// TestWhatMayFailIsNullable holds that no list is null because a call failed or a scope is missing.
func TestWhatMayFailIsNullable(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	for name, fields := range columns {
		for field, column := range fields {
			may := column.called || column.needs != nil
			if definition := schema.Types[name].Fields.ForName(field); may && definition != nil && definition.Type.NonNull {
				t.Errorf("%s.%s may fail, and is non-null", name, field)
			}
		}
	}
}
