package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These tests hold what a list costs: requests to Dify, counted by Dify. Caches are off and versions are known.

// pairs makes n seconds of one or two rows.
func pairs(n int) map[int]int {
	seconds := make(map[int]int)
	for i := range n {
		seconds[i*7] = 1 + i%2
	}
	return seconds
}

func serveRows(t tb, rows map[int]int, keys ...string) *api {
	t.Helper()
	a := serve(t, options{keys: keys})
	for _, key := range keys {
		a.apps[key].Insert(runsOf(rows)...)
	}
	return a
}

// walkPages reads a list to its end by pages of one size, and gives the calls that each page took.
func (a *api) walkPages(t tb, size int, backward bool) (calls []int, rows int) {
	t.Helper()
	var from *string
	for {
		before := a.listCalls()
		v := map[string]any{"first": size, "after": from}
		if backward {
			v = map[string]any{"last": size, "before": from}
		}
		p := a.rows(t, v)
		calls = append(calls, a.listCalls()-before)
		rows += len(p.Edges)
		more, next := p.PageInfo.HasNextPage, p.PageInfo.EndCursor
		if backward {
			more, next = p.PageInfo.HasPreviousPage, p.PageInfo.StartCursor
		}
		if p.Scan.UpstreamCalls != calls[len(calls)-1] {
			t.Fatalf("the page says that it took %d calls, Dify counted %d", p.Scan.UpstreamCalls, calls[len(calls)-1])
		}
		if !more {
			return calls, rows
		}
		from = next
	}
}

// rows is page without totalCount, which costs a call of its own after a cursor.
func (a *api) rows(t tb, variables map[string]any) page {
	t.Helper()
	var data struct{ WorkflowLogs page }
	variables["order"] = "NEWEST_FIRST"
	a.get(t, strings.Replace(listQuery, "totalCount", "", 1), variables, &data)
	return data.WorkflowLogs
}

func TestForwardPageOfUpTo95IsOneCall(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 20, 50, 95} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			a := serveRows(t, pairs(400), "a")
			calls, rows := a.walkPages(t, size, false)
			if rows != 600 {
				t.Errorf("%d rows, want 600", rows)
			}
			for i, n := range calls {
				if n != 1 {
					t.Errorf("page %d took %d calls, want 1", i+1, n)
				}
			}
			a.noOffset(t)
		})
	}
}

func (a *api) noOffset(t tb) {
	t.Helper()
	for _, r := range a.dify.Requests() {
		if r.Offset() != 0 {
			t.Fatalf("OFFSET %d: %v", r.Offset(), r.Query)
		}
	}
}

func TestForwardPageOfUpTo100IsTwoCalls(t *testing.T) {
	t.Parallel()
	for size := 96; size <= 100; size++ {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			calls, _ := serveRows(t, pairs(400), "a").walkPages(t, size, false)
			if slices.Max(calls) > 2 {
				t.Errorf("calls of pages: %v, want at most 2", calls)
			}
		})
	}
}

func TestAppsAreAskedSideBySideOnceEach(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(200), "a", "b", "c", "d", "e")
	arrived, all := make(chan struct{}, 5), make(chan struct{})
	go func() {
		for range 5 {
			<-arrived
		}
		close(all)
	}()
	a.dify.OnStatement(func(s difytest.Statement) {
		if s.Kind == difytest.StatementCount {
			arrived <- struct{}{}
			<-all // none is answered before all have been asked
		}
	})
	p := a.rows(t, map[string]any{"first": 95})
	a.dify.OnStatement(nil)
	if p.Scan.UpstreamCalls != 5 || a.listCalls() != 5 {
		t.Errorf("%d calls, Dify counted %d, want 5", p.Scan.UpstreamCalls, a.listCalls())
	}
	calls, rows := a.walkPages(t, 95, false)
	if rows != 1500 || slices.Max(calls) != 5 {
		t.Errorf("%d rows; calls of pages: %v, want 5", rows, calls)
	}
}

func TestTotalAloneIsOneCallOfOneRow(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(200), "a")
	var data struct{ WorkflowLogs struct{ TotalCount int } }
	a.get(t, `{ workflowLogs { totalCount } }`, nil, &data)
	requests := a.dify.Requests()
	if data.WorkflowLogs.TotalCount != 300 || len(requests) != 1 || requests[0].Limit != 1 {
		t.Errorf("total %d by %v", data.WorkflowLogs.TotalCount, requests)
	}
}

