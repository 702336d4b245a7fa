package graph_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// fullUp is a client of a Dify that does not answer, for which as many calls wait as may.
func fullUp(t *testing.T) *difyapi.Client {
	t.Helper()
	const atOnce = 2
	var reached sync.WaitGroup
	reached.Add(atOnce)
	client := newClient(t, difyapi.Options{
		BaseURL: "http://dify.test/v1", APIKey: "app-secret-b", MaxInFlight: atOnce, Version: difyapi.ParseVersion("1.14.2"), Timeout: time.Hour,
		Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			reached.Done() // a call too many would panic
			<-r.Context().Done()
			return nil, r.Context().Err()
		}),
	})
	ctx, cancel := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	for range atOnce {
		calls.Go(func() { _, _ = client.Info(ctx) })
	}
	reached.Wait()
	refused := make(chan struct{}, atOnce+difyapi.MaxWaiting)
	for range 2 * difyapi.MaxWaiting { // as soon as one is refused, all places in line are taken, and stay so
		calls.Go(func() {
			if _, err := client.Info(ctx); difyapi.IsOverloaded(err) {
				refused <- struct{}{}
			}
		})
	}
	<-refused
	t.Cleanup(func() {
		cancel()
		calls.Wait()
	})
	return client
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOverloadedApp: where too many calls to an app wait, it fails at once, alone, and as this server's own trouble.
func TestOverloadedApp(t *testing.T) {
	t.Parallel()
	sound := startDify(t, difytest.Options{})
	app := sound.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"})
	app.Insert(run(0))
	a := &api{apps: map[string]*difytest.App{"a": app, "b": nil}, url: serveClients(t, options{keys: []string{"a", "b"}}, map[string]*difyapi.Client{
		"a": newClient(t, difyapi.Options{BaseURL: sound.socket.URL + "/v1", APIKey: "app-secret-a"}),
		"b": fullUp(t),
	})}
	answer := a.post(t, besideQuery, nil)
	checkAlone(t, a, answer)
	if e := answer.Errors[0]; e.Extensions["code"] != "OVERLOADED" || e.Message != `app "b": too many calls to this app wait; try again later` {
		t.Errorf("%s", answer.text)
	}
	p := a.page(t, vars{"onAppFailure": "PARTIAL"})
	if failed := p.Scan.FailedApps; len(p.Edges) != 1 || len(failed) != 1 || failed[0].App.Key != "b" || failed[0].Code != "OVERLOADED" {
		t.Errorf("%d rows, %+v", len(p.Edges), p.Scan)
	}
}

// TestPanicOfACall: what panics where no resolver can catch it becomes an error of that field, and the server lives on.
func TestPanicOfACall(t *testing.T) {
	t.Parallel()
	panics := apart{version: "1.14.2", transport: roundTrip(func(*http.Request) (*http.Response, error) { panic("secret") })}
	for _, ttl := range []time.Duration{0, time.Minute} {
		a := serve(t, options{keys: []string{"a", "b"}, ttl: ttl, apart: map[string]apart{"b": panics}})
		a.apps["a"].Insert(run(0))
		for _, query := range []string{
			besideQuery,
			`{workflowLogs(onAppFailure: PARTIAL) {nodes {uuid}}}`,
			`{difyApp(key: "b") {description}}`,
			`{workflowLogs(filter: {keyword: "` + longKeyword + `"}) {nodes {uuid}}}`,
		} {
			answer := a.post(t, query, vars{"order": "NEWEST_FIRST"})
			id := ""
			if len(answer.Errors) > 0 {
				id, _ = answer.Errors[0].Extensions["id"].(string)
			}
			if !slices.Equal(answer.codes(), []string{"INTERNAL_SERVER_ERROR"}) || id == "" || answer.Errors[0].Message != "internal error "+id {
				t.Errorf("%s: %s", query, answer.text)
			}
			if strings.Contains(string(answer.text), "secret") || strings.Contains(string(answer.text), "goroutine") {
				t.Errorf("%s shows what panicked: %s", query, answer.text)
			}
		}
		if p := a.page(t, vars{"apps": []string{"a"}}); len(p.Edges) != 1 {
			t.Errorf("%d rows of the sound app", len(p.Edges))
		}
	}
}
