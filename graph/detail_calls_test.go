package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These tests hold what children of a list's rows cost: requests to Dify, counted by Dify. Caches are off.

// detailLists ask for 95 rows with the details of their runs, in every way in which a query can say so.
var detailLists = map[string]string{
	"nodes":            `{workflowLogs(first: 95) {nodes {workflowRun {inputs outputs workflowId}}}}`,
	"edges":            `{workflowLogs(first: 95) {edges {node {workflowRun {inputs outputs workflowId}}}}}`,
	"both":             `{workflowLogs(first: 95) {nodes {workflowRun {inputs}} edges {node {workflowRun {outputs}}}}}`,
	"one field":        `{workflowLogs(first: 95) {nodes {workflowRun {workflowId}}}}`,
	"aliases":          `{l: workflowLogs(first: 95) {n: nodes {r: workflowRun {i: inputs j: inputs o: outputs}}}}`,
	"inline fragments": `{... on Query {workflowLogs(first: 95) {... {nodes {... on WorkflowLog {workflowRun {... on WorkflowRun {inputs}}}}}}}}`,
	"named fragments": `{workflowLogs(first: 95) {...c}} fragment c on WorkflowLogConnection {nodes {...l}}
		fragment l on WorkflowLog {...m} fragment m on WorkflowLog {workflowRun {...r}} fragment r on WorkflowRun {outputs}`,
	"fragments of Node": `{workflowLogs(first: 95) {nodes {... on Node {id ... on WorkflowLog {workflowRun {... on Node {... on WorkflowRun {inputs}}}}}}}}`,
	"an app's list":     `{difyApp(key: "a") {workflowLogs(first: 95) {nodes {workflowRun {inputs}}}}}`,
	"an app's node":     `{node(id: "` + idOfApp() + `") {... on DifyApp {workflowLogs(first: 95) {nodes {workflowRun {inputs}}}}}}`,
	"included":          `query ($yes: Boolean! = true) {workflowLogs(first: 95) {nodes {workflowRun @include(if: $yes) {inputs @skip(if: false)}}}}`,
	"twice":             `{x: workflowLogs(first: 95) {nodes {workflowRun {inputs}}} y: workflowLogs(first: 95) {nodes {workflowRun {outputs}}}}`,
}

func TestDetailsOf95Runs(t *testing.T) {
	t.Parallel()
	for name, query := range detailLists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveRows(t, pairs(100), "a")
			a.get(t, query, nil, new(any))
			checkSpent(t, a, spent{lists: 1, runs: 95})
		})
	}
}

func TestDetailsOf100Runs(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(100), "a")
	var data struct {
		WorkflowLogs struct {
			Nodes []struct {
				WorkflowRun struct{ Inputs, Outputs any }
			}
		}
	}
	a.get(t, `{workflowLogs(first: 100) {nodes {workflowRun {inputs outputs}}}}`, nil, &data)
	checkSpent(t, a, spent{lists: 2, runs: 100})
	for _, node := range data.WorkflowLogs.Nodes {
		if node.WorkflowRun.Inputs == nil || node.WorkflowRun.Outputs == nil {
			t.Fatalf("%+v", node)
		}
	}
}