func TestTotalOfTheFirstPageCostsNoCall(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(200), "a")
	p := a.page(t, map[string]any{})
	if *p.TotalCount != 300 || a.listCalls() != 1 {
		t.Errorf("total %d by %d calls, want 300 by 1", *p.TotalCount, a.listCalls())
	}
}

// In a bubble, where the millisecond that lists wait for their like passes only once all of them have asked.
func TestAliasesOfOneListAreOneCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify := difytest.New(difytest.Options{})
		dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"}).Insert(runsOf(pairs(200))...)
		query := "{"
		for i := range 10 {
			query += fmt.Sprintf(" l%d: workflowLogs(first: %d) { totalCount nodes { id } scan { upstreamCalls } }", i, (i+1)*9)
		}
		var data map[string]struct {
			Nodes []struct{ ID string }
			Scan  struct{ UpstreamCalls int }
		}
		ask(t, newServer(t, options{keys: []string{"a"}}, map[string]difyapi.Options{"a": appOf(direct{dify})}), query+"}", &data)
		sum := 0
		for i := range 10 {
			l := data[fmt.Sprintf("l%d", i)]
			sum += l.Scan.UpstreamCalls
			if len(l.Nodes) != (i+1)*9 {
				t.Errorf("list %d has %d rows, want %d", i, len(l.Nodes), (i+1)*9)
			}
		}
		if calls := dify.Calls("/v1/workflows/logs"); sum != 1 || calls != 1 {
			t.Errorf("lists say %d calls, Dify counted %d, want 1", sum, calls)
		}
	})
}

// direct is a transport without a network.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

// question is a request for an operation.
func question(ctx context.Context, query string) *http.Request {
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		panic(err) // every text can be written
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// ask puts a query to a handler without a network, and returns the whole answer.
func ask(t *testing.T, handler http.Handler, query string, into any) []byte {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, question(t.Context(), query))
	checkCost(t, w.Body.Bytes())
	if err := json.Unmarshal(w.Body.Bytes(), &struct{ Data any }{into}); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	return w.Body.Bytes()
}

func TestUpstreamCallsOfAnOperationAddUp(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 30, 5: 250, 60: 3, 61: 90}, "a", "b")
	var data map[string]struct{ Scan struct{ UpstreamCalls int } }
	a.get(t, `{
		x: workflowLogs(first: 40) { totalCount nodes { id } scan { upstreamCalls } }
		y: workflowLogs(apps: ["a"], last: 70) { totalCount nodes { id } scan { upstreamCalls } }
		z: workflowLogs(filter: {hasError: true, status: [FAILED]}) { nodes { id } scan { upstreamCalls } }
		w: workflowLogs(apps: ["b"], filter: {status: [SUCCEEDED, STOPPED]}) { totalCount scan { upstreamCalls } }
	}`, nil, &data)
	sum := 0
	for _, list := range data {
		sum += list.Scan.UpstreamCalls
	}
	if sum != a.listCalls() {
		t.Errorf("lists say %d calls, Dify counted %d", sum, a.listCalls())
	}
}

// TestRequestsThatAreSentAgainCount: net/http sends a GET again where a connection that it kept is dead.
func TestRequestsThatAreSentAgainCount(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]*difytest.Fault{"answered": nil, "failed": difytest.InternalServerError()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, failure{})
			a.rows(t, vars{"apps": []string{"b"}})
			a.difys["b"].ResetRequests()
			a.difys["b"].FailNext(difytest.CloseConnection(), then)
			p := a.rows(t, vars{"onAppFailure": "PARTIAL"})
			if p.Scan.Complete != (then == nil) || p.Scan.UpstreamCalls != 3 || a.difys["b"].Calls("/v1/workflows/logs") != 2 {
				t.Errorf("%+v; b's Dify counted %d calls", p.Scan, a.difys["b"].Calls("/v1/workflows/logs"))
			}
		})
	}
}

func TestNewestRunsArePolledByOneCall(t *testing.T) {
	t.Parallel()
	a := serveRows(t, pairs(200), "a")
	p := a.rows(t, map[string]any{"first": 20})
	a.apps["a"].Insert(runsOf(map[int]int{5000: 2, 5003: 1})...)
	a.dify.ResetRequests()
	p = a.rows(t, map[string]any{"last": 20, "before": p.PageInfo.StartCursor})
	if len(p.Edges) != 3 || p.PageInfo.HasPreviousPage || !p.PageInfo.HasNextPage || a.listCalls() != 1 {
		t.Errorf("%d rows, flags %+v, by %d calls", len(p.Edges), p.PageInfo, a.listCalls())
	}
}

