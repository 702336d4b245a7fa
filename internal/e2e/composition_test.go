package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestComposition wants neither errors nor hints, alone and beside others that have types of the same names.
func TestComposition(t *testing.T) {
	t.Parallel()
	needNode(t, "federation")
	ours := difygraph(t, "schema", "--subgraph")
	for name, test := range map[string]struct {
		sdl    string
		others []string
		want   string // of what composition complains of; nothing where empty
	}{
		"alone":              {ours, nil, ""},
		"people":             {ours, []string{"people"}, ""},
		"own node, PageInfo": {ours, []string{"accounts"}, ""},
		"own value types":    {ours, []string{"neighbours"}, ""},
		// Why our value types have names of their own:
		"FloatRange twice": {ours + "input FloatRange { min: Float max: Float } extend type Query { a(r: FloatRange): Int }", []string{"neighbours"}, "hint INCONSISTENT_INPUT_OBJECT_FIELD"},
		// Why the schema that _service gives goes without these:
		"Query.node twice": {ours + "extend type Query { node(id: ID!): Node }", []string{"accounts"}, "error INVALID_FIELD_SHARING"},
		// And that hints are seen:
		"other e-mail": {ours + `type User @key(fields: "email") { email: String }`, []string{"people"}, "hint INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			complaints := compose(t, test.sdl, test.others...)
			if (test.want == "") != (complaints == "") || !strings.Contains(complaints, test.want) {
				t.Errorf("complaints, want %q:\n%s", test.want, complaints)
			}
		})
	}
}

// compose composes our schema with those of files of the folder federation, and returns what composition complains of.
func compose(t *testing.T, sdl string, others ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "difygraph.graphqls")
	if err := os.WriteFile(file, []byte(sdl), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"compose.mjs", "difygraph=" + file}
	for _, name := range others {
		args = append(args, name+"="+name+".graphqls")
	}
	command := exec.CommandContext(t.Context(), "node", args...)
	command.Dir = "federation"
	complaints, err := command.CombinedOutput()
	if (err != nil) != (len(complaints) > 0) {
		t.Errorf("node %q: %v", args, err)
	}
	return string(complaints)
}
