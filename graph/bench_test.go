package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

const everyField = `query ($first: Int!) { workflowLogs(first: $first) {
  edges { cursor node {
    id uuid app { id key } createdFrom createdByRole createdAt details
    createdByAccount { id uuid name email }
    createdByEndUser { id uuid type sessionId app { key } }
    workflowRun { id uuid version status statusText error elapsedTime totalTokens totalSteps exceptionsCount triggeredFrom createdAt finishedAt app { key } }
  } }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  scan { complete reasons upstreamCalls rowsScanned asOf }
} }`

// recorded gives what Dify of so many rows has answered to a question, again and again: so that a Dify of our own is no part
// of what is measured.
func recorded(rows int) http.Handler {
	dify := difytest.New(difytest.Options{Seed: 1})
	app := dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"})
	app.Insert(difytest.Evenly(1, rows, epoch, 24*time.Hour)...)
	var answers sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers.Load(r.URL.RawQuery)
		if !ok {
			recorder := httptest.NewRecorder()
			r.Header.Set("Authorization", "Bearer app-secret-a")
			dify.ServeHTTP(recorder, r)
			answer, _ = answers.LoadOrStore(r.URL.RawQuery, recorder.Body.Bytes())
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer.([]byte))
	})
}

// BenchmarkPage is one page with all fields through HTTP, and the same rows of Dify's copied by a plain reverse proxy. Up to
// 95 rows are one call, 100 are two.
func BenchmarkPage(b *testing.B) {
	for _, rows := range []int{20, 95, 100} {
		upstream := httptest.NewServer(recorded(rows))
		b.Cleanup(upstream.Close)
		b.Run(fmt.Sprintf("graphql/rows=%d", rows), func(b *testing.B) {
			api := serveApps(b, options{keys: []string{"a"}}, map[string]difyapi.Options{"a": {BaseURL: upstream.URL + "/v1", APIKey: "app-secret-a"}})
			body, err := json.Marshal(map[string]any{"query": everyField, "variables": map[string]any{"first": rows}})
			if err != nil {
				b.Fatal(err)
			}
			measure(b, func() (*http.Response, error) {
				return http.Post(api, "application/json", bytes.NewReader(body))
			})
		})
		b.Run(fmt.Sprintf("proxy/rows=%d", rows), func(b *testing.B) {
			target, err := url.Parse(upstream.URL)
			if err != nil {
				b.Fatal(err)
			}
			transport := http.DefaultTransport.(*http.Transport).Clone()
			transport.MaxIdleConnsPerHost = 100
			proxy := httptest.NewServer(&httputil.ReverseProxy{
				Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, Transport: transport,
			})
			b.Cleanup(proxy.Close)
			measure(b, func() (*http.Response, error) { return http.Get(proxy.URL + "/v1/workflows/logs?limit=100") })
		})
	}
}

func measure(b *testing.B, get func() (*http.Response, error)) {
	b.Helper()
	b.ReportAllocs()
	var size int64
	for b.Loop() {
		answer, err := get()
		if err != nil {
			b.Fatal(err)
		}
		size, err = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || size < 1000 {
			b.Fatalf("status %d, %d bytes, %v", answer.StatusCode, size, err)
		}
	}
	b.ReportMetric(float64(size), "answer-bytes")
}
