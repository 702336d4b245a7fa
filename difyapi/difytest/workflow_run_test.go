package difytest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

const runPath = "/v1/workflows/run/"

// detail asks for something by its id, and returns the fields of the answer as
// they were written.
func detail(t *testing.T, dify http.Handler, target string) (status int, fields map[string]string) {
	t.Helper()
	answer := get(dify, "app-test", target)
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(answer.Body.Bytes(), &raw); err != nil {
		t.Fatalf("%s: %d %s (%v)", target, answer.Code, answer.Body, err)
	}
	fields = map[string]string{}
	for name, value := range raw {
		fields[name] = string(value)
	}
	return answer.Code, fields
}

// oneRun makes a server with one app that has one run.
func oneRun(options difytest.Options, run difytest.Run) (dify *difytest.Server, app *difytest.App, stored difytest.Row) {
	dify, app = newApp(options)
	row := rowAt(0)
	row.Run = &run
	return dify, app, app.Insert(row)[0]
}

func TestRunDetail(t *testing.T) {
	t.Parallel()
	dify, _, row := oneRun(difytest.Options{}, difytest.Run{
		ID: uuid.MustParse("adaa2153-a7e3-476f-9805-9eb66a5f6413"), WorkflowID: uuid.MustParse("23518f02-5f22-4c8f-9dea-e06e1c73a143"),
		Status: difytest.StatusFailed, Error: new("no\nroute"), TotalSteps: 3, TotalTokens: 70, ElapsedTime: 1.5,
		CreatedAt: epoch, FinishedAt: epoch.Add(1500 * time.Millisecond),
		Inputs: `{"text": "` + difytest.StoredText("京") + `"}`, Outputs: `{"n": 1.0}`,
	})
	const want = `{"id": "adaa2153-a7e3-476f-9805-9eb66a5f6413", "workflow_id": "23518f02-5f22-4c8f-9dea-e06e1c73a143", ` +
		`"status": "failed", "inputs": "{\"text\": \"\\u4eac\"}", "outputs": {"n": 1.0}, "error": "no\nroute", "total_steps": 3, ` +
		`"total_tokens": 70, "created_at": 1794546000, "finished_at": 1794546001, "elapsed_time": 1.5}` + "\n"
	for _, id := range []string{row.Run.ID.String(), strings.ToUpper(row.Run.ID.String()), strings.ReplaceAll(row.Run.ID.String(), "-", "")} {
		if got := get(dify, "app-test", runPath+id).Body.String(); got != want {
			t.Errorf("%s: %s\nwant %s", id, got, want)
		}
	}
}

// TestStoredTextOfRuns: what a release makes of the texts of inputs and outputs.
func TestStoredTextOfRuns(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, status, stored string
		outputs                 string // empty: an error
	}{
		{"1.12.1", "succeeded", `{"a": 1}`, `"{\"a\": 1}"`},
		{"1.12.1", "running", `{}`, `"{}"`},
		{"1.12.1", "failed", ``, `null`},
		{"1.12.1", "succeeded", `no JSON`, `"no JSON"`},
		{"1.13.0", "succeeded", `{"a": 1}`, `{"a": 1}`},
		{"1.13.0", "running", `{}`, `{}`},
		{"1.13.0", "failed", ``, `{}`},
		{"1.13.0", "paused", `{"a": 1}`, `{}`},
		{"1.13.0", "paused", `no JSON`, `{}`},
		{"1.13.0", "succeeded", `no JSON`, ``},
		{"1.13.3", "succeeded", `[1]`, `[1]`},
		{"1.13.3", "succeeded", `[]`, `{}`},
		{"1.13.3", "succeeded", ` null`, `{}`},
		{"1.13.3", "succeeded", `"text"`, `"text"`},
		{"1.14.0", "succeeded", `{"a": 1}`, `{"a": 1}`},
		{"1.14.0", "succeeded", `[1]`, `{}`},
		{"1.14.0", "succeeded", `"text"`, `{}`},
		{"1.14.0", "succeeded", `no JSON`, ``},
	} {
		dify, _, row := oneRun(difytest.Options{Version: test.version}, difytest.Run{Status: test.status, Outputs: test.stored, Inputs: test.stored})
		status, got := detail(t, dify, runPath+row.Run.ID.String())
		if test.outputs == "" {
			if status != http.StatusBadRequest || got["code"] != `"invalid_param"` {
				t.Errorf("%+v: %d %v", test, status, got)
			}
			continue
		}
		inputs := "null"
		if test.stored != "" {
			inputs = string(must(json.Marshal(test.stored)))
		}
		if status != http.StatusOK || got["outputs"] != test.outputs || got["inputs"] != inputs {
			t.Errorf("%+v: %d outputs %s, inputs %s", test, status, got["outputs"], got["inputs"])
		}
	}
}

