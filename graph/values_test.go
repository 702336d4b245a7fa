package graph_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
)

// TestBeyondInt: a number that an Int does not have is an error at its field, and harms nothing else.
func TestBeyondInt(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	a.apps["a"].Insert(run(5))
	a.dify.SetFault(func(*http.Request) *difytest.Fault {
		return difytest.Rewrite(func(body []byte) []byte {
			return regexp.MustCompile(`"(total|total_steps|exceptions_count)": \d+`).ReplaceAll(body, []byte(`"$1": 3000000000`))
		})
	})
	answer := a.post(t, `{workflowLogs {totalCount nodes {workflowRun {status totalSteps exceptionsCount}}}}`, nil)
	checkAnswer(t, answer, `{"workflowLogs": {"totalCount": null, "nodes": [{"workflowRun": {"status": "SUCCEEDED", "totalSteps": null, "exceptionsCount": null}}]}}`,
		map[string]string{
			"workflowLogs.totalCount": "UPSTREAM_BAD_RESPONSE", "workflowLogs.nodes.0.workflowRun.totalSteps": "UPSTREAM_BAD_RESPONSE",
			"workflowLogs.nodes.0.workflowRun.exceptionsCount": "UPSTREAM_BAD_RESPONSE",
		})
	for _, e := range answer.Errors {
		if !strings.Contains(e.Message, "what Dify has here is beyond the 32 bits of an Int") {
			t.Errorf("%q", e.Message)
		}
	}
}

// TestNotKnownYet: what a run that is under way takes is null, and not 0, in lists and by its id, and in no range. Of one that
// waits for a human it is what it has used so far.
func TestNotKnownYet(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, scanCalls: 10})
	rows := map[string]difytest.Row{"running": run(1), "paused": run(2), "succeeded": run(3)}
	for status, row := range rows {
		row.Run.Status = status
		if status == "paused" {
			row.Run.TotalTokens, row.Run.TotalSteps = 12, 2
		}
		rows[status] = a.apps["a"].Insert(row)[0]
	}
	const fields = `status elapsedTime totalTokens totalSteps`
	want := map[string]string{
		"running":   `{"status": "RUNNING", "elapsedTime": null, "totalTokens": null, "totalSteps": null}`,
		"paused":    `{"status": "PAUSED", "elapsedTime": null, "totalTokens": 12, "totalSteps": 2}`,
		"succeeded": `{"status": "SUCCEEDED", "elapsedTime": 0, "totalTokens": 0, "totalSteps": 0}`,
	}
	checkData(t, a, `{workflowLogs(order: OLDEST_FIRST) {nodes {workflowRun {`+fields+`}}}}`,
		`{"workflowLogs": {"nodes": [{"workflowRun": `+want["running"]+`}, {"workflowRun": `+want["paused"]+`}, {"workflowRun": `+want["succeeded"]+`}]}}`)
	for status, row := range rows {
		checkData(t, a, `{workflowRun(uuid: "`+row.Run.ID.String()+`") {`+fields+`}}`, `{"workflowRun": `+want[status]+`}`)
	}
	for filter, found := range map[string]string{
		`elapsedTime: {min: 0}`: want["succeeded"], `elapsedTime: {max: 100}`: want["succeeded"],
		`totalTokens: {min: 1}`: want["paused"], `totalTokens: {max: 1}`: want["succeeded"],
	} {
		checkData(t, a, `{workflowLogs(filter: {`+filter+`}) {nodes {workflowRun {`+fields+`}}}}`, `{"workflowLogs": {"nodes": [{"workflowRun": `+found+`}]}}`)
	}
}

// TestRunWithoutStart: Dify always tells when a run started. Where something in between loses that, its run is null, and its
// page stands.
func TestRunWithoutStart(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	a.apps["a"].Insert(run(5))
	a.dify.SetFault(func(*http.Request) *difytest.Fault {
		return difytest.Rewrite(func(body []byte) []byte {
			return regexp.MustCompile(`"created_at": \d+, "finished_at"`).ReplaceAll(body, []byte(`"created_at": null, "finished_at"`))
		})
	})
	checkAnswer(t, a.post(t, `{workflowLogs {nodes {createdFrom workflowRun {createdAt}}}}`, nil),
		`{"workflowLogs": {"nodes": [{"createdFrom": "service-api", "workflowRun": null}]}}`,
		map[string]string{"workflowLogs.nodes.0.workflowRun.createdAt": "UPSTREAM_BAD_RESPONSE"})
}

// TestFieldsAlike: fields of one name have one type, so that a selection over several types is valid.
func TestFieldsAlike(t *testing.T) {
	t.Parallel()
	apart := map[string]string{
		"DifyAccount.id": "of a reference, the e-mail alone is known", "DifyAccount.uuid": "likewise",
		"EndUser.createdAt": "deprecated", "EndUser.updatedAt": "deprecated",
		"WorkflowRunPaused.reasons": "Dify's, and stands beside nothing that has a report", "WorkflowRunOtherEvent.name": "always there, of no app or person",
		"WorkflowNodeExecution.status": "stands beside no run", "WorkflowNodeExecution.createdAt": "likewise, and Dify may not say",
	}
	types := map[string]string{}
	for name, definition := range graph.Schema().Types {
		if definition.Kind != ast.Object || definition.BuiltIn || name == "Query" || name == "Subscription" {
			continue
		}
		for _, field := range definition.Fields {
			if apart[name+"."+field.Name] != "" || strings.HasPrefix(field.Name, "__") {
				continue
			}
			if other, met := types[field.Name]; met && other != field.Type.String() {
				t.Errorf("%s.%s is %s, elsewhere %s", name, field.Name, field.Type, other)
			}
			types[field.Name] = field.Type.String()
		}
	}
	checkData(t, serve(t, options{keys: []string{"a"}}), `{nodes(ids: []) {
		... on WorkflowLog {createdAt uuid app {key}} ... on WorkflowRun {createdAt uuid app {key}} ... on EndUser {uuid app {key} profileCreatedAt}}}`,
		`{"nodes": []}`)
}
