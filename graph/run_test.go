package graph_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// spent is how many requests of each kind Dify has had.
type spent struct{ infos, lists, runs, people int }

func (a *api) spent() spent {
	return spent{a.infoCalls(), a.listCalls(), a.dify.Calls(difytest.RunRoute), a.dify.Calls(difytest.EndUserRoute)}
}

// checkSpent compares the requests that Dify has had, and forgets them.
func checkSpent(t *testing.T, a *api, want spent) {
	t.Helper()
	if got := a.spent(); got != want {
		t.Errorf("requests %+v, want %+v", got, want)
	}
	a.dify.ResetRequests()
}

// breakRoute gives each request for a route a fault.
func breakRoute(dify *difytest.Server, route string, fault *difytest.Fault) {
	dify.SetFault(func(r *http.Request) *difytest.Fault {
		if asked, _ := difytest.RouteOf(r.URL.Path); asked == route {
			return fault
		}
		return nil
	})
}

// checkFailures compares the codes of an answer's errors, by their paths written with dots.
func checkFailures(t *testing.T, answer *response, want map[string]string) {
	t.Helper()
	got := make(map[string]string)
	for _, e := range answer.Errors {
		got[pathOf(e)], _ = e.Extensions["code"].(string)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors (-want +got):\n%s%s", diff, answer.text)
	}
}

func pathOf(e responseError) string {
	text, err := json.Marshal(e.Path)
	if err != nil {
		panic(err) // it was JSON before
	}
	return strings.NewReplacer("[", "", "]", "", `"`, "", ",", ".").Replace(string(text))
}

// checkAnswer compares an answer's data and its errors.
func checkAnswer(t *testing.T, answer *response, data string, failures map[string]string) {
	t.Helper()
	var got, want any
	if err := json.Unmarshal([]byte(data), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer.Data, &got); err != nil {
		t.Fatalf("%v: %s", err, answer.text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
	checkFailures(t, answer, failures)
}

var none = map[string]string{}

// serveOne serves one app, a, of a Dify with one run, and returns the run's row.
func serveOne(t *testing.T, o difytest.Options, change func(*difytest.Row)) (*api, difytest.Row) {
	t.Helper()
	a := serve(t, options{keys: []string{"a"}, dify: o})
	row := run(5)
	if change != nil {
		change(&row)
	}
	return a, a.apps["a"].Insert(row)[0]
}

// runQuery asks for one run, with whatever fields.
func runQuery(id uuid.UUID, fields string) string {
	return `{workflowRun(uuid: "` + id.String() + `") {` + fields + `}}`
}

// detailServers are Difys that tell a run's detail differently.
var detailServers = map[string]difytest.Options{
	"1.0.1":              {Version: "1.0.1"},
	"1.10.1":             {Version: "1.10.1"},
	"1.12.1":             {Version: "1.12.1"},
	"1.13.0":             {Version: "1.13.0"},
	"1.13.3":             {Version: "1.13.3"},
	"1.14.2":             {},
	"objects for inputs": {ObjectInputs: true},
	"hidden version":     {HideVersion: true},
}

// TestInputsAndOutputs: a string that holds JSON and the value itself are the same, of a run that was asked for by its id and
// of one in a list.
func TestInputsAndOutputs(t *testing.T) {
	t.Parallel()
	for name, server := range detailServers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, row := serveOne(t, server, func(r *difytest.Row) {
				r.Run.Inputs = `{"q": "say \"hi\"", "city": "\u4eac\u90fd", "n": [1.50, null, true], "inner": "{\"a\": 1}"}`
				r.Run.Outputs = `{"text": "a\nb", "big": 12345678901234567890}`
			})
			detail := `{"workflowId": "` + row.Run.WorkflowID.String() + `",
				"inputs": {"q": "say \"hi\"", "city": "京都", "n": [1.50, null, true], "inner": "{\"a\": 1}"},
				"outputs": {"text": "a\nb", "big": 12345678901234567890}}`
			checkData(t, a, runQuery(row.Run.ID, `workflowId inputs outputs`), `{"workflowRun": `+detail+`}`)
			checkData(t, a, `{workflowLogs {nodes {workflowRun {workflowId inputs outputs}}}}`, `{"workflowLogs": {"nodes": [{"workflowRun": `+detail+`}]}}`)
			if answer := a.post(t, runQuery(row.Run.ID, `outputs`), nil); !strings.Contains(string(answer.Data), "12345678901234567890") {
				t.Errorf("digits are lost: %s", answer.Data)
			}
		})
	}
}