func TestObjectInputs(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		`{"a": [1, "b"]}`: `{"a": [1, "b"]}`, `[]`: `[]`, `no JSON`: `"no JSON"`, ``: `null`,
	} {
		dify, _, row := oneRun(difytest.Options{ObjectInputs: true}, difytest.Run{Status: difytest.StatusSucceeded, Inputs: stored})
		if _, got := detail(t, dify, runPath+row.Run.ID.String()); got["inputs"] != want {
			t.Errorf("%s: inputs %s, want %s", stored, got["inputs"], want)
		}
	}
}

func TestRunTimesWereDates(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{"1.1.3": `"Fri, 13 Nov 2026 05:00:00 -0000"`, "1.2.0": "1794546000"} {
		dify, app, row := oneRun(difytest.Options{Version: version}, difytest.Run{Status: difytest.StatusRunning})
		_, got := detail(t, dify, runPath+row.Run.ID.String())
		if got["created_at"] != want || got["finished_at"] != "null" {
			t.Errorf("%s: created_at %s, finished_at %s", version, got["created_at"], got["finished_at"])
		}
		if err := app.Finish(row.ID, difytest.StatusSucceeded, epoch); err != nil {
			t.Fatal(err)
		}
		if _, got := detail(t, dify, runPath+row.Run.ID.String()); got["finished_at"] != want {
			t.Errorf("%s: finished_at %s", version, got["finished_at"])
		}
	}
}

// TestUnknownRun asks for a run that nobody has, for one that is gone and for
// one whose row is gone.
func TestUnknownRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version string
		status  int
		code    string
	}{
		{"1.6.0", 200, ""},
		{"1.12.1", 200, ""},
		{"1.13.0", 500, `"unknown"`},
		{"1.13.1", 404, `"not_found"`},
		{"1.14.2", 404, `"not_found"`},
	} {
		dify, app, gone := oneRun(difytest.Options{Version: test.version}, difytest.Run{Status: difytest.StatusFailed})
		deleted := app.Insert(difytest.Row{Run: &difytest.Run{}})[0]
		if err := app.DeleteRun(gone.Run.ID); err != nil {
			t.Fatal(err)
		}
		app.Delete(deleted.ID)
		for _, id := range []uuid.UUID{uuid.New(), gone.Run.ID, deleted.Run.ID} {
			status, got := detail(t, dify, runPath+id.String())
			if status != test.status || got["code"] != test.code {
				t.Errorf("%s: %d %v", test.version, status, got)
			}
			if status == http.StatusOK && (len(got) != 11 || got["id"] != "null" || got["status"] != "null") {
				t.Errorf("%s: %v", test.version, got)
			}
		}
	}
}

