package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

const (
	apiKey   = "app-bench"
	listPath = "/v1/workflows/logs"
)

// inLog is how many rows the log has, two minutes from one to the next on average.
const inLog = 2000

// newUpstream is a Dify that gives what it has answered to a question before, again and again, after so long.
func newUpstream(slow time.Duration) http.Handler {
	dify := difytest.New(difytest.Options{Seed: 1})
	app := dify.AddApp(difytest.AppOptions{Name: "bench", APIKey: apiKey})
	app.Insert(difytest.Evenly(1, inLog, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), inLog*2*time.Minute)...)
	var answers sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer, ok := answers.Load(r.URL.RawQuery)
		if !ok {
			recorder := httptest.NewRecorder()
			r.Header.Set("Authorization", "Bearer "+apiKey)
			dify.ServeHTTP(recorder, r)
			answer, _ = answers.LoadOrStore(r.URL.RawQuery, recorder.Body.Bytes())
		}
		body, _ := answer.([]byte)
		time.Sleep(slow)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Version", "1.14.2")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body) //nolint:gosec // Both ends are this program's.
	})
}

// pageRequest asks a server that has Dify's own list. The limit is the one that difygraph asks for to show so many rows.
func pageRequest(address string, rows int) []byte {
	const beside = 6 // to know whether there is more, and whole seconds
	return fmt.Appendf(nil, "GET %s?limit=%d HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", listPath, min(rows+beside, 100), address)
}
