package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These tests hold what lists of some hundred apps cost.

// fleet is the API over many apps on a few Difys.
type fleet struct {
	*api
	keys  []string
	difys []*upstream
}

const fleetApps, fleetServers = 300, 10

// serveFleet serves apps that are spread over ten base URLs, within the default limits on calls to one of them.
func serveFleet(t *testing.T, o options) *fleet {
	t.Helper()
	f := &fleet{api: &api{apps: make(map[string]*difytest.App)}}
	apps := make(map[string]difyapi.Options)
	for range fleetServers {
		f.difys = append(f.difys, startDify(t, o.dify))
	}
	for i := range fleetApps {
		key, on := fmt.Sprintf("app-%03d", i), f.difys[i%fleetServers]
		f.apps[key] = on.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
		apps[key] = difyapi.Options{BaseURL: on.socket.URL + "/v1", APIKey: "app-secret-" + key}
		f.keys = append(f.keys, key)
	}
	o.keys, o.connections = f.keys, 4
	f.url = serveApps(t, o, apps)
	return f
}

// insert gives each of the apps some rows, in turn, one each second.
func (f *fleet) insert(each int) {
	for i, key := range f.keys {
		rows := make([]difytest.Row, each)
		for j := range rows {
			rows[j] = run(j*len(f.keys) + i)
		}
		f.apps[key].Insert(rows...)
	}
}

// asked are the requests for lists since it was called last, and how many rows they asked for.
func (f *fleet) asked() (calls, rows int) {
	for _, dify := range f.difys {
		for _, r := range dify.Requests() {
			if r.Path == "/v1/workflows/logs" {
				calls, rows = calls+1, rows+r.Limit
			}
		}
		dify.ResetRequests()
	}
	return calls, rows
}

func (f *fleet) checkAsked(t *testing.T, what string, calls, rows int) {
	t.Helper()
	if gotCalls, gotRows := f.asked(); gotCalls != calls || gotRows != rows {
		t.Errorf("%s: %d calls for %d rows, want %d for %d", what, gotCalls, gotRows, calls, rows)
	}
}

// TestThreeHundredAppsTakeACallEach, for a few rows each; of the next page only the apps that had rows on this one do, while their
// answers are kept. The default limits let it through.
func TestThreeHundredAppsTakeACallEach(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ttl         time.Duration
		calls, rows int // of the second page
	}{
		"with cache":    {time.Hour, 20, 20 * 6},
		"without cache": {0, 300, 300 * 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serveFleet(t, options{ttl: test.ttl, price: 20_000})
			f.insert(10)
			p := f.rows(t, vars{"first": 20})
			f.checkAsked(t, "page 1", 300, 300*6)
			if p.Scan.UpstreamCalls != 300 || len(p.Edges) != 20 || !p.Scan.Complete || !p.PageInfo.HasNextPage {
				t.Errorf("page 1: %d rows, %+v %+v", len(p.Edges), p.Scan, p.PageInfo)
			}
			p = f.rows(t, vars{"first": 20, "after": p.PageInfo.EndCursor})
			f.checkAsked(t, "page 2", test.calls, test.rows)
			if len(p.Edges) != 20 || !p.Scan.Complete || !p.PageInfo.HasPreviousPage {
				t.Errorf("page 2: %d rows, %+v %+v", len(p.Edges), p.Scan, p.PageInfo)
			}
		})
	}
}

// TestOneBusyAppOfThreeHundred is asked again, alone, and for all that the page lacks.
func TestOneBusyAppOfThreeHundred(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{ttl: time.Hour, price: 20_000})
	f.insert(1)
	for i := range 100 {
		f.apps["app-007"].Insert(run(1000 + i))
	}
	p := f.rows(t, vars{"first": 20})
	f.checkAsked(t, "page 1", 301, 300*6+21-5+5)
	p = f.rows(t, vars{"first": 20, "after": p.PageInfo.EndCursor})
	f.checkAsked(t, "page 2", 2, 6+21-4+5) // of the first six one is the cursor's, and the second of the last is asked for again
	if len(p.Edges) != 20 || p.Edges[0].Node.App.Key != "app-007" || !p.Scan.Complete {
		t.Errorf("page 2: %+v", p)
	}
}

