package graph_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// rowIsGone is how many calls it takes to know that a row which is not in its second was deleted, and not shown at a wrong time.
const rowIsGone = 3

// TestLookBack: where the cursor's row is gone, one call tells whether there is another behind it.
func TestLookBack(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]int{"its row alone": 1, "all before it": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveRows(t, map[int]int{0: 3, 10: 1, 20: 1}, "a")
			first := a.page(t, vars{"first": 2})
			for _, e := range first.Edges[2-gone:] {
				a.apps["a"].Delete(e.Node.UUID)
			}
			p := a.rows(t, vars{"first": 2, "after": *first.PageInfo.EndCursor})
			if p.PageInfo.HasPreviousPage != (gone < 2) || !p.PageInfo.HasNextPage || p.Scan.UpstreamCalls != 2+rowIsGone {
				t.Errorf("%+v, by %d calls", p.PageInfo, p.Scan.UpstreamCalls)
			}
		})
	}
}

// TestLookBackBeyondTheSecond: rows of the cursor's second that come after it are not behind it.
func TestLookBackBeyondTheSecond(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		argument, from string
		cursor         int
		gone           []int
	}{{"first", "after", 1, []int{0, 1}}, {"last", "before", 2, []int{2, 3}}} {
		a := serveRows(t, map[int]int{0: 1, 10: 2, 20: 1}, "a")
		all := a.page(t, vars{"first": 4})
		for _, row := range test.gone {
			a.apps["a"].Delete(all.Edges[row].Node.UUID)
		}
		p := a.rows(t, vars{test.argument: 5, test.from: all.Edges[test.cursor].Cursor})
		if len(p.Edges) != 2 || p.PageInfo.HasPreviousPage || p.PageInfo.HasNextPage {
			t.Errorf("%s: %d rows, %+v", test.from, len(p.Edges), p.PageInfo)
		}
	}
}

// TestLookBackThatFails: the page is read by then. What is behind it is not known, and nothing is missing.
func TestLookBackThatFails(t *testing.T) {
	t.Parallel()
	for name, apps := range map[string][]string{"one of two apps": {"a", "b"}, "the only app": {"b"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, failure{})
			first := a.page(t, vars{"apps": apps, "first": 1})
			for _, key := range apps {
				a.deleteSecond(key, first.Edges[0].Node.CreatedAt)
			}
			a.difys["b"].SetFault(func(r *http.Request) *difytest.Fault {
				if q := r.URL.Query(); q.Has("created_at__after") && !q.Has("created_at__before") {
					return difytest.RateLimitError()
				}
				return nil
			})
			v := vars{"apps": apps, "after": *first.PageInfo.EndCursor, "onAppFailure": "PARTIAL", "order": "NEWEST_FIRST"}
			p := a.page(t, v)
			if !p.Scan.Complete || len(p.Scan.FailedApps) > 0 || !p.PageInfo.HasPreviousPage {
				t.Errorf("%+v, %+v", p.PageInfo, p.Scan)
			}
			checkRowsOf(t, a, p.places(), apps...)
			v["onAppFailure"] = "FAIL"
			if answer := a.post(t, listQuery, v); !slices.Equal(answer.codes(), []string{"UPSTREAM_RATE_LIMITED"}) {
				t.Errorf("%s", answer.text)
			}
		})
	}
}

// deleteSecond deletes all rows of a second.
func (a *api) deleteSecond(key string, at time.Time) {
	for _, row := range a.apps[key].Rows() {
		if row.CreatedAt.Equal(at) {
			a.apps[key].Delete(row.ID)
		}
	}
}

// TestSliceThatEndsBeforeItBegins has no rows, and answers for the cursor where reading begins.
func TestSliceThatEndsBeforeItBegins(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 1, 10: 1, 20: 1}, "a")
	all := a.page(t, vars{"first": 3})
	newest, middle, oldest := all.Edges[0].Cursor, all.Edges[1].Cursor, all.Edges[2].Cursor
	for name, test := range map[string]struct {
		vars       vars
		next, prev bool
	}{
		"forward, from the oldest": {vars{"first": 5, "after": oldest, "before": newest}, false, true},
		"forward, from the middle": {vars{"first": 5, "after": middle, "before": newest}, true, true},
		"forward, from the newest": {vars{"first": 5, "after": newest, "before": newest}, true, true},
		"backward, to the oldest":  {vars{"last": 5, "after": oldest, "before": newest}, true, false},
		"backward, to the middle":  {vars{"last": 5, "after": oldest, "before": middle}, true, true},
	} {
		p := a.page(t, test.vars)
		if len(p.Edges) > 0 || p.PageInfo.HasNextPage != test.next || p.PageInfo.HasPreviousPage != test.prev {
			t.Errorf("%s: %d rows, %+v", name, len(p.Edges), p.PageInfo)
		}
	}
}

