package fields_test

import (
	"testing"

	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/generated"
	"github.com/difygraph/difygraph/graph/viewer"
)

var schema = generated.NewExecutableSchema(generated.Config{}).Schema()

// TestTheTableIsTheSchemas holds that a field which is added to the schema is added to the table.
func TestTheTableIsTheSchemas(t *testing.T) {
	t.Parallel()
	for _, typeName := range fields.Types() {
		entered := 0
		for _, source := range []fields.Source{fields.Object, fields.Entry, fields.Detail, fields.Profile, fields.Info, fields.List} {
			for _, name := range fields.From(source, typeName) {
				entered++
				if schema.Types[typeName].Fields.ForName(name) == nil {
					t.Errorf("%s.%s is no field of the schema", typeName, name)
				}
			}
		}
		if want := len(schema.Types[typeName].Fields); entered != want {
			t.Errorf("%d fields of %s are in the table, the schema has %d", entered, typeName, want)
		}
	}
}

// TestWeightsArePublished holds that gateways are told of each call. Those of a run's entry are not: rows of lists have it.
func TestWeightsArePublished(t *testing.T) {
	t.Parallel()
	for _, typeName := range fields.Types() {
		for _, field := range schema.Types[typeName].Fields {
			known, _ := fields.Of(typeName, field.Name)
			want := ""
			if known.Source == fields.Detail || known.Source == fields.Profile || known.Source == fields.Info {
				want = "10"
			}
			got := ""
			if cost := field.Directives.ForName("cost"); cost != nil {
				got = cost.Arguments.ForName("weight").Value.Raw
			}
			if got != want {
				t.Errorf("%s.%s has the weight %q, want %q", typeName, field.Name, got, want)
			}
		}
	}
}

// TestWhatMayFailIsNullable holds that no list is null because a call failed or a scope is missing.
func TestWhatMayFailIsNullable(t *testing.T) {
	t.Parallel()
	for _, typeName := range fields.Types() {
		for _, field := range schema.Types[typeName].Fields {
			known, _ := fields.Of(typeName, field.Name)
			if may := known.Source != fields.Object || known.Needs != viewer.Public; may && field.Type.NonNull {
				t.Errorf("%s.%s may fail, and is non-null", typeName, field.Name)
			}
		}
	}
}
