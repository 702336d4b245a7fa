package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// A keyword longer than Dify compares, and a text that begins alike, as far as Dify sees.
const (
	longKeyword = "The quick brown fox jumps over the lazy dog"
	nearlyFound = "The quick brown fox jumps over the lazy cat"
)

// nearly makes n runs a second apart, the newest first, that Dify finds. Those that match have the whole keyword.
func nearly(n int, matches func(i int) bool) []difytest.Row {
	rows := make([]difytest.Row, n)
	for i := range rows {
		rows[i] = run(-i)
		text := nearlyFound
		if matches(i) {
			text = longKeyword
		}
		rows[i].Run.Inputs = `{"q": "` + text + `"}`
	}
	return rows
}

// serveNearly serves an app a with such runs.
func serveNearly(t *testing.T, o options, n int, matches func(i int) bool) *api {
	t.Helper()
	o.keys, o.scanCalls = []string{"a"}, 10
	a := serve(t, o)
	a.apps["a"].Insert(nearly(n, matches)...)
	return a
}

func everyRow(int) bool { return true }
func noRow(int) bool    { return false }

// looks is how many runs' details Dify was asked for; it is forgotten then.
func (a *api) looks() int {
	n := a.dify.Calls(difytest.RunRoute)
	a.dify.ResetRequests()
	return n
}

// TestLongKeywordLooks counts the details that a page takes.
func TestLongKeywordLooks(t *testing.T) {
	t.Parallel()
	const rowsOnly = `query ($filter: WorkflowLogFilter, $first: Int) {workflowLogs(filter: $filter, first: $first) {nodes {uuid}}}`
	for name, test := range map[string]struct {
		query         string
		rows, first   int
		matches       func(i int) bool
		looks, listed int
	}{
		"the newest match":             {listQuery, 90, 20, everyRow, 21, 1}, // one more tells that there is a next page
		"the newest match, no flags":   {rowsOnly, 90, 20, everyRow, 20, 1},
		"fewer than a page":            {listQuery, 15, 20, everyRow, 15, 1},
		"none matches":                 {listQuery, 90, 20, noRow, 90, 1},
		"every second matches":         {listQuery, 90, 20, func(i int) bool { return i%2 == 0 }, 42, 1},
		"nearly all match":             {listQuery, 90, 20, func(i int) bool { return i != 3 }, 22, 1},
		"one, then nothing for a time": {listQuery, 90, 1, func(i int) bool { return i == 0 || i > 60 }, 64, 1},
		"the last is on a second call": {listQuery, 150, 1, func(i int) bool { return i == 149 }, 150, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveNearly(t, options{}, test.rows, test.matches)
			answer := a.post(t, test.query, vars{"filter": vars{"keyword": longKeyword}, "first": test.first, "order": "NEWEST_FIRST"})
			if len(answer.Errors) > 0 {
				t.Fatalf("%s", answer.text)
			}
			if n := a.listCalls(); n != test.listed {
				t.Errorf("%d list calls, want %d", n, test.listed)
			}
			if n := a.looks(); n != test.looks {
				t.Errorf("%d runs were looked at, want %d", n, test.looks)
			}
		})
	}
}

// TestLongKeywordInSession: the list shows the session id, so that it takes no look at the run.
func TestLongKeywordInSession(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for i, session := range []string{longKeyword, strings.ToUpper(longKeyword), nearlyFound, "(" + longKeyword + ")", "s0"} {
		row := run(-i)
		row.EndUser = endUser(session)
		a.apps["a"].Insert(row)
	}
	if diff := cmp.Diff([]int{0, 1, 3}, a.found(t, vars{"keyword": longKeyword})); diff != "" {
		t.Error(diff)
	}
	if n := a.looks(); n != 1 {
		t.Errorf("%d runs were looked at, want 1: that of a session that begins alike", n)
	}
}

// TestLongKeywordSideBySide: as many details as may be asked for at once are under way together. One after the other they
// would wait for ever.
func TestLongKeywordSideBySide(t *testing.T) {
	t.Parallel()
	const atOnce = inFlight
	a := serveNearly(t, options{}, 90, everyRow)
	var mu sync.Mutex
	var meeting sync.WaitGroup
	meeting.Add(atOnce)
	met := 0
	a.dify.OnStatement(func(s difytest.Statement) {
		if s.Kind != difytest.StatementRun {
			return
		}
		mu.Lock()
		met++
		if met <= atOnce {
			meeting.Done()
		}
		mu.Unlock()
		meeting.Wait()
	})
	if p := a.page(t, vars{"filter": vars{"keyword": longKeyword}}); len(p.Edges) != 20 {
		t.Errorf("%d rows", len(p.Edges))
	}
}

