package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These tests hold that an operation takes no more than its price, whatever Dify does. That it says so is held by every test: see
// checkCost.

// checkSpentAll holds that what an operation says that it has spent is what Dify has had, but for so much for its rows.
func (a *api) checkSpentAll(t *testing.T, r *response, rows int) cost {
	t.Helper()
	c := costOf(t, r)
	if want := 1 + 10*len(a.dify.Requests()) + rows; c.Spent != want {
		t.Errorf("%+v, want %d spent for %d requests and %d rows", c, want, len(a.dify.Requests()), rows)
	}
	a.dify.ResetRequests()
	return c
}

// TestCrowdedSecondIsWithinThePrice: 200 rows of one second, which Dify gives in another order each time.
func TestCrowdedSecondIsWithinThePrice(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	a.apps["a"].Insert(runsOf(map[int]int{10: 200})...)
	r := a.post(t, `{workflowLogs(first: 50) {nodes {uuid} scan {complete}}}`, nil)
	c := a.checkSpentAll(t, r, 50)
	if len(r.Errors) > 0 || !strings.Contains(string(r.Data), `"complete":true`) || c.Spent < c.Foreseen {
		t.Errorf("%+v: %.200s", c, r.text)
	}
}

// TestCrowdedSecondBeyondThePrice: where the limit has no room for its calls, the walk comes past it, and says so.
func TestCrowdedSecondBeyondThePrice(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, price: 101})
	a.apps["a"].Insert(runsOf(map[int]int{0: 3, 10: 200, 20: 3})...)
	v, reasons, rows := vars{"first": 20}, map[string]int{}, 0
	for range 20 {
		p := a.rows(t, v)
		for _, reason := range p.Scan.Reasons {
			reasons[reason]++
		}
		if rows += len(p.Edges); !p.PageInfo.HasNextPage {
			break
		}
		v["after"] = p.PageInfo.EndCursor
	}
	if rows < 106 || rows > 206 || reasons["CROWDED_SECOND"] == 0 {
		t.Errorf("%d rows; pages say %v", rows, reasons)
	}
}

// withoutStatus is a proxy that loses the filter, before a Dify whose runs are all under way: none of them shows it.
func withoutStatus(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	query := r.URL.Query()
	query.Del("status")
	r.URL.RawQuery = query.Encode()
	return http.DefaultTransport.RoundTrip(r)
}

// TestStatusThatDifyDoesNotFilterBy: the page is short, says so, and goes on.
func TestStatusThatDifyDoesNotFilterBy(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, apart: map[string]apart{"a": {transport: roundTrip(withoutStatus)}}})
	rows := make([]difytest.Row, 20_000)
	for i := range rows {
		rows[i] = run(i)
		rows[i].Run.Status = difytest.StatusRunning
	}
	a.apps["a"].Insert(rows...)
	r := a.post(t, `{workflowLogs(filter: {status: FAILED}) {nodes {uuid} pageInfo {hasNextPage} scan {reasons}}}`, nil)
	c := a.checkSpentAll(t, r, 0)
	if string(r.Data) != `{"workflowLogs":{"nodes":[],"pageInfo":{"hasNextPage":true},"scan":{"reasons":["SCAN_BUDGET"]}}}` || c.Spent > 1000 {
		t.Errorf("%+v: %s", c, r.text)
	}
}

// TestLastHundredIsForeseen: pages from the end, evenly and in bursts.
func TestLastHundredIsForeseen(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(500), "a")
	var from *string
	for {
		r := a.post(t, `query ($b: String) {workflowLogs(last: 100, before: $b) {nodes {uuid} pageInfo {startCursor hasPreviousPage}}}`, vars{"b": from})
		var data struct{ WorkflowLogs page }
		if err := json.Unmarshal(r.Data, &data); err != nil {
			t.Fatal(err)
		}
		if c := costOf(t, r); from != nil && c.Spent > c.Foreseen {
			t.Errorf("%+v", c)
		}
		if !data.WorkflowLogs.PageInfo.HasPreviousPage {
			return
		}
		from = data.WorkflowLogs.PageInfo.StartCursor
	}
}

// TestRetriesAreWithinThePrice: each request that is sent again is spent; where no more may be, the failure stands.
func TestRetriesAreWithinThePrice(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		price, requests int
		codes           []string
	}{
		"with a reserve":    {1_000_000, 3, nil},
		"without a reserve": {31, 1, []string{"UPSTREAM_UNAVAILABLE"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, resilience: difyapi.Resilience{Retries: 2}, price: test.price})
			a.apps["a"].Insert(runsOf(pairs(3))...)
			a.dify.FailNext(difytest.BadGateway(), difytest.BadGateway())
			r := a.post(t, `{workflowLogs {nodes {uuid}}}`, nil)
			if n := len(a.dify.Requests()); n != test.requests || !slices.Equal(r.codes(), test.codes) {
				t.Errorf("%d requests: %s", n, r.text)
			}
			a.checkSpentAll(t, r, map[bool]int{true: 4}[test.codes == nil])
		})
	}
}

