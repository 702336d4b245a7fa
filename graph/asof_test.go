package graph_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestAsOfIsWhenTheOldestRequestWasSent, not when it was answered, nor when the next one was sent. In a bubble, where each
// answer takes a second, and the wait for the like of a question a millisecond.
func TestAsOfIsWhenTheOldestRequestWasSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := difytest.New(difytest.Options{})
		dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"}).Insert(runsOf(pairs(200))...)
		dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Delay(time.Second) })
		handler := newServer(t, options{keys: []string{"a"}}, map[string]difyapi.Options{"a": appOf(direct{dify})})
		for query, calls := range map[string]int{
			`{l: workflowLogs(first: 20) {nodes {id} scan {upstreamCalls asOf}}}`:           1,
			`{l: workflowLogs(first: 100) {nodes {id} scan {upstreamCalls asOf}}}`:          2,
			`{l: workflowLogs(last: 20) {totalCount nodes {id} scan {upstreamCalls asOf}}}`: 2,
			`{l: workflowLogs {totalCount scan {upstreamCalls asOf}}}`:                      1,
		} {
			began := time.Now()
			var data struct {
				L struct {
					Scan struct {
						UpstreamCalls int
						AsOf          time.Time
					}
				}
			}
			ask(t, handler, query, &data)
			scan := data.L.Scan
			if late := scan.AsOf.Sub(began); late < 0 || late > 10*time.Millisecond || scan.UpstreamCalls != calls {
				t.Errorf("%s: %d calls, as of %v after the question", query, scan.UpstreamCalls, late)
			}
		}
	})
}
