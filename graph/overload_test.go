package graph_test

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestOverloadedApp: where too many calls to an app wait, it fails at once, alone, and as this server's own trouble. In a bubble,
// where all calls that there is room for wait at the same time.
func TestOverloadedApp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sound := difytest.New(difytest.Options{})
		app := sound.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"})
		app.Insert(run(0))
		a := &api{apps: map[string]*difytest.App{"a": app, "b": nil}, url: "http://difygraph.test/graphql"}
		a.client.Transport = direct{newServer(t, options{keys: []string{"a", "b"}}, map[string]difyapi.Options{
			"a": appOf(direct{sound}),
			"b": {
				BaseURL: "http://other.test/v1", APIKey: "app-secret-b", Version: difyapi.ParseVersion("1.14.2"), Timeout: time.Hour,
				Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					<-r.Context().Done()
					return nil, r.Context().Err()
				}),
			},
		})}
		leave := a.fillUp(t, "b")
		defer leave()
		answer := a.post(t, besideQuery, nil)
		checkAlone(t, a, answer)
		if e := answer.Errors[0]; e.Extensions["code"] != "OVERLOADED" || e.Message != `app "b": too many calls to this app wait; try again later` {
			t.Errorf("%s", answer.text)
		}
		p := a.page(t, vars{"onAppFailure": "PARTIAL"})
		if failed := p.Scan.FailedApps; len(p.Edges) != 1 || len(failed) != 1 || failed[0].App.Key != "b" || failed[0].Code != "OVERLOADED" {
			t.Errorf("%d rows, %+v", len(p.Edges), p.Scan)
		}
	})
}

// fillUp has more calls to an app wait than there is room for, until leave is called.
func (a *api) fillUp(t *testing.T, app string) (leave func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var operations sync.WaitGroup
	const atOnce = 30 // as many fields as an operation may have
	for operation := range difyapi.MaxWaiting/atOnce + 1 {
		query := "{"
		for alias := range atOnce {
			n := strconv.Itoa(1000*operation + alias) // no two lists are alike
			query += ` l` + n + `: workflowLogs(apps: "` + app + `", filter: {keyword: "` + n + `"}) {nodes {uuid}}`
		}
		r := question(ctx, query+"}")
		r.RemoteAddr = "" // as that of the others: callers that are not known are told apart by it
		operations.Go(func() {
			if answer, err := a.client.Transport.RoundTrip(r); err == nil {
				answer.Body.Close()
			}
		})
	}
	synctest.Wait()
	return func() {
		cancel()
		operations.Wait()
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