// TestPriceOfThreeHundredApps is known beforehand: a call each and a few more, and the counts with the first page.
func TestPriceOfThreeHundredApps(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{price: 20_000, scanCalls: 10})
	f.insert(2)
	for _, test := range []struct {
		query                  string
		foreseen, spent, calls int
	}{
		{`{workflowLogs {nodes {uuid}}}`, 1 + 10*(300+5) + 20, 1 + 10*300 + 20, 300},
		{`{workflowLogs {totalCount nodes {uuid}}}`, 1 + 10*(300+5) + 20, 1 + 10*300 + 20, 300},
		{`{workflowLogs {totalCount}}`, 1 + 10*300, 1 + 10*300, 300},
		{`{workflowLogs(first: 100) {nodes {uuid}}}`, 1 + 10*(300+25) + 100, 1 + 10*300 + 100, 300},
		{`{workflowLogs(last: 20) {nodes {uuid}}}`, 1 + 10*2*(300+5) + 20, 1 + 10*300 + 20, 300},
		{`{workflowLogs(filter: {status: [FAILED, STOPPED, SUCCEEDED]}) {nodes {uuid}}}`, 1 + 10*(900+5) + 20, 1 + 10*900 + 20, 900},
		{`{workflowLogs(filter: {hasError: true}) {nodes {uuid}}}`, 1 + 10*1000 + 20, 1 + 10*300, 300},
		{`{workflowLogs(scanCalls: 2, filter: {hasError: true}) {nodes {uuid}}}`, 1 + 10*600 + 20, 1 + 10*300, 300},
	} {
		r := f.post(t, test.query, nil)
		calls, _ := f.asked()
		if c := costOf(t, r); len(r.Errors) > 0 || calls != test.calls || c.Foreseen != test.foreseen || c.Spent != test.spent {
			t.Errorf("%s: %d calls, %+v, want %d calls, %d foreseen, %d spent; %v", test.query, calls, c, test.calls, test.foreseen, test.spent, r.codes())
		}
	}
	r := f.post(t, `{workflowLogs(scanCalls: 10, filter: {hasError: true}) {nodes {uuid}}}`, nil)
	if !slices.Equal(r.codes(), []string{"COST_LIMIT_EXCEEDED"}) || !strings.Contains(r.Errors[0].Message, "fewer apps") {
		t.Errorf("%s", r.text)
	}
}

// TestTotalOfThreeHundredApps is the sum of all.
func TestTotalOfThreeHundredApps(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{price: 20_000})
	f.insert(3)
	p := f.page(t, vars{"first": 5})
	if p.TotalCount == nil || *p.TotalCount != 900 {
		t.Errorf("total %v", p.TotalCount)
	}
	f.checkAsked(t, "page 1", 300, 300*6)
	p = f.page(t, vars{"first": 5, "after": p.PageInfo.EndCursor})
	if p.TotalCount == nil || *p.TotalCount != 900 {
		t.Errorf("total behind a cursor %v", p.TotalCount)
	}
	f.checkAsked(t, "page 2 with its total", 600, 300*6+300)
}

// TestWalkOverThreeHundredApps has each row once, with fewer calls than a call for each app and page.
func TestWalkOverThreeHundredApps(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{ttl: time.Hour, price: 20_000})
	f.insert(4)
	seen := make(map[place]bool)
	v := vars{"first": 100}
	for pages := 1; ; pages++ {
		p := f.rows(t, v)
		for _, at := range p.places() {
			seen[at] = true
		}
		if !p.PageInfo.HasNextPage {
			if len(seen) != 1200 || pages != 12 {
				t.Errorf("%d rows on %d pages", len(seen), pages)
			}
			break
		}
		v["after"] = p.PageInfo.EndCursor
	}
	const later = 100 + 10*101 // the apps of the page before, and that of the cursor before
	f.checkAsked(t, "all", 300+later, 6*(300+later))
}

// TestThreeHundredAppsWithoutThoseThatFail: one Dify is down.
func TestThreeHundredAppsWithoutThoseThatFail(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{price: 20_000})
	f.insert(2)
	f.difys[3].SetFault(func(*http.Request) *difytest.Fault { return difytest.InternalServerError() })
	p := f.page(t, vars{"onAppFailure": "PARTIAL"})
	if len(p.Edges) != 20 || len(p.Scan.FailedApps) != 30 || p.TotalCount == nil || *p.TotalCount != 540 || !slices.Equal(p.Scan.Reasons, []string{"APP_FAILED"}) {
		t.Errorf("%d rows, total %v, %v, %d apps failed", len(p.Edges), p.TotalCount, p.Scan.Reasons, len(p.Scan.FailedApps))
	}
}

