package graph_test

import (
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// sessionQuery asks for the end users of representations, and for whatever of their runs.
func sessionQuery(runs string) string {
	declared := ""
	if strings.Contains(runs, "$n") {
		declared = ", $n: Int"
	}
	return `query ($representations: [_Any!]!` + declared + `) {_entities(representations: $representations) {... on EndUser {id sessionId ` + runs + `}}}`
}

// bySession asks for end users of app a by their session ids.
func (a *api) bySession(t *testing.T, runs string, sessions ...string) *response {
	t.Helper()
	representations := make([]any, len(sessions))
	for i, session := range sessions {
		representations[i] = of("EndUser", inApp("a", "sessionId", session))
	}
	return a.post(t, sessionQuery(runs), vars{"representations": representations, "n": 7})
}

// TestEndUserBySession: the call that finds the person has their first runs, too.
func TestEndUserBySession(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		runs  string
		lists int
		rows  int
	}{
		"no runs":               {``, 1, 0},
		"5 runs":                {`workflowLogs(first: 5) {nodes {uuid}}`, 1, 5},
		"5 runs and flags":      {`workflowLogs(first: 5) {nodes {uuid} pageInfo {hasNextPage}}`, 1, 5},
		"by a variable":         {`workflowLogs(first: $n) {nodes {uuid}}`, 1, 7},
		"20 runs":               {`workflowLogs {nodes {uuid}}`, 1, 20},
		"total":                 {`workflowLogs(first: 5) {totalCount nodes {uuid}}`, 1, 5},
		"in a fragment":         {`... on Node {... on EndUser {runs: workflowLogs(first: 5) {nodes {uuid}}}}`, 1, 5},
		"two aliases":           {`few: workflowLogs(first: 3) {nodes {uuid}} more: workflowLogs(first: 9) {nodes {uuid}}`, 1, 12},
		"two aliases, one size": {`few: workflowLogs(first: 3) {nodes {uuid}} more: workflowLogs(first: 3) {nodes {uuid}}`, 1, 6},
		"with another filter":   {`workflowLogs(first: 5, filter: {status: FAILED}) {nodes {uuid}}`, 2, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveRunsOfAlice(t, difytest.Options{})
			a.get(t, `{difyApps {name}}`, nil, new(any))
			a.dify.ResetRequests()
			answer := a.bySession(t, test.runs, "alice")
			if rows := strings.Count(string(answer.Data), `"uuid"`); len(answer.Errors) > 0 || rows != test.rows || !strings.Contains(string(answer.Data), `"sessionId":"alice"`) {
				t.Errorf("%d rows, want %d: %s", rows, test.rows, answer.text)
			}
			checkSpent(t, a, spent{lists: test.lists})
		})
	}
}

// TestEndUsersBySession: each is found by a call of their own, side by side; who has no run is null.
func TestEndUsersBySession(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	alice, other := idOfEndUser("a", alice()), idOfEndUser("a", endUser("s0"))
	answer := a.bySession(t, ``, "alice", "nobody", "s0", "alice", "ALICE", " alice")
	checkAnswer(t, answer, `{"_entities": [{"id": "`+alice+`", "sessionId": "alice"}, null, {"id": "`+other+`", "sessionId": "s0"},
		{"id": "`+alice+`", "sessionId": "alice"}, null, null]}`, none)
	checkSpent(t, a, spent{infos: 1, lists: 5})
}

// TestSessionWhoseNewestRunsLostTheirCreator: a row that no longer shows who started it tells nothing of the person.
func TestSessionWhoseNewestRunsLostTheirCreator(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	breakRoute(a.dify, difytest.LogsRoute, difytest.Rewrite(func(body []byte) []byte {
		return []byte(strings.ReplaceAll(string(body), `"session_id": "alice"`, `"session_id": null`))
	}))
	checkAnswer(t, a.bySession(t, ``, "alice"), `{"_entities": [null]}`, none)
}

// TestSessionOnOldServer: one that ignores the session id would show anybody.
func TestSessionOnOldServer(t *testing.T) {
	t.Parallel()
	for name, server := range map[string]difytest.Options{
		"1.4.3": {Version: "1.4.3"}, "hidden version": {Version: "1.4.3", HideVersion: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveRunsOfAlice(t, server)
			answer := a.bySession(t, `workflowLogs {nodes {uuid}}`, "s1", "alice")
			checkAnswer(t, answer, `{"_entities": [null, null]}`, map[string]string{"_entities.0": "UPSTREAM_UNSUPPORTED", "_entities.1": "UPSTREAM_UNSUPPORTED"})
		})
	}
}
