package graph_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestOperationsTogetherHoldSoMuch: what one operation may hold, all of a caller together may not, which is half of what there is; and each gives back what it
// held.
func TestOperationsTogetherHoldSoMuch(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, allBytes: 2 * (96<<10 + 120_000)}) // an operation of 96 KiB, and its answers
	for _, app := range a.apps {
		app.Insert(runsOf(pairs(100))...) // a page of 90 has some 50 KB
	}
	for range 5 {
		if r := a.post(t, `{workflowLogs(apps: ["a"], first: 90) {nodes {uuid}}}`, nil); len(r.Errors) > 0 {
			t.Fatalf("what an operation held was not given back: %s", r.text)
		}
	}
	arrived, released := make(chan struct{}), make(chan struct{})
	var once sync.Once
	a.dify.OnStatement(func(s difytest.Statement) {
		if s.Kind == difytest.StatementRun {
			once.Do(func() { close(arrived) })
			<-released
		}
	})
	var holding sync.WaitGroup
	holding.Go(func() { a.post(t, `{workflowLogs(apps: ["a"], first: 90) {nodes {workflowRun {inputs}}}}`, nil) })
	<-arrived
	if r := a.post(t, `{workflowLogs(apps: ["b"], first: 90) {nodes {uuid}}}`, nil); !slices.Equal(r.codes(), []string{"OVERLOADED"}) {
		t.Errorf("%.300s", r.text)
	}
	close(released)
	holding.Wait()
}