// TestOtherVariables: what else Dify stores than an object, and what it has not stored yet.
func TestOtherVariables(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ inputs, outputs, version, want string }{
		"nothing":               {"", "", "1.12.1", `{"inputs": null, "outputs": null}`},
		"nothing, 1.13":         {"", "", "1.13.3", `{"inputs": null, "outputs": {}}`},
		"null as text":          {"null", "null", "1.12.1", `{"inputs": null, "outputs": null}`},
		"a list":                {"[1, 2]", "[]", "1.12.1", `{"inputs": [1, 2], "outputs": []}`},
		"a string, looked into": {`"{\"a\": 1}"`, `"text"`, "1.12.1", `{"inputs": "{\"a\": 1}", "outputs": "text"}`},
		"a name twice":          {`{"a": 1, "a": 2}`, `{}`, "1.14.2", `{"inputs": {"a": 2}, "outputs": {}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, row := serveOne(t, difytest.Options{Version: test.version}, func(r *difytest.Row) {
				r.Run.Inputs, r.Run.Outputs = test.inputs, test.outputs
			})
			checkData(t, a, runQuery(row.Run.ID, `inputs outputs`), `{"workflowRun": `+test.want+`}`)
		})
	}
}

// TestTextThatIsNoJSON: it is null with an error at its own path, and nothing of it is shown.
func TestTextThatIsNoJSON(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.10.1", "1.12.1", "1.14.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a, row := serveOne(t, difytest.Options{Version: version}, func(r *difytest.Row) {
				r.Run.Inputs, r.Run.Outputs = "{'secret': 1}", `{"x": 1}`
			})
			other := run(1)
			other.Run.Inputs = `{"y": 2}`
			a.apps["a"].Insert(other)
			bad := map[string]string{"workflowRun.inputs": "UPSTREAM_BAD_RESPONSE", "workflowRun.again": "UPSTREAM_BAD_RESPONSE"}
			answer := a.post(t, runQuery(row.Run.ID, `uuid status inputs again: inputs outputs`), nil)
			checkAnswer(t, answer, `{"workflowRun": {"uuid": "`+row.Run.ID.String()+`", "status": "SUCCEEDED", "inputs": null, "again": null, "outputs": {"x": 1}}}`, bad)
			if text := string(answer.text); strings.Contains(text, "secret") || !strings.Contains(text, "not JSON") {
				t.Errorf("%s", text)
			}
			answer = a.post(t, `{workflowLogs {nodes {workflowRun {inputs outputs}}}}`, nil)
			checkAnswer(t, answer, `{"workflowLogs": {"nodes": [{"workflowRun": {"inputs": null, "outputs": {"x": 1}}}, {"workflowRun": {"inputs": {"y": 2}, "outputs": {}}}]}}`,
				map[string]string{"workflowLogs.nodes.0.workflowRun.inputs": "UPSTREAM_BAD_RESPONSE"})
		})
	}
}

// TestOutputsThatAreNoJSON: servers that write them as a string do so whatever they are.
func TestOutputsThatAreNoJSON(t *testing.T) {
	t.Parallel()
	a, row := serveOne(t, difytest.Options{Version: "1.12.1"}, func(r *difytest.Row) { r.Run.Outputs = "NaN" })
	answer := a.post(t, runQuery(row.Run.ID, `inputs outputs workflowId`), nil)
	checkAnswer(t, answer, `{"workflowRun": {"inputs": {}, "outputs": null, "workflowId": "`+row.Run.WorkflowID.String()+`"}}`,
		map[string]string{"workflowRun.outputs": "UPSTREAM_BAD_RESPONSE"})
}

// TestRunOfItsID: a run has all of its fields, whichever way it is reached.
func TestRunOfItsID(t *testing.T) {
	t.Parallel()
	fields := selection(t, "WorkflowRun") + ` workflowId inputs outputs`
	for name, server := range detailServers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, row := serveOne(t, server, func(r *difytest.Row) {
				r.Run.Error, r.Run.ElapsedTime, r.Run.TotalTokens, r.Run.TotalSteps, r.Run.ExceptionsCount = new("boom"), 1.25, 1<<40, 3, 2
				r.Run.Version, r.Run.Status, r.Run.TriggeredFrom = "2026-11-23 06:22:27.283087", "partial-succeeded", "webhook"
			})
			var byID struct{ WorkflowRun, Again vars }
			a.get(t, `query ($id: UUID!) {workflowRun(app: "a", uuid: $id) {`+fields+`} again: workflowRun(uuid: $id) {`+fields+`}}`, vars{"id": row.Run.ID}, &byID)
			var list struct {
				WorkflowLogs struct{ Nodes []struct{ WorkflowRun vars } }
			}
			a.get(t, `{workflowLogs {nodes {workflowRun {`+fields+`}}}}`, nil, &list)
			listed := list.WorkflowLogs.Nodes[0].WorkflowRun
			if diff := cmp.Diff(listed, byID.WorkflowRun) + cmp.Diff(listed, byID.Again); diff != "" {
				t.Errorf("the run by its id (-listed +by id):\n%s", diff)
			}
			if listed["error"] != "boom" || listed["exceptionsCount"] != 2.0 || listed["version"] != row.Run.Version || len(listed) < 16 {
				t.Errorf("%v", listed)
			}
		})
	}
}

// TestRunArguments: of which app, and what is no id of Dify's.
func TestRunArguments(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	id := a.apps["a"].Insert(run(1))[0].Run.ID.String()
	checkData(t, a, `{here: workflowRun(app: "a", uuid: "`+id+`") {uuid app {key}} there: workflowRun(app: "b", uuid: "`+id+`") {uuid}}`,
		`{"here": {"uuid": "`+id+`", "app": {"key": "a"}}, "there": null}`)
	checkData(t, a, `{workflowRun(app: "a", uuid: "`+strings.ToUpper(id)+`") {uuid}}`, `{"workflowRun": {"uuid": "`+id+`"}}`)
	a.dify.ResetRequests()
	for _, field := range []string{"workflowRun", "endUser"} {
		for _, query := range []string{
			`{` + field + `(app: "nobody", uuid: "` + id + `") {uuid}}`,
			`{` + field + `(app: "", uuid: "` + id + `") {uuid}}`,
			`{` + field + `(uuid: "` + id + `") {uuid}}`,
		} {
			answer := a.post(t, query, nil)
			checkAnswer(t, answer, `{"`+field+`": null}`, map[string]string{field: "BAD_USER_INPUT"})
		}
	}
	checkSpent(t, a, spent{infos: 0})
}

// TestNotUUID: Dify would answer it with a server error, so it is not asked.
func TestNotUUID(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	id := run(1).EndUser.ID.String()
	for _, text := range []any{"", "x", "1", id[1:], id + "0", "{" + id + "}", "urn:uuid:" + id, strings.ReplaceAll(id, "-", ""), " " + id, id[:35] + "g", "../../workflows/logs?x=000000000000000", 7, true} {
		literal, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range []string{"workflowRun", "endUser"} {
			for _, answer := range []*response{
				a.post(t, `{difyApps {key} `+field+`(uuid: `+string(literal)+`) {uuid}}`, nil),
				a.post(t, `query ($id: UUID!) {difyApps {key} `+field+`(uuid: $id) {uuid}}`, vars{"id": text}),
			} {
				checkAnswer(t, answer, `{"difyApps": [{"key": "a"}], "`+field+`": null}`, map[string]string{field: "BAD_USER_INPUT"})
				if len(answer.Errors) == 1 && answer.Errors[0].Extensions["argument"] != "uuid" {
					t.Errorf("argument: %s", answer.text)
				}
			}
		}
	}
	checkSpent(t, a, spent{})
}

// TestListedFields: what a run's detail lacks takes one look into the log, if it is asked for, and no look where the log
// showed the run.
func TestListedFields(t *testing.T) {
	t.Parallel()
	a, row := serveOne(t, difytest.Options{}, nil)
	a.get(t, `{difyApps {name}}`, nil, new(any))
	a.dify.ResetRequests()
	const listed, detailed = `version triggeredFrom exceptionsCount`, `workflowId inputs outputs`
	for query, want := range map[string]spent{
		runQuery(row.Run.ID, `uuid status totalTokens finishedAt app {key}`):                {runs: 1},
		runQuery(row.Run.ID, detailed):                                                      {runs: 1},
		runQuery(row.Run.ID, `version`):                                                     {runs: 1, lists: 1},
		runQuery(row.Run.ID, listed):                                                        {runs: 1, lists: 1},
		runQuery(row.Run.ID, listed+` v: version `+detailed+` i: inputs`):                   {runs: 1, lists: 1},
		`{workflowLogs {nodes {workflowRun {` + listed + `}}}}`:                             {lists: 1},
		`{workflowLogs {nodes {workflowRun {` + listed + ` ` + detailed + ` o: outputs}}}}`: {runs: 1, lists: 1},
	} {
		a.get(t, query, nil, new(any))
		checkSpent(t, a, want)
	}
}

// TestRunOutsideTheLog: a run that the log does not have, as one in the debugger, lacks what only the log knows.
func TestRunOutsideTheLog(t *testing.T) {
	t.Parallel()
	a, row := serveOne(t, difytest.Options{}, nil)
	breakRoute(a.dify, difytest.LogsRoute, difytest.Nonsense(`{"page": 1, "limit": 100, "total": 0, "has_more": false, "data": []}`))
	checkData(t, a, runQuery(row.Run.ID, `statusText version triggeredFrom exceptionsCount`),
		`{"workflowRun": {"statusText": "succeeded", "version": null, "triggeredFrom": null, "exceptionsCount": null}}`)
}

// TestRunGoneFromDify: a run that a list shows and that is gone when its detail is asked for has no detail.
func TestRunGoneFromDify(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.6.0", "1.12.1", "1.14.2"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a, row := serveOne(t, difytest.Options{Version: version}, nil)
			a.dify.OnStatement(func(s difytest.Statement) {
				if s.Kind == difytest.StatementRun {
					a.apps["a"].Delete(row.ID)
				}
			})
			checkData(t, a, `{workflowLogs {nodes {workflowRun {status workflowId inputs outputs}}}}`,
				`{"workflowLogs": {"nodes": [{"workflowRun": {"status": "SUCCEEDED", "workflowId": null, "inputs": null, "outputs": null}}]}}`)
			checkSpent(t, a, spent{lists: 1, runs: 1})
		})
	}
}

// TestUnknownRun: what servers answer where there is no such run, and where they fail, are told apart.
func TestUnknownRun(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]spent{
		"1.5.0":  {infos: 1, lists: 1},
		"1.7.0":  {infos: 1, runs: 1},
		"1.12.1": {infos: 1, runs: 1},
		"1.13.0": {infos: 1, runs: 1, lists: 1}, // its 500 may mean either
		"1.13.1": {infos: 1, runs: 1},
		"1.14.2": {infos: 1, runs: 1},
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a, _ := serveOne(t, difytest.Options{Version: version}, nil)
			checkData(t, a, runQuery(uuid.New(), `uuid version inputs`), `{"workflowRun": null}`)
			checkSpent(t, a, want)
		})
	}
}

// TestFailingRun: a failure is never taken for a run that is not there.
func TestFailingRun(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		if f.fault == nil || f.fault.Hang {
			continue // TestFailingDetail has these
		}
		for _, version := range []string{"1.12.1", "1.13.0", "1.14.2"} {
			t.Run(f.name+"/"+version, func(t *testing.T) {
				t.Parallel()
				a, row := serveOne(t, difytest.Options{Version: version}, nil)
				breakRoute(a.dify, difytest.RunRoute, f.fault)
				answer := a.post(t, runQuery(row.Run.ID, `uuid inputs`), nil)
				checkAnswer(t, answer, `{"workflowRun": null}`, map[string]string{"workflowRun": f.code})
				answer = a.post(t, `{workflowLogs {nodes {workflowRun {statusText inputs outputs}}}}`, nil)
				checkAnswer(t, answer, `{"workflowLogs": {"nodes": [{"workflowRun": {"statusText": "succeeded", "inputs": null, "outputs": null}}]}}`,
					map[string]string{"workflowLogs.nodes.0.workflowRun.inputs": f.code, "workflowLogs.nodes.0.workflowRun.outputs": f.code})
				if e := answer.Errors; len(e) > 0 && (e[0].Extensions["app"] != "a" || !strings.Contains(e[0].Message, f.says)) {
					t.Errorf("%s", answer.text)
				}
			})
		}
	}
}

// TestUnknownRunOfFailingServer: on 1.13.0 the log decides; where it can't be asked either, the failure stands.
func TestUnknownRunOfFailingServer(t *testing.T) {
	t.Parallel()
	a, row := serveOne(t, difytest.Options{Version: "1.13.0"}, nil)
	a.page(t, vars{})
	a.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.UnknownError() })
	for _, id := range []uuid.UUID{row.Run.ID, uuid.New()} {
		a.dify.ResetRequests()
		answer := a.post(t, runQuery(id, `uuid`), nil)
		checkAnswer(t, answer, `{"workflowRun": null}`, map[string]string{"workflowRun": "UPSTREAM_UNAVAILABLE"})
		checkSpent(t, a, spent{runs: 1, lists: 1})
	}
}

// TestRunThatManyMention: a search for a run's entry among runs that mention it ends, and says so.
func TestRunThatManyMention(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	wanted := a.apps["a"].Insert(run(0))[0]
	for i := range 1100 {
		row := run(i + 1)
		row.Run.Inputs = `{"of": "` + wanted.Run.ID.String() + `"}`
		a.apps["a"].Insert(row)
	}
	answer := a.post(t, `query ($id: UUID!) {workflowRun(app: "a", uuid: $id) {status version}}`, vars{"id": wanted.Run.ID})
	checkAnswer(t, answer, `{"workflowRun": {"status": "SUCCEEDED", "version": null}}`, map[string]string{"workflowRun.version": "COST_LIMIT_EXCEEDED"})
	if n := a.listCalls(); n > 20 {
		t.Errorf("%d list calls", n)
	}
}
