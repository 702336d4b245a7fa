package service

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"testing"
)

// TestAudits runs the audits of npm's graphql-http against the whole service, MUST, SHOULD and MAY.
func TestAudits(t *testing.T) {
	t.Parallel()
	const dir = "../graphqlhttp/audit"
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node in PATH: the GraphQL over HTTP audits are not run")
	}
	if _, err := os.Stat(dir + "/node_modules/graphql-http"); err != nil {
		t.Skip("graphql-http is not installed (npm ci in internal/graphqlhttp/audit): the audits are not run")
	}
	command := exec.CommandContext(t.Context(), node, "audit.mjs", serve(t, "", Options{}).url+GraphQLPath)
	command.Dir, command.Stderr = dir, os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	audits := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
	if len(audits) < 50 {
		t.Errorf("only %d audits were run", len(audits))
	}
	for _, line := range audits {
		var audit struct{ ID, Name, Status, Reason string }
		if err := json.Unmarshal(line, &audit); err != nil {
			t.Fatal(err)
		}
		if audit.Status != "ok" {
			t.Errorf("%s %s: %s: %s", audit.ID, audit.Name, audit.Status, audit.Reason)
		}
	}
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
