package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestAudits runs the audits of npm's graphql-http against the whole service, MUST, SHOULD and MAY. All must be fine.
func TestAudits(t *testing.T) {
	t.Parallel()
	needNode(t, "audit")
	dify := difytest.New(difytest.Options{})
	dify.AddApp(difytest.AppOptions{APIKey: "app-audits"})
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	s := startServer(t, func() []byte {
		return fmt.Appendf(nil, "apps: [{key: audits, baseURL: %s/v1, apiKey: app-audits}]\n", socket.URL)
	})
	audits := bytes.Split(bytes.TrimSpace([]byte(runs(t, "audit", "node", "audit.mjs", s.url))), []byte("\n"))
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