// TestRunOfAnotherApp: before 1.7.0 a key opens the runs of all apps.
func TestRunOfAnotherApp(t *testing.T) {
	t.Parallel()
	for version, shown := range map[string]bool{"1.6.0": true, "1.7.0": false, "1.14.2": false} {
		dify, _ := newApp(difytest.Options{Version: version})
		other := dify.AddApp(difytest.AppOptions{Name: "Other", APIKey: "app-other"})
		row := other.Insert(difytest.Row{Run: &difytest.Run{Status: difytest.StatusSucceeded, Inputs: "{}"}})[0]
		_, got := detail(t, dify, runPath+row.Run.ID.String())
		if (got["id"] == `"`+row.Run.ID.String()+`"`) != shown {
			t.Errorf("%s: %v", version, got)
		}
	}
}

func TestRunDetailWantsWorkflowApp(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version, mode string
		status        int
	}{
		{"1.14.2", "workflow", 200},
		{"1.14.2", "advanced-chat", 200},
		{"1.3.1", "advanced-chat", 200},
		{"1.3.0", "advanced-chat", 400},
		{"1.14.2", "chat", 400},
		{"1.14.2", "completion", 400},
	} {
		dify := difytest.New(difytest.Options{Version: test.version})
		app := dify.AddApp(difytest.AppOptions{Name: "A", APIKey: "app-test", Mode: test.mode})
		row := app.Insert(difytest.Row{Run: &difytest.Run{}})[0]
		if status, got := detail(t, dify, runPath+row.Run.ID.String()); status != test.status {
			t.Errorf("%+v: %d %v", test, status, got)
		}
	}
}

// TestWorkflowIDs: each published version of an app's workflow has an id of its
// own, the same for all of its runs.
func TestWorkflowIDs(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	ids := map[string]int{}
	for _, version := range []string{"1", "1", "2"} {
		row := app.Insert(difytest.Row{Run: &difytest.Run{Version: version}})[0]
		_, got := detail(t, dify, runPath+row.Run.ID.String())
		if ids[got["workflow_id"]]++; got["workflow_id"] != `"`+row.Run.WorkflowID.String()+`"` {
			t.Errorf("workflow %s, stored as %s", got["workflow_id"], row.Run.WorkflowID)
		}
	}
	if len(ids) != 2 {
		t.Errorf("two versions, workflows %v", ids)
	}
}

// TestKeywordIsSeenInDetail: what the list searches is what the detail shows.
func TestKeywordIsSeenInDetail(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	app.Insert(difytest.Generate(difytest.GenerateOptions{Seed: 1, Rows: 60, Until: epoch, Complete: true})...)
	found := logs(t, dify, "limit=100&keyword=kyoto")
	for _, row := range found.Data {
		_, got := detail(t, dify, runPath+row.WorkflowRun.ID.String())
		if !strings.Contains(strings.ToLower(got["inputs"]+got["outputs"]), "kyoto") {
			t.Errorf("run %s: inputs %s, outputs %s", row.WorkflowRun.ID, got["inputs"], got["outputs"])
		}
	}
	if len(found.Data) == 0 {
		t.Error("nothing was found")
	}
}

// TestDetailsAreStatements lets a run end, and a profile go, while they are
// asked for.
func TestDetailsAreStatements(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	row := app.Insert(difytest.Row{Run: &difytest.Run{Status: difytest.StatusRunning}, EndUser: &difytest.EndUser{SessionID: "s"}})[0]
	var kinds []string
	dify.OnStatement(func(statement difytest.Statement) {
		kinds = append(kinds, statement.Kind.String())
		if err := app.Finish(row.ID, difytest.StatusStopped, epoch); err != nil {
			t.Error(err)
		}
		app.DeleteEndUsers(row.EndUser.ID)
	})
	if _, got := detail(t, dify, runPath+row.Run.ID.String()); got["status"] != `"stopped"` {
		t.Errorf("run %v", got)
	}
	if status, _ := detail(t, dify, endUserPath+row.EndUser.ID.String()); status != http.StatusNotFound {
		t.Errorf("end user: %d", status)
	}
	if got := strings.Join(kinds, ", "); got != "run, end user" {
		t.Errorf("statements %s", got)
	}
}
