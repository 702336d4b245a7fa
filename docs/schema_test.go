package docs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph"
)

// TestSchemaIsCurrent: the file is what the program prints.
func TestSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(graph.SDL(), read(t, "schema.graphql")); diff != "" {
		t.Errorf("go run . schema > docs/schema.graphql (-printed +file):\n%s", diff)
	}
}

// TestSchemaBreaksNothing since the last release.
func TestSchemaBreaksNothing(t *testing.T) {
	t.Parallel()
	for _, change := range breaking(parseSchema(t, read(t, "schema.released.graphql")), parseSchema(t, graph.SDL())) {
		t.Errorf("%s: clients of the last release may break, see CONTRIBUTING.md", change)
	}
}

func parseSchema(t *testing.T, text string) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestBreakingChanges(t *testing.T) {
	t.Parallel()
	const before = `
		directive @old(a: Int) on FIELD
		interface Node { id: ID! }
		type Query implements Node { id: ID! runs(first: Int = 20, after: String): [Run!] color: Color pick(by: By!): Pick odd: Odd }
		type Run { at: String! }
		type Other { at: String }
		union Pick = Run | Other
		enum Color { RED GREEN }
		input By { a: Int b: Int = 1 c: Int! }
		scalar Odd`
	for name, test := range map[string]struct {
		old, changed string
		want         []string
	}{
		"nothing":                   {"", "", nil},
		"a field more":              {"at: String! }", "at: String! to: Int }", nil},
		"a field less":              {"at: String! }", "to: String! }", []string{"Run.at is gone"}},
		"a result that may be null": {"at: String! }", "at: String }", []string{"Run.at: String! is String now"}},
		"a result that can't be":    {"runs(first: Int = 20, after: String): [Run!]", "runs(first: Int = 20, after: String): [Run!]!", nil},
		"items that may be null":    {"[Run!]", "[Run]", []string{"Query.runs: [Run!] is [Run] now"}},
		"another type":              {"color: Color", "color: String", []string{"Query.color: Color is String now"}},
		"an argument less":          {", after: String", "", []string{"Query.runs(after:) is gone"}},
		"an argument more":          {", after: String", ", after: String, last: Int", nil},
		"an argument that must be":  {", after: String", ", after: String, last: Int!", []string{"Query.runs(last:) must be given now"}},
		"one that may be":           {"pick(by: By!)", "pick(by: By)", nil},
		"one that must be now":      {"after: String)", "after: String!)", []string{"Query.runs(after:): String is String! now"}},
		"another default":           {"first: Int = 20", "first: Int = 10", []string{"Query.runs(first:) has another default"}},
		"no default":                {"first: Int = 20", "first: Int", []string{"Query.runs(first:) has another default"}},
		"an input field less":       {"a: Int b", "b", []string{"By.a is gone"}},
		"an input field that must":  {"c: Int!", "c: Int! d: Int!", []string{"By.d must be given now"}},
		"one with a default":        {"c: Int!", "c: Int! d: Int! = 1", nil},
		"a value less":              {"RED GREEN", "RED", []string{"Color.GREEN is gone"}},
		"a value more":              {"RED GREEN", "RED GREEN BLUE", nil},
		"a member less":             {"Run | Other", "Run", []string{"Pick no longer has Other"}},
		"an interface less":         {"Query implements Node", "Query", []string{"Query no longer is Node"}},
		"another kind":              {"scalar Odd", "enum Odd { A }", []string{"Odd is SCALAR no longer"}},
		"a type less":               {"odd: Odd }\n", "odd: Int }\n", []string{"Query.odd: Odd is Int now"}},
		"a directive less":          {"@old(a: Int)", "@new(a: Int)", []string{"@old is gone"}},
		"an argument of it less":    {"@old(a: Int)", "@old", []string{"@old(a:) is gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := replaceOnce(t, before, test.old, test.changed)
			if diff := cmp.Diff(test.want, breaking(parseSchema(t, before), parseSchema(t, after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