// TestDetailsThatFailAreWithinThePrice: a Dify that answers nothing but errors is not asked three times for each run.
func TestDetailsThatFailAreWithinThePrice(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, resilience: difyapi.Resilience{Retries: 2}})
	a.apps["a"].Insert(runsOf(pairs(60))...)
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		if strings.Contains(r.URL.Path, "/workflows/run/") {
			return difytest.BadGateway()
		}
		return nil
	})
	r := a.post(t, `{workflowLogs(first: 80) {nodes {workflowRun {inputs}}}}`, nil)
	c := a.checkSpentAll(t, r, 80)
	if len(r.Errors) != 80 || c.Spent > c.Price {
		t.Errorf("%+v, %d errors", c, len(r.Errors))
	}
	for _, e := range r.Errors {
		if e.Extensions["code"] != "UPSTREAM_UNAVAILABLE" {
			t.Fatalf("%+v", e)
		}
	}
}

const referencesQuery = `query ($r: [_Any!]!) {_entities(representations: $r) {__typename ... on WorkflowLog {uuid}}}`

// TestThousandReferencesToOneLogEntry cost what one does, and take as many calls.
func TestThousandReferencesToOneLogEntry(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, price: 20_000})
	row := a.apps["a"].Insert(run(5))[0]
	one := vars{"__typename": "WorkflowLog", "id": oldIDOfEntry(row)}
	r := a.post(t, referencesQuery, vars{"r": slices.Repeat([]vars{one}, 1000)})
	if c := a.checkSpentAll(t, r, 1000); len(r.Errors) > 0 || c.Foreseen != 1+1000+10 || strings.Count(string(r.Data), row.ID.String()) != 1000 {
		t.Errorf("%+v: %.300s", c, r.text)
	}
}

// TestThousandLogEntriesPassTheDefaultLimit, each by a call of its own.
func TestThousandLogEntriesPassTheDefaultLimit(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, price: 20_000, apart: map[string]apart{"a": {version: "1.14.2"}}})
	var all []vars
	for i := range 1000 {
		all = append(all, vars{"__typename": "WorkflowLog", "id": oldIDOfEntry(a.apps["a"].Insert(run(i))[0])})
	}
	r := a.post(t, referencesQuery, vars{"r": all})
	if c := a.checkSpentAll(t, r, 1000); len(r.Errors) > 0 || c.Spent != c.Foreseen || strings.Contains(string(r.Data), "null") {
		t.Errorf("%+v: %.300s", c, r.text)
	}
}

// TestRunOfADifyThatShowsAllRunsIsWithinThePrice: it is looked for in the log, after its version was asked for.
func TestRunOfADifyThatShowsAllRunsIsWithinThePrice(t *testing.T) {
	t.Parallel()
	for _, o := range []difytest.Options{{Version: "1.6.0"}, {HideVersion: true}} {
		a := serve(t, options{keys: []string{"a"}, dify: o})
		row := a.apps["a"].Insert(run(5))[0]
		a.checkSpentAll(t, a.post(t, runQuery(row.Run.ID, `status inputs version`), nil), 0)
		r := a.post(t, runQuery(uuid.New(), `status inputs version`), nil)
		a.checkSpentAll(t, r, 0)
		if len(r.Errors) > 0 {
			t.Errorf("%s", r.text)
		}
	}
}

// TestEachPageOfOneOperationMakesProgress, although one of its lists takes all that nobody has foreseen.
func TestEachPageOfOneOperationMakesProgress(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	a.apps["a"].Insert(runsOf(map[int]int{10: 600, 11: 600, 12: 600})...)
	a.apps["b"].Insert(runsOf(pairs(300))...)
	var query strings.Builder
	for i := range 10 {
		fmt.Fprintf(&query, ` a%d: workflowLogs(apps: "a", first: %d) {nodes {uuid}} b%d: workflowLogs(apps: "b", first: %d) {nodes {uuid} scan {complete}}`, i, 90-i, i, 90-i)
	}
	r := a.post(t, `{`+query.String()+`}`, nil)
	costOf(t, r)
	if n := strings.Count(string(r.Data), `"complete":true`); len(r.Errors) > 0 || n != 10 {
		t.Errorf("%d lists of b are whole; %v", n, r.codes())
	}
}