// slowFleet is many apps of one Dify that takes a second for each answer, in a bubble.
func slowFleet(t *testing.T, o options, hangs string) http.Handler {
	t.Helper()
	dify, apps := difytest.New(difytest.Options{}), make(map[string]difyapi.Options)
	slow := roundTrip(func(r *http.Request) (*http.Response, error) {
		wait := time.Second
		if strings.HasSuffix(r.Header.Get("Authorization"), hangs) && hangs != "" {
			wait = time.Hour
		}
		select {
		case <-time.After(wait):
			return direct{dify}.RoundTrip(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	for i := range 30 {
		key := fmt.Sprintf("app-%03d", i)
		app := dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
		for j := range 600 {
			app.Insert(run(j*30 + i))
		}
		o.keys = append(o.keys, key)
		apps[key] = difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-secret-" + key, Transport: slow, Timeout: time.Hour}
	}
	return newServer(t, o, apps)
}

const slowQuery = `{workflowLogs(%s filter: {hasError: %t}) {nodes {uuid createdAt} pageInfo {endCursor hasNextPage} scan {reasons failedApps {app {key} code message}}}}`

// slowList is the answer to slowQuery.
type slowList struct{ WorkflowLogs *page }

// TestDeadlineEndsAPageThatHasProgressed, a tenth of its time before. A client goes on from there, and comes to the end.
func TestDeadlineEndsAPageThatHasProgressed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := slowFleet(t, options{deadline: 5 * time.Second, scanCalls: 100}, "")
		after, pages := "", 0
		for ; pages < 100; pages++ {
			var data slowList
			began := time.Now()
			ask(t, handler, fmt.Sprintf(slowQuery, after, true), &data)
			p := data.WorkflowLogs
			took := time.Since(began)
			if p == nil || took > 4500*time.Millisecond {
				t.Fatalf("page %d: %+v after %v", pages, p, took)
			}
			if !p.PageInfo.HasNextPage {
				break
			}
			next := fmt.Sprintf("after: %q", *p.PageInfo.EndCursor)
			if took != 4500*time.Millisecond || !slices.Equal(p.Scan.Reasons, []string{"SCAN_BUDGET"}) || next == after {
				t.Fatalf("page %d: %+v after %v, on from %s", pages, p.Scan, took, next)
			}
			after = next
		}
		if pages == 0 || pages == 100 {
			t.Errorf("%d pages", pages)
		}
	})
}

// TestDeadlineWithoutProgress: no row can be shown where an app may have one that comes before. The error says so, or the list
// goes on without the app.
func TestDeadlineWithoutProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		handler := slowFleet(t, options{deadline: 5 * time.Second}, "app-013")
		var data slowList
		text := string(ask(t, handler, fmt.Sprintf(slowQuery, "", false), &data))
		if data.WorkflowLogs != nil || !strings.Contains(text, `"OPERATION_TIMEOUT"`) || !strings.Contains(text, `"app":"app-013"`) || !strings.Contains(text, "onAppFailure: PARTIAL") {
			t.Errorf("%s", text)
		}
		ask(t, handler, fmt.Sprintf(slowQuery, "onAppFailure: PARTIAL", false), &data)
		failed := data.WorkflowLogs.Scan.FailedApps
		if len(failed) != 1 || failed[0].App.Key != "app-013" || failed[0].Code != "UPSTREAM_TIMEOUT" || !slices.Equal(data.WorkflowLogs.Scan.Reasons, []string{"APP_FAILED"}) {
			t.Errorf("%+v", data.WorkflowLogs.Scan)
		}
	})
}

// TestIdleAppsAreNotAskedForTheirClocks page after page: they take the call for their rows, although nothing is known of their
// times in the week of the page.
func TestIdleAppsAreNotAskedForTheirClocks(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ttl   time.Duration
		calls int // of each later page
	}{
		"with cache":    {time.Hour, 10},
		"without cache": {0, 300},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serveFleet(t, options{ttl: test.ttl, price: 20_000, unprovenClocks: true})
			f.insert(1)
			for i := range 10 {
				for j := range 10 {
					f.apps[f.keys[i]].Insert(run(30*24*3600 + j*60 + i))
				}
			}
			p := f.rows(t, vars{"first": 20})
			f.checkAsked(t, "page 1, and a row of each app by its second", 600, 300*6+300)
			for page := 2; page < 5; page++ {
				p = f.rows(t, vars{"first": 20, "after": p.PageInfo.EndCursor})
				f.checkAsked(t, fmt.Sprint("page ", page), test.calls, test.calls*6)
				if len(p.Edges) != 20 || !p.Scan.Complete {
					t.Errorf("page %d: %d rows, %+v", page, len(p.Edges), p.Scan)
				}
			}
		})
	}
}