// TestLongKeywordBudget: a page looks at no more runs than it may, says so, and the next one goes on behind them.
func TestLongKeywordBudget(t *testing.T) {
	t.Parallel()
	for budget, looks := range map[int][]int{0: {200, 50}, 100: {100, 100, 50}, 124: {124, 124, 2}, 250: {250}, 300: {250}} {
		t.Run(fmt.Sprint(budget), func(t *testing.T) {
			t.Parallel()
			a := serveNearly(t, options{details: budget}, 250, func(i int) bool { return i == 249 })
			v := vars{"filter": vars{"keyword": longKeyword}, "first": 5}
			for i, want := range looks {
				p := a.page(t, v)
				last := i == len(looks)-1
				if n := a.looks(); n != want || p.TotalCount != nil {
					t.Errorf("page %d: %d runs were looked at, want %d; total %v, want null", i, n, want, p.TotalCount)
				}
				if !slices.Equal(p.Scan.Reasons, map[bool][]string{false: {"SCAN_BUDGET"}, true: {}}[last]) || p.PageInfo.HasNextPage == last {
					t.Errorf("page %d: %v, next page %v", i, p.Scan.Reasons, p.PageInfo.HasNextPage)
				}
				if rows := len(p.Edges); rows != map[bool]int{true: 1}[last] {
					t.Errorf("page %d: %d rows", i, rows)
				}
				v["after"] = p.PageInfo.EndCursor
			}
		})
	}
}

// TestLongKeywordBudgetIsThePages: and not each app's or status's.
func TestLongKeywordBudgetIsThePages(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b", "c"}, details: 7})
	for _, app := range a.apps {
		app.Insert(nearly(9, noRow)...)
	}
	v := vars{"filter": vars{"keyword": longKeyword, "status": []string{"SUCCEEDED", "FAILED"}}}
	for _, want := range []int{7, 7, 7, 6} {
		p := a.page(t, v)
		if n := a.looks(); n != want {
			t.Errorf("%d runs were looked at, want %d", n, want)
		}
		v["after"] = p.PageInfo.EndCursor
	}
}

// TestLongKeywordFlags: rows that only begin like a match do not tell that there is a next page.
func TestLongKeywordFlags(t *testing.T) {
	t.Parallel()
	onlyFirst := func(i int) bool { return i == 0 }
	for name, rows := range map[string]map[string]int{
		"in a second that is cut": {"a": 120},
		"of an app that is ahead": {"a": 120, "b": 130},
		"of a sparse app":         {"a": 110, "b": 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a", "b"}, scanCalls: 10, details: 300})
			a.apps["a"].Insert(nearly(rows["a"], onlyFirst)...)
			older := nearly(rows["b"], noRow)
			for i := range older {
				older[i].CreatedAt = epoch.AddDate(0, 0, -1-i)
			}
			a.apps["b"].Insert(older...)
			p := a.page(t, vars{"filter": vars{"keyword": longKeyword}, "first": 1})
			if len(p.Edges) != 1 || p.PageInfo.HasNextPage || !p.Scan.Complete {
				t.Errorf("%d rows, next page %v, %+v", len(p.Edges), p.PageInfo.HasNextPage, p.Scan)
			}
		})
	}
}

// TestLongKeywordOfGoneRun: a run that goes between the list and the look at it is no match, and no error.
func TestLongKeywordOfGoneRun(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.11.3", "1.14.2"} { // nulls, and 404
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a := serveNearly(t, options{dify: difytest.Options{Version: version}}, 5, everyRow)
			var once sync.Once
			a.dify.OnStatement(func(s difytest.Statement) {
				if s.Kind == difytest.StatementRun {
					once.Do(func() { a.apps["a"].Delete(a.apps["a"].Rows()[2].ID) })
				}
			})
			got := a.found(t, vars{"keyword": longKeyword})
			if len(got) < 4 || !slices.IsSorted(got) { // the one that was deleted may have been looked at already
				t.Errorf("found %v, want 4 or 5 runs", got)
			}
		})
	}
}

// TestLongKeywordOfLostRun: a row that is listed without its run has nothing to look at.
func TestLongKeywordOfLostRun(t *testing.T) {
	t.Parallel()
	a := serveNearly(t, options{}, 5, everyRow)
	lost := a.apps["a"].Rows()[2].ID
	a.dify.OnStatement(func(s difytest.Statement) {
		if s.Kind == difytest.StatementLoad {
			_ = a.apps["a"].DeleteRun(lost) // once
		}
	})
	if diff := cmp.Diff([]int{0, 1, 3, 4}, a.found(t, vars{"keyword": longKeyword})); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if n := a.looks(); n != 4 {
		t.Errorf("%d runs were looked at, want 4", n)
	}
}

