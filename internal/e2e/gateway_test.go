package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

const logs = "/v1/workflows/logs"

// ways go from people to their runs and back, and say what each asks of Dify.
var ways = []struct {
	name, query, want string
	calls             []string
}{
	{
		"a user's runs in one app",
		`{user(email: "ada@example.com") {name endUsers {type workflowLogs(first: 2) {nodes {workflowRun {totalTokens}} pageInfo {hasNextPage}}}}}`,
		`{"data": {"user": {"name": "Ada", "endUsers": [{"type": "service-api", "workflowLogs": {
			"nodes": [{"workflowRun": {"totalTokens": 3}}, {"workflowRun": {"totalTokens": 2}}], "pageInfo": {"hasNextPage": true}}}]}}}`,
		[]string{logs, logs}, // the app's first page shows whether its clock is right, too
	},
	{
		"the users of an app's runs",
		`{difyApp(key: "translator") {workflowLogs(first: 5) {nodes {createdByEndUser {sessionId person {name}}}}}}`,
		`{"data": {"difyApp": {"workflowLogs": {"nodes": [
			{"createdByEndUser": null},
			{"createdByEndUser": {"sessionId": "cy-1", "person": {"name": "Cy"}}},
			{"createdByEndUser": {"sessionId": "ada-7", "person": {"name": "Ada"}}},
			{"createdByEndUser": {"sessionId": "ada-7", "person": {"name": "Ada"}}},
			{"createdByEndUser": {"sessionId": "ada-7", "person": {"name": "Ada"}}}]}}}}`,
		[]string{logs},
	},
	{
		"a member by e-mail, of whom Dify tells nothing more",
		`{user(email: "ada@example.com") {difyAccount {email name}}}`,
		`{"data": {"user": {"difyAccount": {"email": "ada@example.com", "name": null}}}}`,
		nil,
	},
	{
		"many at once: one whom Dify has not seen, and one in an app that is not there",
		`{users {name endUsers {type app {key}}}}`,
		`{"data": {"users": [
			{"name": "Ada", "endUsers": [{"type": "service-api", "app": {"key": "translator"}}]},
			{"name": "Bo", "endUsers": [null]},
			{"name": "Cy", "endUsers": [{"type": "service-api", "app": {"key": "translator"}}, null]}]},
			"errors": [{"path": ["users", 2, "endUsers", 1], "extensions": {"code": "BAD_USER_INPUT"}}]}`,
		[]string{logs, logs, logs},
	},
}

// TestGatewayExample runs the example of docs/federation.md.
func TestGatewayExample(t *testing.T) {
	t.Parallel()
	needNode(t, "federation")
	dify, config := startPeopleDify(t)
	ours := serve(t, program(t), "--config", config)
	graph := serve(t, "node", "federation/gateway.mjs", "difygraph="+ours, "people="+serve(t, "node", "federation/people.mjs"))
	for _, way := range ways {
		before := len(dify.Requests())
		got := ask(t, graph, way.query)
		if diff := cmp.Diff(decoded(t, []byte(way.want)), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", way.name, diff)
		}
		var calls []string
		for _, request := range dify.Requests()[before:] {
			calls = append(calls, request.Route)
		}
		if diff := cmp.Diff(way.calls, calls); diff != "" {
			t.Errorf("%s: calls to Dify (-want +got):\n%s", way.name, diff)
		}
	}
}

// startPeopleDify serves a Dify with an app whose newest run is of a member, the one before of cy-1, and three of ada-7. It
// returns the configuration of the program for it, with the cache off.
func startPeopleDify(t *testing.T) (dify *difytest.Server, config string) {
	t.Helper()
	const key = "app-translator-0123456789"
	dify = difytest.New(difytest.Options{})
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	app := dify.AddApp(difytest.AppOptions{Name: "Translator", APIKey: key})
	for i, session := range []string{"ada-7", "ada-7", "ada-7", "cy-1"} {
		app.Insert(run(i+1, &difytest.EndUser{Type: "service-api", SessionID: session}, nil))
	}
	app.Insert(run(5, nil, &difytest.Account{ID: uuid.New(), Name: "Ada", Email: "ada@example.com"}))
	config = filepath.Join(t.TempDir(), "difygraph.yaml")
	text := fmt.Appendf(nil, "listen: 127.0.0.1:0\ncache: {ttl: 0s}\napps: [{key: translator, baseURL: %s/v1, apiKey: %s, version: 1.14.2}]\n", socket.URL, key)
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return dify, config
}

// run is the n-th run: it starts in the n-th minute, and takes n tokens.
func run(n int, user *difytest.EndUser, member *difytest.Account) difytest.Row {
	at := time.Date(2026, 3, 1, 0, n, 0, 0, time.UTC)
	role := "end_user"
	if member != nil {
		role = "account"
	}
	return difytest.Row{
		CreatedAt: at, CreatedFrom: "service-api", CreatedByRole: role, EndUser: user, Account: member,
		Run: &difytest.Run{Status: difytest.StatusSucceeded, TotalTokens: int64(n), FinishedAt: at},
	}
}

// answer is what these tests look at in an answer.
type answer struct {
	Data   any
	Errors []struct {
		Path       []any
		Extensions struct{ Code string }
	}
}

func ask(t *testing.T, url, query string) answer {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decoded(t, text)
}

func decoded(t *testing.T, text []byte) (a answer) {
	t.Helper()
	if err := json.Unmarshal(text, &a); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return a
}
