package graph_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/viewer"
)

// caller may read some apps, and of them what the scopes say.
type caller struct {
	scopes
	apps []string
}

func (c caller) MayRead(app string) bool { return slices.Contains(c.apps, app) }

// inTurn is the caller of the next operation.
type inTurn struct{ atomic.Pointer[caller] }

func (t *inTurn) MayRead(app string) bool     { return t.Load().MayRead(app) }
func (t *inTurn) Has(scope viewer.Scope) bool { return t.Load().Has(scope) }

// changing is what differs from answer to answer to the same question.
var changing = regexp.MustCompile(`"asOf":"[^"]*"`)

// TestKeptListsGiveEachCallerTheirOwn asks the same for callers in turn, some of whom see less, of fewer apps, or two names for one
// app of Dify's: each gets to the byte what they get from a server that keeps nothing, and pays as much.
func TestKeptListsGiveEachCallerTheirOwn(t *testing.T) {
	t.Parallel()
	callers := []*caller{
		{scopes{viewer.Logs, viewer.Content, viewer.People}, []string{"a", "b", "twin"}},
		{scopes{viewer.Logs}, []string{"a", "b", "twin"}},
		{scopes{viewer.Logs, viewer.Content}, []string{"a"}},
		{scopes{viewer.Logs, viewer.Content, viewer.People}, []string{"twin"}},
		{scopes{}, []string{"a"}},
		{scopes{viewer.Logs}, nil},
	}
	var who inTurn
	o := options{keys: []string{"a", "b", "twin"}, viewer: &who}
	keepsNothing := serve(t, o)
	keepsNothing.clients["twin"] = keepsNothing.clients["a"]
	o.ttl = time.Hour
	keeps := *keepsNothing
	keeps.url = serveClients(t, o, keeps.clients)
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
			for i, c := range callers {
				who.Store(c)
				variables := map[string]any{"first": 3 + round%2, "on": (round+i)%2 == 0}
				want, got := keepsNothing.post(t, query, variables), keeps.post(t, query, variables)
				if diff := cmp.Diff(timeless(want), timeless(got)); diff != "" {
					t.Errorf("caller %d, round %d, %s (-keeps nothing +keeps):\n%s", i, round, query, diff)
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
		client := newClient(t, difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-a", Transport: direct{dify}})
		o := options{keys: []string{"a"}, ttl: ttl}
		upstream := newUpstream(o, map[string]*difyapi.Client{"a": client})
		defer upstream.Close()
		handler := serverOver(o, upstream)
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