// TestLongKeywordWhereDetailsFail: an app whose list can be read and whose runs can't is a failed app.
func TestLongKeywordWhereDetailsFail(t *testing.T) {
	t.Parallel()
	for _, f := range failures {
		if f.fault == nil || f.name == "null rows" || f.name == "404 HTML" {
			continue // no socket, another endpoint's nonsense, and a Dify without the endpoint
		}
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveBroken(t, f)
			for _, app := range a.apps {
				app.Insert(nearly(5, func(i int) bool { return i%2 == 0 })...)
			}
			a.difys["b"].SetFault(func(r *http.Request) *difytest.Fault {
				if route, _ := difytest.RouteOf(r.URL.Path); route == difytest.RunRoute {
					return f.fault
				}
				return nil
			})
			filter := vars{"keyword": longKeyword}
			answer := a.post(t, besideQuery, vars{"filter": filter})
			checkAlone(t, a, answer)
			checkSecrecy(t, a, answer)
			if e := answer.Errors[0]; e.Extensions["code"] != f.code || e.Extensions["app"] != "b" {
				t.Errorf("%s", answer.text)
			}
			p := a.page(t, vars{"filter": filter, "onAppFailure": "PARTIAL"})
			checkWithoutB(t, f, p)
			if got := p.places(); len(got) != 3 || slices.ContainsFunc(got, func(p place) bool { return p.app == "b" }) {
				t.Errorf("rows %v, want the three of a", got)
			}
		})
	}
}

// TestLongKeywordAndWildcards: old servers read %, _ and \ otherwise, which matters only as far as they compare.
func TestLongKeywordAndWildcards(t *testing.T) {
	t.Parallel()
	const plain = "no wildcard in the first thirty"
	for _, wildcard := range []string{"%", "_", `\`} {
		for _, version := range []string{"1.10.1", "1.11.2", "1.11.3"} {
			t.Run(wildcard+"/"+version, func(t *testing.T) {
				t.Parallel()
				a := serveTexts(t, version, plain+wildcard, plain+"x", wildcard+plain, "x"+plain)
				if diff := cmp.Diff([]int{0}, a.found(t, vars{"keyword": plain + wildcard})); diff != "" {
					t.Errorf("in the tail (-want +got):\n%s", diff)
				}
				head := withFilter("keyword", wildcard+plain)
				if version == "1.11.3" {
					if diff := cmp.Diff([]int{2}, a.found(t, vars{"keyword": wildcard + plain})); diff != "" {
						t.Errorf("in the head (-want +got):\n%s", diff)
					}
					return
				}
				a.dify.ResetRequests()
				checkUnsupported(t, a, head, `"%", "_" or "\"`, "Dify "+version, "Dify 1.11.3")
				checkCalls(t, a, 0, 0)
			})
		}
	}
}

// TestLongKeywordWhereRunsAreHeld: the keyword is looked for wherever a run has text, stored as releases store it.
func TestLongKeywordWhereRunsAreHeld(t *testing.T) {
	t.Parallel()
	const long = `京都市東山区 "清水" C:\temp` + "\n😀 end"
	stored := difytest.StoredText(long)
	for _, o := range []difytest.Options{{Version: "1.11.3"}, {Version: "1.14.2"}, {Version: "1.14.2", ObjectInputs: true}} {
		for name, test := range map[string]struct {
			inputs, outputs string
			found           bool
		}{
			"text":            {`{"q": "` + stored + `"}`, `{}`, true},
			"within a text":   {`{"q": "(` + stored + `)"}`, `{}`, true},
			"other case":      {`{"q": "` + strings.Replace(stored, "end", "END", 1) + `"}`, `{}`, true},
			"nested":          {`{"a": [{"b": ["` + stored + `"]}]}`, `{}`, true},
			"name":            {`{"` + stored + `": 1}`, `{}`, true},
			"outputs":         {`{}`, `{"answer": "` + stored + `"}`, true},
			"no JSON":         {`{"x": NaN, "q": "` + stored + `"}`, `{}`, true},
			"another end":     {`{"q": "` + strings.Replace(stored, "end", "and", 1) + `"}`, `{}`, false},
			"in two texts":    {`{"q": "` + stored[:40] + `", "r": "` + stored[40:] + `"}`, `{}`, false},
			"as it is stored": {`{"q": "` + stored[:40] + strings.ReplaceAll(stored[40:], `\`, `\\`) + `"}`, `{}`, false},
		} {
			t.Run(fmt.Sprint(o.Version, o.ObjectInputs, "/", name), func(t *testing.T) {
				t.Parallel()
				a := serve(t, options{keys: []string{"a"}, dify: o})
				row := run(0)
				row.Run.Inputs, row.Run.Outputs = test.inputs, test.outputs
				a.apps["a"].Insert(row)
				if got := a.found(t, vars{"keyword": long}); (len(got) == 1) != test.found || a.looks() != 1 {
					t.Errorf("found %v", got)
				}
			})
		}
	}
}
