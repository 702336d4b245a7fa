package graph_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// appFields are all fields of an app but its list, and those that take a call.
const (
	appFields  = `key name description tags mode authorName difyVersion`
	infoFields = 6
)

// checkData compares the data of an operation without errors.
func checkData(t *testing.T, a *api, query, want string) {
	t.Helper()
	var got, wanted any
	a.get(t, query, nil, &got)
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", query, diff)
	}
}

func TestApps(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"zeta", "alpha", "mid"}})
	checkData(t, a, `{difyApps {key}}`, `{"difyApps": [{"key": "zeta"}, {"key": "alpha"}, {"key": "mid"}]}`)
	checkData(t, a, `{difyApp(key: "mid") {key}}`, `{"difyApp": {"key": "mid"}}`)
	checkData(t, a, `{difyApp(key: "nobody") {key name}}`, `{"difyApp": null}`)
	checkData(t, a, `{difyApp(key: "") {key}}`, `{"difyApp": null}`)
	checkCalls(t, a, 0, 0)
}

func TestAppInfo(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, apart: map[string]apart{"a": {app: difytest.AppOptions{
		Name: "Echo 京都", Mode: "advanced-chat", Description: new("says it \"again\""), Tags: []string{"one", "two"}, AuthorName: new("Ada"),
	}}}})
	checkData(t, a, `{difyApps {`+appFields+`} again: difyApp(key: "a") {name difyVersion}}`, `{
		"difyApps": [
			{"key": "a", "name": "Echo 京都", "description": "says it \"again\"", "tags": ["one", "two"], "mode": "advanced-chat", "authorName": "Ada", "difyVersion": "1.14.2"},
			{"key": "b", "name": "b", "description": null, "tags": [], "mode": "workflow", "authorName": null, "difyVersion": "1.14.2"}],
		"again": {"name": "Echo 京都", "difyVersion": "1.14.2"}}`)
	checkCalls(t, a, 2, 0)
	checkData(t, a, `{difyApp(key: "a") {difyVersion}}`, `{"difyApp": {"difyVersion": "1.14.2"}}`)
	checkCalls(t, a, 0, 0)
}

func TestConfiguredNameCostsNoCall(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, apart: map[string]apart{"a": {name: "Ours", app: difytest.AppOptions{Name: "Dify's"}}}})
	checkData(t, a, `{difyApp(key: "a") {name}}`, `{"difyApp": {"name": "Ours"}}`)
	checkCalls(t, a, 0, 0)
}

// TestVersionAlone: it takes one call where nothing has told it yet.
func TestVersionAlone(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	checkData(t, a, `{difyApps {difyVersion}}`, `{"difyApps": [{"difyVersion": "1.14.2"}, {"difyVersion": "1.14.2"}]}`)
	checkCalls(t, a, 2, 0)
	hidden := serve(t, options{keys: []string{"a"}, dify: difytest.Options{HideVersion: true}})
	checkData(t, hidden, `{difyApps {key difyVersion}}`, `{"difyApps": [{"key": "a", "difyVersion": null}]}`)
	checkCalls(t, hidden, 1, 0)
	configured := serve(t, options{keys: []string{"a"}, dify: difytest.Options{HideVersion: true}, apart: map[string]apart{"a": {version: "v1.13"}}})
	checkData(t, configured, `{difyApps {difyVersion}}`, `{"difyApps": [{"difyVersion": "1.13.0"}]}`)
	checkCalls(t, configured, 0, 0)
}

// TestInfoIsAskedOnce: what a filter wants of it is the version, and what a field wants is the rest.
func TestInfoIsAskedOnce(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	a.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Delay(20 * time.Millisecond) })
	checkData(t, a, `{difyApp(key: "a") {mode} workflowLogs(filter: {endUserSessionId: "s0"}) {nodes {uuid}}}`,
		`{"difyApp": {"mode": "workflow"}, "workflowLogs": {"nodes": []}}`)
	checkCalls(t, a, 1, 1)
}

// TestAppInfoOfOldServer: what a release does not tell is null.
func TestAppInfoOfOldServer(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Version: "1.3.0"}})
	checkData(t, a, `{difyApps {`+appFields+`}}`, `{"difyApps": [{"key": "a", "name": "a", "description": null, "tags": [], "mode": null, "authorName": null, "difyVersion": "1.3.0"}]}`)
}