// Twenty thousand rows that are spread evenly over 18 days.
func TestLongWalk(t *testing.T) {
	t.Parallel()
	rows := difytest.Evenly(1, 20_000, epoch, 18*24*time.Hour)
	for name, backward := range map[string]bool{"forward": false, "backward": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}})
			a.apps["a"].Insert(rows...)
			calls, n := a.walkPages(t, 100, backward)
			if n != 20_000 {
				t.Errorf("%d rows", n)
			}
			if mean := mean(calls); mean > 2.2 {
				t.Errorf("%.3f calls a page", mean)
			} else {
				t.Logf("%.3f calls a page", mean)
			}
			for i, r := range a.dify.Requests() {
				if backward && i >= calls[0] && r.Offset() > 1000 || !backward && r.Offset() > 0 {
					t.Fatalf("request %d has OFFSET %d", i, r.Offset())
				}
			}
		})
	}
}

func mean(values []int) float64 {
	sum := 0
	for _, v := range values {
		sum += v
	}
	return float64(sum) / float64(len(values))
}

// One second of 50 rows and one row elsewhere in each minute.
func TestWalkThroughBursts(t *testing.T) {
	t.Parallel()
	seconds := make(map[int]int)
	for minute := range 60 {
		seconds[minute*60] = 50
		seconds[minute*60+23] = 1
	}
	for size, most := range map[int]float64{20: 1.5, 100: 3} {
		for _, backward := range []bool{false, true} {
			t.Run(fmt.Sprint(size, backward), func(t *testing.T) {
				t.Parallel()
				a := serveRows(t, seconds, "a")
				calls, n := a.walkPages(t, size, backward)
				t.Logf("%.3f calls a page", mean(calls))
				if n != 51*60 || !backward && mean(calls) > most {
					t.Errorf("%d rows, %.3f calls a page, want at most %v", n, mean(calls), most)
				}
			})
		}
	}
}

// TestBackwardThroughCrowdedSeconds: where a second has too many rows for two to fit one answer, a page takes a call for each
// second that it shows a part of, the cursor's included, and one of a single row where it ends with its second, to see
// whether there is more. A second that fits no answer takes three.
func TestBackwardThroughCrowdedSeconds(t *testing.T) {
	t.Parallel()
	for rows, want := range map[int][]int{
		50:  {4, 4, 4, 4, 4, 4, 4, 4, 4, 4},
		80:  {3, 2, 2, 3, 4, 2, 3, 3, 3, 3, 2, 3, 4, 2, 3, 3},
		99:  {6, 2, 2, 2, 3, 2, 3, 2, 3, 3, 2, 3, 2, 3, 3, 2, 3, 2, 2, 5},
		120: {5, 8, 6, 6, 6, 4, 8, 6, 8, 6, 8, 4, 8, 6, 8, 6, 8, 4, 6, 8, 8, 6, 6, 4},
	} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			t.Parallel()
			seconds := make(map[int]int)
			for minute := range 20 {
				seconds[minute*60] = rows
			}
			a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{StableTies: true}})
			a.apps["a"].Insert(runsOf(seconds)...)
			calls, n := a.walkPages(t, 100, true)
			if diff := cmp.Diff(want, calls); diff != "" || n != 20*rows {
				t.Errorf("%d rows; calls of pages (-want +got):\n%s%v", n, diff, calls)
			}
		})
	}
}

// On PostgreSQL, which sorts so small a window alike for each page, a crowded second takes as many calls as it takes to
// see all of its rows before and after one moment.
func TestCrowdedSecond(t *testing.T) {
	t.Parallel()
	want := map[int]int{99: 1, 100: 3, 101: 3, 150: 3, 199: 3, 200: 5}
	for _, n := range slices.Sorted(maps.Keys(want)) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{StableTies: true}})
			a.apps["a"].Insert(runsOf(map[int]int{10: n})...)
			p := a.page(t, map[string]any{"first": 50})
			a.dify.ResetRequests()
			p = a.rows(t, map[string]any{"first": 40, "after": p.PageInfo.EndCursor})
			if len(p.Edges) != 40 || !p.Scan.Complete || a.listCalls() != want[n] {
				t.Errorf("%d rows, %v, by %d calls, want %d", len(p.Edges), p.Scan, a.listCalls(), want[n])
			}
		})
	}
}
