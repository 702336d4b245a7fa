package graph_test

import (
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestEntryOfARun: a run's id is enough to tell who started it, at one call; where a list showed the run it takes none.
func TestEntryOfARun(t *testing.T) {
	t.Parallel()
	a := serveAlice(t, difytest.Options{})
	row := a.apps["a"].Rows()[0]
	const fields = `{uuid createdFrom createdByEndUser {sessionId} workflowRun {status}}`
	entry := `{"uuid": "` + row.ID.String() + `", "createdFrom": "service-api", "createdByEndUser": {"sessionId": "alice"}, "workflowRun": {"status": "SUCCEEDED"}}`
	a.get(t, `{difyApps {name}}`, nil, new(any)) // the version is known
	a.dify.ResetRequests()
	checkData(t, a, `{workflowRun(app: "a", uuid: "`+row.Run.ID.String()+`") {version workflowLog `+fields+`}}`,
		`{"workflowRun": {"version": "1", "workflowLog": `+entry+`}}`)
	checkSpent(t, a, spent{lists: 1, runs: 1})
	a.dify.ResetRequests()
	checkData(t, a, `{workflowLogs(apps: ["a"], first: 1) {nodes {workflowRun {workflowLog `+fields+`}}}}`,
		`{"workflowLogs": {"nodes": [{"workflowRun": {"workflowLog": `+entry+`}}]}}`)
	checkSpent(t, a, spent{lists: 1})
}

// TestRunWithoutEntry: the log forgets entries of runs that Dify still has.
func TestRunWithoutEntry(t *testing.T) {
	t.Parallel()
	a := serveAlice(t, difytest.Options{})
	row := a.apps["a"].Rows()[0]
	breakRoute(a.dify, difytest.LogsRoute, difytest.Rewrite(func([]byte) []byte {
		return []byte(`{"page": 1, "limit": 100, "total": 0, "has_more": false, "data": []}`)
	}))
	checkData(t, a, `{workflowRun(app: "a", uuid: "`+row.Run.ID.String()+`") {status workflowLog {uuid}}}`,
		`{"workflowRun": {"status": "SUCCEEDED", "workflowLog": null}}`)
}
