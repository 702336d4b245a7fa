package playground

import (
	"encoding/json"
	"io/fs"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestExamples(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, example := range Examples() {
		t.Run(example.Name, func(t *testing.T) {
			t.Parallel()
			operation := parseOne(t, example.Query)
			wantSameVariables(t, operation, example.Variables)
			if example.Query[:2] != "# " {
				t.Error("the query does not begin with a comment")
			}
		})
		if seen[example.Name] {
			t.Errorf("two examples are called %q", example.Name)
		}
		seen[example.Name] = true
	}
}

func TestEveryExampleFileIsShown(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(exampleFiles, "examples/*.graphql")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(Examples()) {
		t.Errorf("%d files, %d examples", len(files), len(Examples()))
	}
}

// parseOne wants one operation, with a name: tabs are called by it.
func parseOne(t *testing.T, query string) *ast.OperationDefinition {
	t.Helper()
	document, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		t.Fatal(err)
	}
	if len(document.Operations) != 1 || document.Operations[0].Name == "" {
		t.Fatalf("%d operations, want one with a name", len(document.Operations))
	}
	return document.Operations[0]
}

// wantSameVariables wants a value for every variable, null too: that is how one sees what there is to set.
func wantSameVariables(t *testing.T, operation *ast.OperationDefinition, variables string) {
	t.Helper()
	var values map[string]any
	if err := json.Unmarshal([]byte(variables), &values); err != nil {
		t.Fatal(err)
	}
	for _, definition := range operation.VariableDefinitions {
		if _, ok := values[definition.Variable]; !ok {
			t.Errorf("no value for $%s", definition.Variable)
		}
		delete(values, definition.Variable)
	}
	for name := range values {
		t.Errorf("a value for $%s, which the query does not declare", name)
	}
}