// TestNoDetails: what nobody asks for costs nothing.
func TestNoDetails(t *testing.T) {
	t.Parallel()
	for name, query := range map[string]string{
		"other fields":      `{workflowLogs(first: 50) {nodes {workflowRun {status} createdByEndUser {sessionId type}}}}`,
		"skipped":           `query ($no: Boolean! = false) {workflowLogs(first: 50) {nodes {uuid workflowRun {uuid inputs @include(if: $no)}}}}`,
		"of a skipped run":  `{workflowLogs(first: 50) {nodes {uuid workflowRun @skip(if: true) {inputs}}}}`,
		"names of an app":   `{workflowLogs(first: 50) {nodes {app {key} createdByAccount {name}}}}`,
		"skipped fragment":  `{workflowLogs(first: 50) {nodes {uuid ...f @skip(if: true)}}} fragment f on WorkflowLog {workflowRun {inputs} createdByEndUser {name}}`,
		"inputs as aliases": `{workflowLogs(first: 50) {nodes {workflowRun {inputs: status} createdByEndUser {name: sessionId}}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveRows(t, pairs(50), "a")
			a.get(t, query, nil, new(any))
			checkSpent(t, a, spent{lists: 1})
		})
	}
}

// rowsOfTwelve are 95 rows of 12 end users, the newest seconds sparse.
func rowsOfTwelve() []difytest.Row {
	rows := make([]difytest.Row, 95)
	for i := range rows {
		rows[i] = run(i * 7)
		rows[i].EndUser = endUser(fmt.Sprint("user-", i%12))
		rows[i].EndUser.Name = new(fmt.Sprint("User ", i%12))
	}
	return rows
}

func serveTwelve(t tb) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a"}})
	a.apps["a"].Insert(rowsOfTwelve()...)
	return a
}

// TestPeopleOfAPage: each person once, whose latest run is one more call.
func TestPeopleOfAPage(t *testing.T) {
	t.Parallel()
	a := serveTwelve(t)
	var data struct {
		WorkflowLogs struct {
			Nodes []struct {
				CreatedByEndUser struct {
					Name, SessionID string
					WorkflowLogs    struct {
						Nodes []struct {
							CreatedByEndUser struct{ SessionID string }
						}
					}
				}
			}
		}
	}
	a.get(t, `{workflowLogs(first: 95) {nodes {createdByEndUser {sessionId `+profileFields+` workflowLogs(first: 1) {nodes {createdByEndUser {sessionId}}}}}}}`, nil, &data)
	checkSpent(t, a, spent{lists: 1 + 12, people: 12})
	if len(data.WorkflowLogs.Nodes) != 95 {
		t.Errorf("%d rows", len(data.WorkflowLogs.Nodes))
	}
	for _, node := range data.WorkflowLogs.Nodes {
		user := node.CreatedByEndUser
		if strings.Replace(user.SessionID, "user-", "User ", 1) != user.Name || len(user.WorkflowLogs.Nodes) != 1 || user.WorkflowLogs.Nodes[0].CreatedByEndUser.SessionID != user.SessionID {
			t.Errorf("%+v", user)
		}
	}
}

// TestDashboard: ten aliases that want the same things in part ask for each once.
func TestDashboard(t *testing.T) {
	t.Parallel()
	a := serveTwelve(t)
	row := a.apps["a"].Rows()[0]
	a.get(t, `{difyApps {name}}`, nil, new(any))
	a.dify.ResetRequests()
	run, user := row.Run.ID.String(), row.EndUser.ID.String()
	a.get(t, `{
		l0: workflowLogs(first: 95) {nodes {workflowRun {inputs}}}
		l1: workflowLogs(first: 95) {nodes {workflowRun {outputs} createdByEndUser {name}}}
		l2: workflowLogs(first: 95) {edges {node {createdByEndUser {updatedAt}}}}
		l3: difyApp(key: "a") {workflowLogs(first: 95) {nodes {workflowRun {workflowId inputs}}}}
		r0: workflowRun(uuid: "`+run+`") {inputs}
		r1: workflowRun(uuid: "`+run+`") {status outputs}
		r2: node(id: "`+idOfRun("a", row)+`") {... on WorkflowRun {workflowId}}
		u0: endUser(uuid: "`+user+`") {name}
		u1: node(id: "`+idOfEndUser("a", row.EndUser)+`") {... on EndUser {createdAt}}
		u2: nodes(ids: ["`+idOfEndUser("a", row.EndUser)+`", "`+idOfRun("a", row)+`"]) {id ... on EndUser {isAnonymous} ... on WorkflowRun {inputs}}
	}`, nil, new(any))
	checkSpent(t, a, spent{lists: 1, runs: 95, people: 12})
}

// TestRunOnTwoPages: pages of one operation that overlap ask for what they share once.
func TestRunOnTwoPages(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(20), "a")
	a.get(t, `{x: workflowLogs(first: 10) {nodes {workflowRun {inputs}}} y: workflowLogs(order: OLDEST_FIRST, first: 25) {nodes {workflowRun {inputs}}}}`, nil, new(any))
	if got := a.dify.Calls(difytest.RunRoute); got != 30 {
		t.Errorf("%d details of 30 runs", got)
	}
}

// TestRunsOfTwoApps: details are asked for with each app's own key.
func TestRunsOfTwoApps(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(10), "a", "b")
	a.get(t, `{workflowLogs(first: 30) {nodes {workflowRun {inputs} createdByEndUser {name}}}}`, nil, new(any))
	checkSpent(t, a, spent{lists: 2, runs: 30, people: 2})
}

// failingRun makes one run's detail fail.
func (a *api) failingRun(id uuid.UUID, fault *difytest.Fault) {
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		if strings.HasSuffix(r.URL.Path, id.String()) {
			return fault
		}
		return nil
	})
}

// TestOneFailingDetail: the run's own fields are null, each with an error at its place, and all others stand.
func TestOneFailingDetail(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		if f.fault == nil || f.fault.Hang {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveRows(t, map[int]int{0: 1, 1: 1, 2: 1}, "a")
			a.failingRun(a.apps["a"].Rows()[1].Run.ID, f.fault)
			answer := a.post(t, `{workflowLogs {nodes {workflowRun {statusText inputs o: outputs}}}}`, nil)
			const good = `{"workflowRun": {"statusText": "succeeded", "inputs": {}, "o": {}}}`
			checkAnswer(t, answer, `{"workflowLogs": {"nodes": [`+good+`, {"workflowRun": {"statusText": "succeeded", "inputs": null, "o": null}}, `+good+`]}}`,
				map[string]string{"workflowLogs.nodes.1.workflowRun.inputs": f.code, "workflowLogs.nodes.1.workflowRun.o": f.code})
			if e := answer.Errors[0]; !strings.Contains(e.Message, f.says) || e.Extensions["app"] != "a" {
				t.Errorf("%v", e)
			}
		})
	}
}

// TestKeyLostAfterTheList: an app whose key is refused from then on keeps its rows.
func TestKeyLostAfterTheList(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 1, 1: 1}, "a", "b")
	a.dify.OnStatement(func(s difytest.Statement) {
		if s.Kind == difytest.StatementLoad && s.App == a.apps["b"] {
			s.App.SetState(difytest.AppAPIDisabled)
		}
	})
	answer := a.post(t, `{workflowLogs(order: OLDEST_FIRST) {nodes {uuid app {key} workflowRun {inputs} createdByEndUser {name}}}}`, nil)
	var data struct {
		WorkflowLogs struct {
			Nodes []struct {
				App              struct{ Key string }
				WorkflowRun      struct{ Inputs any }
				CreatedByEndUser struct{ Name any }
			}
		}
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil || len(data.WorkflowLogs.Nodes) != 4 {
		t.Fatalf("%v: %s", err, answer.text)
	}
	want := make(map[string]string)
	for i, node := range data.WorkflowLogs.Nodes {
		lost := node.App.Key == "b"
		if lost {
			want[fmt.Sprintf("workflowLogs.nodes.%d.workflowRun.inputs", i)] = "UPSTREAM_UNAUTHORIZED"
			want[fmt.Sprintf("workflowLogs.nodes.%d.createdByEndUser.name", i)] = "UPSTREAM_UNAUTHORIZED"
		}
		if lost != (node.WorkflowRun.Inputs == nil) {
			t.Errorf("%+v", node)
		}
	}
	checkFailures(t, answer, want)
}
