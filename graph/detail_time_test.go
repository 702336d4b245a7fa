package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These tests hold how long an operation takes where each of Dify's answers takes the same time, in a bubble in which nothing
// else takes any. A list that is the only one of its operation waits for no other, and children wait for nothing.

const (
	// latency is how long Dify takes for an answer.
	latency = 100 * time.Millisecond
	// listWait is how long lists wait for their like, where the operation may have another.
	listWait = time.Millisecond
	// inFlight is how many calls of one caller to an app are under way at most, where nothing else is configured: of eight slots
	// some are for others.
	inFlight = 6
)

// paced is a transport without a network, whose answers take a while.
type paced struct {
	handler http.Handler
	takes   func(*http.Request) time.Duration
}

func (p paced) RoundTrip(r *http.Request) (*http.Response, error) {
	timer := time.NewTimer(p.takes(r))
	defer timer.Stop()
	select {
	case <-timer.C:
		return direct{p.handler}.RoundTrip(r.WithContext(context.WithoutCancel(r.Context()))) // the answer is on its way by now
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// pacedAPI is the API over app a of a Dify with latency, without a network.
type pacedAPI struct {
	handler http.Handler
	dify    *difytest.Server
	app     *difytest.App
}

func servePaced(t tb, maxInFlight int, takes func(*http.Request) time.Duration) *pacedAPI {
	t.Helper()
	dify := difytest.New(difytest.Options{})
	p := &pacedAPI{dify: dify, app: dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"})}
	app := appOf(paced{dify, takes})
	app.MaxInFlight = maxInFlight
	p.handler = newServer(t, options{keys: []string{"a"}}, map[string]difyapi.Options{"a": app})
	return p
}

func always(d time.Duration) func(*http.Request) time.Duration {
	return func(*http.Request) time.Duration { return d }
}

// post asks without a network, and tells how long the answer took.
func (p *pacedAPI) post(t *testing.T, query string) (*response, time.Duration) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Error(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	began := time.Now()
	p.handler.ServeHTTP(w, r)
	took := time.Since(began)
	answer := &response{text: w.Body.Bytes()}
	if err := json.Unmarshal(answer.text, answer); err != nil {
		t.Errorf("%v: %s", err, answer.text)
	}
	return answer, took
}

// TestDetailsTakeNoTimer: all children of a page are asked for as soon as it is there, whatever fragments and aliases name
// them.
func TestDetailsTakeNoTimer(t *testing.T) {
	t.Parallel()
	const waves = (95 + inFlight - 1) / inFlight
	for name, query := range detailLists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := servePaced(t, 0, always(latency))
				p.app.Insert(runsOf(pairs(100))...)
				answer, took := p.post(t, query)
				want := latency + waves*latency
				if slices.Contains([]string{"an app's list", "an app's node", "twice"}, name) {
					want += listWait
				}
				if took != want || len(answer.Errors) > 0 {
					t.Errorf("took %v, want %v: %.300s", took, want, answer.text)
				}
				if n := p.dify.Calls(difytest.RunRoute); n != 95 {
					t.Errorf("%d details", n)
				}
			})
		})
	}
}

// TestProfilesTakeNoTimer: runs and people are asked for side by side.
func TestProfilesTakeNoTimer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := servePaced(t, 100, always(latency))
		p.app.Insert(rowsOfTwelve()...)
		answer, took := p.post(t, `{workflowLogs(first: 50) {nodes {workflowRun {inputs} ... on Node {... on WorkflowLog {createdByEndUser {... {updatedAt}}}}}}}`)
		if want := 2 * latency; took != want || len(answer.Errors) > 0 {
			t.Errorf("took %v, want %v: %.300s", took, want, answer.text)
		}
	})
}

// TestListBesideDetails: who wants a hundred details does not hold up who wants a list.
func TestListBesideDetails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := servePaced(t, 3, always(latency))
		p.app.Insert(runsOf(pairs(100))...)
		done := make(chan time.Duration)
		go func() {
			_, took := p.post(t, detailLists["nodes"])
			done <- took
		}()
		time.Sleep(5*latency + latency/2) // of the bubble: the details are under way
		answer, took := p.post(t, `{workflowLogs(first: 20) {nodes {uuid}}}`)
		if took > 2*latency || len(answer.Errors) > 0 {
			t.Errorf("the list took %v: %.300s", took, answer.text)
		}
		if took := <-done; took < 47*latency || took > 50*latency {
			t.Errorf("the details took %v", took)
		}
	})
}

// TestDetailThatHangs: it fails alone, after the app's timeout.
func TestDetailThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hangs := ""
		p := servePaced(t, 0, func(r *http.Request) time.Duration {
			if hangs != "" && strings.HasSuffix(r.URL.Path, hangs) {
				return time.Hour
			}
			return latency
		})
		rows := p.app.Insert(run(3), run(2), run(1))
		hangs = rows[1].Run.ID.String()
		answer, took := p.post(t, `{workflowLogs {nodes {workflowRun {inputs}}}}`)
		checkAnswer(t, answer, `{"workflowLogs": {"nodes": [{"workflowRun": {"inputs": {}}}, {"workflowRun": {"inputs": null}}, {"workflowRun": {"inputs": {}}}]}}`,
			map[string]string{"workflowLogs.nodes.1.workflowRun.inputs": "UPSTREAM_TIMEOUT"})
		if want := latency + 30*time.Second; took != want {
			t.Errorf("took %v, want %v", took, want)
		}
	})
}
