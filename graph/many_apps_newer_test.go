package graph_test

import (
	"slices"
	"testing"
	"time"
)

// These tests hold what lists of some hundred apps cost toward newer rows, and what else is asked of them.

// TestThreeHundredAppsTowardNewerRows take a call each for the first page: a few apps tell how far it reaches, and the others are asked
// for no more. Later pages take a few calls while answers are kept; without a cache, a call each and a few.
func TestThreeHundredAppsTowardNewerRows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ttl    time.Duration
		status []string
		calls  []int // of each page
	}{
		"with cache":    {time.Hour, nil, []int{300, 28, 14, 10, 6, 3}},
		"with statuses": {time.Hour, []string{"FAILED", "SUCCEEDED"}, []int{600, 22, 4, 3, 3, 5}},
		"without cache": {0, nil, []int{300, 308, 306, 304, 302, 301}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serveFleet(t, options{ttl: test.ttl, price: 20_000})
			f.insert(10)
			v := vars{"last": 20, "filter": vars{"status": test.status}}
			if test.status == nil {
				v["filter"] = nil
			}
			seen := make(map[place]bool)
			var calls []int
			for page := 1; page <= 6; page++ {
				p := f.rows(t, v)
				asked, _ := f.asked()
				calls = append(calls, asked)
				for _, at := range p.places() {
					seen[at] = true
				}
				if len(p.Edges) != 20 || !p.Scan.Complete || !p.PageInfo.HasPreviousPage || p.PageInfo.HasNextPage != (page > 1) {
					t.Errorf("page %d: %d rows, %+v %+v", page, len(p.Edges), p.Scan, p.PageInfo)
				}
				v["before"] = p.PageInfo.StartCursor
			}
			if len(seen) != 120 || !slices.Equal(calls, test.calls) {
				t.Errorf("%d rows by %v calls, want %v", len(seen), calls, test.calls)
			}
		})
	}
}

// TestFirstPageTowardNewerRowsWithItsTotal counts each app, and reads its oldest rows.
func TestFirstPageTowardNewerRowsWithItsTotal(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{price: 20_000})
	f.insert(10)
	p := f.page(t, vars{"last": 20})
	if calls, _ := f.asked(); calls != 600 || len(p.Edges) != 20 || p.TotalCount == nil || *p.TotalCount != 3000 || !p.Scan.Complete {
		t.Errorf("%d calls: %d rows of %v, %+v", calls, len(p.Edges), p.TotalCount, p.Scan)
	}
}

// TestThreeHundredAppsUnderSessions take a call for each app and session id, toward either end.
func TestThreeHundredAppsUnderSessions(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"first", "last"} {
		f := serveFleet(t, options{price: 20_000})
		f.insert(2)
		p := f.page(t, vars{end: 20, "filter": vars{"endUserSessionId": []string{"s0", "s1"}}})
		if calls, _ := f.asked(); calls != 600 || len(p.Edges) != 20 || p.TotalCount == nil || *p.TotalCount != 600 || !p.Scan.Complete {
			t.Errorf("%s: %d calls: %d rows of %v, %+v", end, calls, len(p.Edges), p.TotalCount, p.Scan)
		}
	}
}

// TestKeywordOverThreeHundredApps takes a call each; beside session ids, of which there are too many streams to choose, as well.
func TestKeywordOverThreeHundredApps(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{price: 20_000, scanCalls: 10})
	f.insert(2)
	for _, key := range f.keys[:30] {
		row := run(10_000)
		row.Run.Inputs = `{"q": "needle"}`
		f.apps[key].Insert(row)
	}
	for name, filter := range map[string]vars{
		"alone":                {"keyword": "needle"},
		"beside a session id":  {"keyword": "needle", "endUserSessionId": []string{"s0"}},
		"beside session ids":   {"keyword": "needle", "endUserSessionId": []string{"s0", "s1", "s2"}},
		"beside another's one": {"keyword": "needle", "endUserSessionId": []string{"s9"}},
	} {
		p := f.page(t, vars{"first": 100, "filter": filter})
		want := 30
		if name == "beside another's one" {
			want = 0
		}
		if calls, _ := f.asked(); calls != 300 || len(p.Edges) != want || p.PageInfo.HasNextPage || !p.Scan.Complete {
			t.Errorf("%s: %d calls: %d rows, %+v %+v", name, calls, len(p.Edges), p.Scan, p.PageInfo)
		}
	}
}

// TestWalkTowardNewerRowsOverThreeHundredApps has each row once, by a fraction of a call for each app and page.
func TestWalkTowardNewerRowsOverThreeHundredApps(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{ttl: time.Hour, price: 20_000})
	f.insert(4)
	seen, pages := make(map[place]bool), 0
	for v := (vars{"last": 100}); ; {
		p := f.rows(t, v)
		pages++
		for _, at := range p.places() {
			seen[at] = true
		}
		if !p.Scan.Complete {
			t.Fatalf("page %d: %+v", pages, p.Scan)
		}
		if !p.PageInfo.HasPreviousPage {
			break
		}
		v["before"] = p.PageInfo.StartCursor
	}
	if calls, _ := f.asked(); len(seen) != 1200 || pages != 12 || calls != 1645 { // toward older rows: 1410
		t.Errorf("%d rows on %d pages by %d calls", len(seen), pages, calls)
	}
}

// TestBusyAppTowardNewerRows has more rows in a window than an answer holds: it is asked by its own density, alone.
func TestBusyAppTowardNewerRows(t *testing.T) {
	t.Parallel()
	f := serveFleet(t, options{ttl: time.Hour, price: 20_000})
	f.insert(5)
	for i := range 3000 {
		f.apps["app-007"].Insert(run(i))
	}
	seen, v, calls := make(map[place]bool), vars{"last": 20}, []int(nil)
	for range 6 {
		p := f.rows(t, v)
		asked, _ := f.asked()
		calls = append(calls, asked)
		for _, at := range p.places() {
			seen[at] = true
		}
		v["before"] = p.PageInfo.StartCursor
	}
	if want := []int{301, 246, 21, 22, 24, 25}; len(seen) != 120 || !slices.Equal(calls, want) {
		t.Errorf("%d rows by %v calls, want %v", len(seen), calls, want)
	}
}
