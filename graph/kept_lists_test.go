package graph_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/viewer"
)

// changing is what differs from answer to answer to the same question.
var changing = regexp.MustCompile(`"asOf":"[^"]*"`)

// TestKeptListsGiveEachCallerTheirOwn asks the same for callers in turn, some of whom see less, of fewer apps, or two names for one
// app of Dify's: each gets to the byte what they get from a server that keeps nothing, and pays as much.
func TestKeptListsGiveEachCallerTheirOwn(t *testing.T) {
	t.Parallel()
	keepsNothing := serve(t, options{keys: []string{"a", "b"}})
	keepsNothing.reached["twin"] = keepsNothing.reached["a"]
	o := options{keys: []string{"a", "b", "twin"}, viewers: []*someone{
		{"all", []string{"a", "b", "twin"}, viewer.Scopes()},
		{"plain", []string{"a", "b", "twin"}, []viewer.Scope{viewer.Logs}},
		{"content", []string{"a"}, []viewer.Scope{viewer.Logs, viewer.Content}},
		{"one", []string{"a"}, viewer.Scopes()},
		{"twin", []string{"twin"}, viewer.Scopes()},
		{"no-scope", []string{"a"}, nil},
		{"no-app", nil, []viewer.Scope{viewer.Logs}},
	}}
	keepsNothing.url = serveApps(t, o, keepsNothing.reached)
	o.ttl = time.Hour
	keeps := *keepsNothing
	keeps.url = serveApps(t, o, keeps.reached)
	keeps.apps["a"].Insert(oddRows()...)
	keeps.apps["b"].Insert(oddRows()...)
	const fields = `{id app {key} details createdByEndUser {sessionId} createdByAccount {email} workflowRun {error status}} `
	for _, query := range []string{
		`{workflowLogs(first: 5) {nodes ` + fields + `scan {asOf}}}`,
		`query($first: Int) {workflowLogs(first: $first) {edges {cursor node ` + fields + `} pageInfo {endCursor}}}`,
		`query($on: Boolean!) {workflowLogs(last: 4) {nodes {uuid createdByEndUser {sessionId @include(if: $on)}}}}`,
		`{difyApps {key workflowLogs {nodes ` + fields + `}}}`,
	} {
		for round := range 5 {
			for i, who := range o.viewers {
				keepsNothing.token, keeps.token = who.shows(), who.shows()
				variables := map[string]any{"first": 3 + round%2, "on": (round+i)%2 == 0}
				want, got := keepsNothing.post(t, query, variables), keeps.post(t, query, variables)
				if slices.Contains(want.codes(), "UNAUTHENTICATED") {
					t.Fatalf("%s is not known", who.name)
				}
				if diff := cmp.Diff(timeless(want), timeless(got)); diff != "" {
					t.Errorf("%s, round %d, %s (-keeps nothing +keeps):\n%s", who.name, round, query, diff)
				}
			}
		}
	}
}

// timeless is an answer's data to the byte and its cost, and its errors in an order: these come as they come.
func timeless(r *response) []string {
	_, cost, _ := strings.Cut(string(r.text), `"cost":`)
	all := append(inOrder(r), cost)
	for i := range all {
		all[i] = changing.ReplaceAllString(all[i], "")
	}
	return all
}

// TestNothingIsServedBeyondItsTTL: a list that was written again and again is written anew from the page that comes after its TTL. In
// a bubble, where Dify's rows change in between.
func TestNothingIsServedBeyondItsTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const ttl = 10 * time.Second
		dify := difytest.New(difytest.Options{})
		app := dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"})
		row := run(0)
		row.Run.Status = difytest.StatusRunning
		row = app.Insert(row)[0]
		handler := newServer(t, options{keys: []string{"a"}, ttl: ttl}, map[string]difyapi.Options{"a": appOf(direct{dify})})
		status := func() string {
			var data struct {
				WorkflowLogs struct {
					Nodes []struct{ WorkflowRun struct{ Status string } }
				}
			}
			ask(t, handler, `{workflowLogs {nodes {id workflowRun {status}}}}`, &data)
			return data.WorkflowLogs.Nodes[0].WorkflowRun.Status
		}
		var seen []string
		for range 4 {
			seen = append(seen, status())
		}
		if err := app.Update(row.ID, func(r *difytest.Row) { r.Run.Status = difytest.StatusFailed }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(ttl / 2)
		seen = append(seen, status())
		time.Sleep(ttl / 2)
		seen = append(seen, status())
		if want := strings.Repeat("RUNNING ", 5) + "FAILED"; fmt.Sprint(seen) != "["+want+"]" {
			t.Errorf("%v, want %s", seen, want)
		}
	})
}
