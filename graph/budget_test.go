package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// largeRun is a run whose detail has some 100 kB.
func largeRun(second int) difytest.Row {
	row := run(second)
	row.Run.Outputs = `{"text": "` + strings.Repeat("x", 100_000) + `"}`
	return row
}

const megabyte = 1 << 20

// TestDetailsBeyondTheBudget: the fields that are too much are null with an error that says how much is allowed; what came
// before stands, and so does the next operation.
func TestDetailsBeyondTheBudget(t *testing.T) {
	t.Parallel()
	for name, ttl := range map[string]time.Duration{"without cache": 0, "with cache": time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, bytes: megabyte, ttl: ttl})
			for i := range 20 {
				a.apps["a"].Insert(largeRun(i))
			}
			for range 2 { // the second time some answers come from the cache, at the same price
				answer := a.post(t, `{workflowLogs {nodes {uuid workflowRun {statusText outputs}}} difyApps {key}}`, nil)
				checkOverdrawn(t, answer)
			}
			answer := a.post(t, `{workflowLogs(first: 5) {nodes {uuid workflowRun {outputs}}}}`, nil)
			if len(answer.Errors) > 0 || len(answer.text) < 500_000 {
				t.Errorf("the next operation: %.300s", answer.text)
			}
		})
	}
}

// checkOverdrawn holds that a list of 20 rows stands, and that those of its outputs which are null say why.
func checkOverdrawn(t *testing.T, answer *response) {
	t.Helper()
	text := string(answer.Data)
	nulls := strings.Count(text, `"outputs":null`)
	if strings.Count(text, `"uuid"`) != 20 || strings.Count(text, `"statusText":"succeeded"`) != 20 || !strings.Contains(text, `"difyApps":[{"key":"a"}]`) {
		t.Errorf("%.300s", text)
	}
	if nulls < 10 || nulls != len(answer.Errors) || len(text) > megabyte+100_000 {
		t.Errorf("%d outputs are null, %d errors, %d bytes", nulls, len(answer.Errors), len(text))
	}
	for _, e := range answer.Errors {
		if e.Extensions["code"] != "COST_LIMIT_EXCEEDED" || !strings.Contains(e.Message, "1 MiB") || !strings.HasPrefix(pathOf(e), "workflowLogs.nodes.") {
			t.Errorf("%v", e)
		}
	}
}

// TestListBeyondTheBudget: rows count as well.
func TestListBeyondTheBudget(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(60), "a")
	small := serve(t, options{keys: []string{"a"}, bytes: 10_000})
	small.apps["a"].Insert(a.apps["a"].Rows()...)
	answer := small.post(t, besideQuery, vars{"first": 80})
	checkAlone(t, small, answer)
	checkFailures(t, answer, map[string]string{"list": "COST_LIMIT_EXCEEDED"})
	small.page(t, vars{"first": 5})
}

// TestBudgetOfEachOperation: one that has no more to spend leaves a call that it shares to who has.
func TestBudgetOfEachOperation(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, bytes: megabyte, ttl: time.Minute})
	var all strings.Builder
	shared := a.apps["a"].Insert(largeRun(99))[0].Run.ID
	fmt.Fprintf(&all, ` shared: workflowRun(uuid: %q) {outputs}`, shared)
	for i := range 15 {
		fmt.Fprintf(&all, ` r%d: workflowRun(uuid: %q) {outputs}`, i, a.apps["a"].Insert(largeRun(i))[0].Run.ID)
	}
	arrived, release := a.holdRun(t, shared)
	frugal := make(chan *response)
	go func() { frugal <- a.post(t, runQuery(shared, `outputs`), nil) }()
	<-arrived
	greedy := a.post(t, `{`+all.String()+`}`, nil)
	if !slices.Contains(greedy.codes(), "COST_LIMIT_EXCEEDED") {
		t.Errorf("%.300s", greedy.text)
	}
	release()
	if answer := <-frugal; len(answer.Errors) > 0 || len(answer.text) < 100_000 {
		t.Errorf("the operation beside: %.300s", answer.text)
	}
	if n := a.runCalls(shared); n != 1 {
		t.Errorf("%d calls for the run that both want", n)
	}
}

// holdRun makes Dify keep the detail of a run to itself until it is released. It tells when the detail is asked for.
func (a *api) holdRun(t *testing.T, id uuid.UUID) (arrived <-chan struct{}, release func()) {
	t.Helper()
	asked, released := make(chan struct{}, 10), make(chan struct{})
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		if strings.HasSuffix(r.URL.Path, id.String()) {
			asked <- struct{}{}
			<-released
		}
		return nil
	})
	release = sync.OnceFunc(func() { close(released) })
	t.Cleanup(release)
	return asked, release
}

// runCalls is how often the detail of a run was asked for.
func (a *api) runCalls(id uuid.UUID) (n int) {
	for _, r := range a.dify.Requests() {
		if strings.HasSuffix(r.Path, id.String()) {
			n++
		}
	}
	return n
}
