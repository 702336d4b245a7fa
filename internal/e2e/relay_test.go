package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const relayConfig = `{"src": "src", "schema": "schema.graphql", "language": "javascript", "artifactDirectory": "artifacts"}`

// TestRelayCompiler wants the schema that clients get to do for fragments that page and that are fetched again.
func TestRelayCompiler(t *testing.T) {
	t.Parallel()
	needNode(t, "federation")
	project := t.TempDir()
	if err := os.CopyFS(filepath.Join(project, "src"), os.DirFS("federation/relay")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(project, "artifacts"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"relay.config.json": relayConfig, "schema.graphql": difygraph(t, "schema")} {
		if err := os.WriteFile(filepath.Join(project, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compiler, err := filepath.Abs("federation/node_modules/relay-compiler/cli.js")
	if err != nil {
		t.Fatal(err)
	}
	runs(t, project, "node", compiler)
	for query, want := range map[string]string{
		"AppRunsPaginationQuery": "node(id: $id)", "EndUserRunsPaginationQuery": "node(id: $id)",
		"RunDetailRefetchQuery": "node(id: $id)", "AllRunsPaginationQuery": "workflowLogs(first: $count, after: $cursor",
	} {
		artifact, err := os.ReadFile(filepath.Join(project, "artifacts", query+".graphql.js"))
		if err != nil || !strings.Contains(string(artifact), want) {
			t.Errorf("%s: %v, with %q: %t", query, err, want, strings.Contains(string(artifact), want))
		}
	}
}
