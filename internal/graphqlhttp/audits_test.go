package graphqlhttp_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// TestAudits runs the audits of npm's graphql-http, MUST, SHOULD and MAY. All must be fine.
func TestAudits(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node in PATH: the GraphQL over HTTP audits are not run")
	}
	if _, err := os.Stat("audit/node_modules/graphql-http"); err != nil {
		t.Skip("graphql-http is not installed (npm ci in internal/graphqlhttp/audit): the GraphQL over HTTP audits are not run")
	}
	socket := httptest.NewServer(serve(t, graphqlhttp.Options{}))
	t.Cleanup(socket.Close)
	command := exec.CommandContext(t.Context(), node, "audit.mjs", socket.URL)
	command.Dir, command.Stderr = "audit", os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	if len(lines) < 50 {
		t.Errorf("only %d audits were run", len(lines))
	}
	for _, line := range lines {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal(line, &audit); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s %s: %s", audit.ID, audit.Name, audit.Status)
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s: %s", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
}