// TestFailingInfo: each field that takes the call is null with an error of its own; key, id and the list stand. The
// version stands too where Dify tells it with its refusal.
func TestFailingInfo(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		f = f.fromTheStart()
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			a.breaks(f)
			answer := a.post(t, `{difyApp(key: "b") {id `+appFields+`} other: difyApp(key: "a") {name}}`, nil)
			checkSecrecy(t, a, answer)
			var data struct{ DifyApp, Other vars }
			if err := json.Unmarshal(answer.Data, &data); err != nil || data.DifyApp["id"] == nil || data.DifyApp["key"] != "b" || data.Other["name"] != "a" {
				t.Fatalf("%v: %s", err, answer.text)
			}
			told := data.DifyApp["difyVersion"] != nil
			for field, value := range data.DifyApp {
				failed := slices.ContainsFunc(answer.Errors, func(e responseError) bool { return slices.Equal(e.Path, []any{"difyApp", field}) })
				if failed != (value == nil) {
					t.Errorf("%s: %v, with an error: %t", field, value, failed)
				}
			}
			if want := infoFields - map[bool]int{true: 1}[told]; len(answer.Errors) != want {
				t.Errorf("%d errors, want %d: %s", len(answer.Errors), want, answer.text)
			}
			for _, e := range answer.Errors {
				if e.Extensions["code"] != f.code || e.Extensions["app"] != "b" || !strings.Contains(e.Message, f.says) {
					t.Errorf("%v: %q %v, want %s", e.Path, e.Message, e.Extensions, f.code)
				}
			}
			if n := a.difys["b"].Calls("/v1/info"); n > 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// TestIDs: ids are opaque, differ between objects of all types and apps, and are the same on another server.
func TestIDs(t *testing.T) {
	t.Parallel()
	const query = `{difyApps {__typename id workflowLogs(order: OLDEST_FIRST) {nodes {__typename id app {__typename id}
		workflowRun {__typename id app {__typename id}} createdByEndUser {__typename id app {__typename id}} createdByAccount {__typename id}}}}}`
	row, other := run(5), run(6)
	row.ID, row.Run.ID, row.EndUser.ID = accounts[0].ID, accounts[0].ID, accounts[0].ID // the ids of tables are unrelated
	other.CreatedByRole, other.EndUser, other.Account = "account", nil, &accounts[0]
	other.ID, other.Run.ID = accounts[1].ID, accounts[1].ID
	var answers [2]string
	for i := range answers {
		a := serve(t, options{keys: []string{"a", "b"}})
		for _, app := range a.apps {
			app.Insert(row, other)
		}
		var data any
		a.get(t, query, nil, &data)
		types := make(map[string]string)
		collectIDs(t, types, data)
		if len(types) != 2*(1+2+2+1+1) {
			t.Errorf("%d ids of two apps, each with two entries, two runs, an end user and a member: %v", len(types), types)
		}
		text, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		answers[i] = string(text)
	}
	if diff := cmp.Diff(answers[0], answers[1]); diff != "" {
		t.Errorf("another server (-one +other):\n%s", diff)
	}
}

// collectIDs gathers the types of all objects by their ids.
func collectIDs(t *testing.T, types map[string]string, value any) {
	t.Helper()
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			collectIDs(t, types, item)
		}
	case vars:
		id, ok := v["id"].(string)
		kind, _ := v["__typename"].(string)
		if before := types[id]; ok && before != "" && before != kind {
			t.Errorf("one id for %s and %s", before, kind)
		}
		if _, err := base64.RawURLEncoding.DecodeString(id); ok && (err != nil || strings.Contains(id, accounts[0].ID.String())) {
			t.Errorf("id %q", id)
		}
		if ok {
			types[id] = kind
		}
		for _, field := range v {
			collectIDs(t, types, field)
		}
	}
}

// TestScalars: how values beyond GraphQL's own are written.
func TestScalars(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	row := run(5)
	row.Run.TotalTokens, row.Run.ElapsedTime = 1<<53+1, 0.000001
	a.apps["a"].Insert(row)
	a.dify.SetFault(func(*http.Request) *difytest.Fault {
		return difytest.Rewrite(func(body []byte) []byte {
			return []byte(strings.Replace(string(body), `"details": null`, `"details": {"b": [1.50, null, "é"], "a": 12345678901234567890}`, 1))
		})
	})
	answer := a.post(t, `{workflowLogs {nodes {createdAt details workflowRun {totalTokens elapsedTime}}}}`, nil)
	const want = `{"workflowLogs":{"nodes":[{"createdAt":"2026-03-01T00:00:05Z","details":{"b":[1.50,null,"é"],"a":12345678901234567890},` +
		`"workflowRun":{"totalTokens":9007199254740993,"elapsedTime":1e-06}}]}}`
	if got := string(answer.Data); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
