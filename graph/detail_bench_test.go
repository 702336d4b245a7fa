package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// BenchmarkDetail is a page of 100 rows with the details of their runs through HTTP, from a Dify that takes 5 ms for each answer.
// The page takes two requests, the details 100, eight at a time: 15 times Dify's latency at least.
func BenchmarkDetail(b *testing.B) {
	a := serve(b, options{keys: []string{"a"}})
	a.apps["a"].Insert(difytest.Evenly(1, 100, epoch, 24*time.Hour)...)
	a.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Delay(5 * time.Millisecond) })
	body, err := json.Marshal(map[string]any{"query": `{workflowLogs(first: 100) {nodes {uuid workflowRun {uuid status inputs outputs}}}}`})
	if err != nil {
		b.Fatal(err)
	}
	measure(b, func() (*http.Response, error) {
		return http.Post(a.url, "application/json", bytes.NewReader(body))
	})
}
