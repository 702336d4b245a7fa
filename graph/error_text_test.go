package graph_test

import (
	"slices"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestRunsWhoseErrorContainsAText: each once over all pages of a walk, whatever the case; none without an error, and none by what
// stands elsewhere than in it. Dify is asked for no part of the text.
func TestRunsWhoseErrorContainsAText(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	var want []string
	for i, message := range []string{"", "Timed out", "refused", "the model TIMED OUT", "timed", "ZeitÜberschreitung: timed out", ""} {
		row := run(i)
		row.Run.Status, row.Run.Inputs = difytest.StatusFailed, `{"text": "timed out"}`
		if message != "" {
			row.Run.Error = &message
		}
		if row = a.apps["a"].Insert(row)[0]; i%2 == 1 {
			want = append(want, row.ID.String())
		}
	}
	var got []string
	for after := any(nil); ; {
		p := a.page(t, vars{"first": 1, "after": after, "order": "OLDEST_FIRST", "filter": vars{"error": vars{"contains": "timed OUT"}}})
		for _, e := range p.Edges {
			got = append(got, e.Node.UUID.String())
		}
		if p.TotalCount != nil {
			t.Errorf("a total of %d, which counts other runs", *p.TotalCount)
		}
		if !p.PageInfo.HasNextPage {
			break
		}
		after = *p.PageInfo.EndCursor
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	for _, r := range a.dify.Requests() {
		if r.Query.Has("keyword") {
			t.Errorf("Dify was asked for %v", r.Query)
		}
	}
}

// TestErrorTextWithinTheBudget: a text that no run has takes as many calls as the page may, and the page says so.
func TestErrorTextWithinTheBudget(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, scanCalls: 5})
	a.apps["a"].Insert(runsOf(map[int]int{1: 90, 2: 90, 3: 90, 4: 90})...)
	var data struct{ WorkflowLogs page }
	a.get(t, `{workflowLogs(first: 5, scanCalls: 2, filter: {error: {contains: "nowhere"}}) {edges {cursor} pageInfo {endCursor} scan {reasons}}}`, nil, &data)
	p := data.WorkflowLogs
	if len(p.Edges) != 0 || !slices.Equal(p.Scan.Reasons, []string{"SCAN_BUDGET"}) || p.PageInfo.EndCursor == nil || a.listCalls() != 2 {
		t.Errorf("%d rows, %v, %d calls", len(p.Edges), p.Scan.Reasons, a.listCalls())
	}
}
