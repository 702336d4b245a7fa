package render

import (
	"slices"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/generated"
)

// TestColumnsAreWhatRowsHave holds that the renderer writes each field that a row has, and no other.
func TestColumnsAreWhatRowsHave(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	for _, name := range fields.Types() {
		have := slices.Concat(fields.From(fields.Object, name), fields.From(fields.Entry, name))
		for _, field := range have {
			column, written := columns[name][field]
			if below := schema.Types[schema.Types[name].Fields.ForName(field).Type.Name()]; !written || column.object != objectName(below) {
				t.Errorf("%s.%s: written %v, as an object %q; it is of %q", name, field, written, column.object, objectName(below))
			}
		}
		for field := range columns[name] {
			if !slices.Contains(have, field) {
				t.Errorf("%s.%s is written, and no row has it", name, field)
			}
		}
	}
	if len(columns) != len(fields.Types()) {
		t.Error("there are columns of types that are no part of rows")
	}
}

func objectName(d *ast.Definition) string {
	if d.Kind == ast.Object {
		return d.Name
	}
	return ""
}
