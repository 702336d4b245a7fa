package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

const (
	apiKey   = "app-bench"
	listPath = "/v1/workflows/logs"
)

// canned says what a Dify has, and how long it takes for an answer.
type canned struct {
	slow  time.Duration
	rows  int // in its log, two minutes from one to the next on average
	texts int // bytes that each run's inputs have, and as many its outputs; what is usual if 0
}

// usually is what most measurements are of.
var usually = canned{rows: 2000}

func (c canned) args() []string {
	return []string{"upstream", c.slow.String(), strconv.Itoa(c.rows), strconv.Itoa(c.texts)}
}

func parseCanned(args []string) (c canned, err error) {
	if c.slow, err = time.ParseDuration(args[1]); err != nil {
		return c, err
	}
	_, err = fmt.Sscan(args[2]+" "+args[3], &c.rows, &c.texts)
	return c, err
}

// newUpstream is a Dify that gives what it has answered to a question before, again and again.
func newUpstream(c canned) http.Handler {
	dify := difytest.New(difytest.Options{Seed: 1})
	app := dify.AddApp(difytest.AppOptions{Name: "bench", APIKey: apiKey})
	rows := difytest.Evenly(1, c.rows, time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Duration(c.rows)*2*time.Minute)
	for i := range rows {
		if c.texts > 0 && rows[i].Run != nil {
			rows[i].Run.Inputs = `{"text": "` + strings.Repeat("x", c.texts) + `"}`
			rows[i].Run.Outputs = rows[i].Run.Inputs
		}
	}
	app.Insert(rows...)
	var answers sync.Map
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question := r.URL.RequestURI()
		answer, ok := answers.Load(question)
		if !ok {
			recorder := httptest.NewRecorder()
			r.Header.Set("Authorization", "Bearer "+apiKey)
			dify.ServeHTTP(recorder, r)
			answer, _ = answers.LoadOrStore(question, recorder.Body.Bytes())
		}
		body, _ := answer.([]byte)
		time.Sleep(c.slow)
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