// TestPageThatEndsAtACursor has no row of it, nor one beyond.
func TestPageThatEndsAtACursor(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 2, 10: 3, 20: 2}, "a")
	all := a.page(t, vars{"first": 7})
	for i := range all.Edges {
		p := a.page(t, vars{"first": 7, "before": all.Edges[i].Cursor})
		if !slices.Equal(p.places(), all.places()[:i]) || !p.PageInfo.HasNextPage || p.PageInfo.HasPreviousPage {
			t.Errorf("before row %d: rows %v, %+v", i, p.places(), p.PageInfo)
		}
		p = a.page(t, vars{"last": 7, "after": all.Edges[i].Cursor})
		if !slices.Equal(p.places(), all.places()[i+1:]) || p.PageInfo.HasNextPage || !p.PageInfo.HasPreviousPage {
			t.Errorf("after row %d: rows %v, %+v", i, p.places(), p.PageInfo)
		}
	}
}

// serveMixed serves one app with a row each second, of which some came from the web.
func serveMixed(t *testing.T, scanCalls, rows int, fromWeb func(second int) bool) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a"}, scanCalls: scanCalls})
	for second := range rows {
		row := run(second)
		if fromWeb(second) {
			row.CreatedFrom = "web-app"
		}
		a.apps["a"].Insert(row)
	}
	return a
}

// TestFullPageIsWhole, though its budget ended before it was known whether there is more.
func TestFullPageIsWhole(t *testing.T) {
	t.Parallel()
	a := serveMixed(t, 1, 400, func(second int) bool { return second >= 395 })
	v := withFilter("createdFrom", "web-app")
	v["first"] = 5
	p := a.page(t, v)
	if len(p.Edges) != 5 || !p.Scan.Complete || len(p.Scan.Reasons) > 0 || !p.PageInfo.HasNextPage {
		t.Fatalf("%d rows, %+v, %+v", len(p.Edges), p.PageInfo, p.Scan)
	}
	if *p.PageInfo.EndCursor != p.Edges[4].Cursor {
		t.Error("the end cursor is not the last row's")
	}
	v["first"] = 6
	if p := a.page(t, v); len(p.Edges) != 5 || !slices.Equal(p.Scan.Reasons, []string{"SCAN_BUDGET"}) || *p.PageInfo.EndCursor == p.Edges[4].Cursor {
		t.Errorf("short of one row: %+v, %+v", p.PageInfo, p.Scan)
	}
	v["before"] = p.Edges[4].Cursor
	if p := a.page(t, v); len(p.Edges) != 4 || !p.Scan.Complete || !p.PageInfo.HasNextPage {
		t.Errorf("as many as there are before a cursor: %+v, %+v", p.PageInfo, p.Scan)
	}
}

// TestBudgetIsSpentWhole: a page takes as many calls as it may, and not one more than it takes to make progress.
func TestBudgetIsSpentWhole(t *testing.T) {
	t.Parallel()
	for order, least := range map[string]int{"NEWEST_FIRST": 1, "OLDEST_FIRST": 2} {
		for budget := 1; budget <= 4; budget++ {
			a := serveMixed(t, budget, 1000, func(int) bool { return false })
			v := withFilter("createdFrom", "web-app")
			v["order"] = order
			if p := a.page(t, v); p.Scan.UpstreamCalls != max(budget, least) || !slices.Equal(p.Scan.Reasons, []string{"SCAN_BUDGET"}) {
				t.Errorf("%s, budget %d: %+v", order, budget, p.Scan)
			}
		}
	}
}

// TestRowsThatDoNotMatchAreNoMore: a second that may be cut tells of matching rows alone.
func TestRowsThatDoNotMatchAreNoMore(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"NEWEST_FIRST", "OLDEST_FIRST"} {
		only := map[string]int{"NEWEST_FIRST": 399, "OLDEST_FIRST": 0}[order]
		a := serveMixed(t, 50, 400, func(second int) bool { return second == only })
		v := withFilter("createdFrom", "web-app")
		v["first"], v["order"] = 1, order
		if p := a.page(t, v); len(p.Edges) != 1 || p.PageInfo.HasNextPage || !p.Scan.Complete {
			t.Errorf("%s: %d rows, %+v, %+v", order, len(p.Edges), p.PageInfo, p.Scan)
		}
	}
}

// TestAppThatIsPastTheCursorIsNotReadOn while another is not.
func TestAppThatIsPastTheCursorIsNotReadOn(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, scanCalls: 50})
	for second := range 300 {
		row := run(second)
		row.CreatedFrom = "web-app"
		a.apps["a"].Insert(row)
		a.apps["b"].Insert(run(1000 + 2*second))
	}
	v := withFilter("createdFrom", "web-app")
	v["first"] = 11
	v["before"] = a.page(t, v).Edges[10].Cursor
	v["first"] = 100
	a.dify.ResetRequests()
	p := a.page(t, v)
	calls := map[string]int{}
	for _, r := range a.dify.Requests() {
		calls[r.App]++
	}
	if len(p.Edges) != 10 || !p.Scan.Complete || calls["a"] != 1 || calls["b"] < 3 {
		t.Errorf("%d rows, calls %v, %+v", len(p.Edges), calls, p.Scan)
	}
}
