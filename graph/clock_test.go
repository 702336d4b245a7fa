package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones, wherever the tests run

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// Tests of Difys that show other times than those that they filter by. See graph/feed/clock.go.

func zone(t tb, name string) *time.Location {
	t.Helper()
	loaded, err := time.LoadLocation(name)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return loaded
}

// TestShiftedClockIsRefused: in words that say by how much, and what to do.
func TestShiftedClockIsRefused(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Asia/Shanghai": "8 h earlier", "America/New_York": "5 h later", "Asia/Kolkata": "5 h 30 min earlier", "Pacific/Kiritimati": "14 h earlier",
	} {
		for _, gap := range []int{600, 1500, 9000} { // such that some rows are shown in the second of others
			for _, variables := range []vars{{"first": 10}, {"last": 10}} {
				t.Run(fmt.Sprint(name, gap, variables), func(t *testing.T) {
					t.Parallel()
					a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Zone: zone(t, name)}, unprovenClocks: true})
					for i := range 60 {
						a.apps["a"].Insert(run(i * gap))
					}
					checkUnsupported(t, a, variables, want, "TZ=UTC")
				})
			}
		}
	}
}

// TestProofOfClockIsOneRequestOfOneRow for each app, as long as the server lives. Pages do not count it: it would tell whether
// others have read the app.
func TestProofOfClockIsOneRequestOfOneRow(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, unprovenClocks: true})
	for _, key := range []string{"a", "b"} {
		rows := runsOf(pairs(200))
		for i := range rows {
			rows[i].CreatedAt = rows[i].CreatedAt.Add(12 * time.Hour) // no zone changes its clocks then
		}
		a.apps[key].Insert(rows...)
	}
	if p := a.page(t, vars{"first": 20}); len(p.Edges) != 20 || p.Scan.UpstreamCalls != 2 || p.Scan.RowsScanned != 52 {
		t.Errorf("the first page: %+v", p.Scan)
	}
	calls := a.listCalls()
	if calls != 4 {
		t.Errorf("the first page took %d calls", calls)
	}
	for range 3 {
		a.page(t, vars{"first": 20})
	}
	if more := a.listCalls() - calls; more != 6 {
		t.Errorf("three more pages of two apps took %d calls", more)
	}
}

// TestShiftedTotalIsRefused: Dify counts by the times that it compares, so within bounds the number is of other rows than are shown.
// It takes a row of the app to know, once; without bounds the number is right by whatever clock.
func TestShiftedTotalIsRefused(t *testing.T) {
	t.Parallel()
	bounded := fmt.Sprintf(`{workflowLogs(filter: {createdAt: {since: %q}}) {totalCount}}`, epoch.Add(time.Hour).Format(time.RFC3339))
	for name, want := range map[string]string{"Asia/Shanghai": "8 h earlier", "America/New_York": "5 h later", "UTC": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Zone: zone(t, name)}, unprovenClocks: true})
			for i := range 100 {
				a.apps["a"].Insert(run(i * 600))
			}
			if r := a.post(t, `{workflowLogs {totalCount}}`, nil); len(r.Errors) > 0 || a.listCalls() != 1 {
				t.Errorf("without bounds: %s", r.text)
			}
			r := a.post(t, bounded, nil)
			if want != "" {
				if !slices.Equal(r.codes(), []string{"UPSTREAM_UNSUPPORTED"}) || !strings.Contains(string(r.text), want) {
					t.Errorf("%s", r.text)
				}
				return
			}
			if !strings.Contains(string(r.text), `"totalCount":94`) || a.listCalls() != 1+2 {
				t.Errorf("%d calls: %s", a.listCalls(), r.text)
			}
			if a.post(t, bounded, nil); a.listCalls() != 1+2+1 {
				t.Errorf("once more: %d calls", a.listCalls())
			}
		})
	}
}

// TestClockOfAnEmptyLog: there is nothing to hold it against, and nothing to lose.
func TestClockOfAnEmptyLog(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Zone: zone(t, "Asia/Shanghai")}, unprovenClocks: true})
	if p := a.page(t, vars{}); len(p.Edges) != 0 || !p.Scan.Complete {
		t.Errorf("%+v", p)
	}
}

// TestWrongClockIsNoShift: a database that is two minutes or ten years off shows what it compares.
func TestWrongClockIsNoShift(t *testing.T) {
	t.Parallel()
	for _, off := range []time.Duration{-2 * time.Minute, 2 * time.Minute, 10 * 365 * 24 * time.Hour} {
		a := serve(t, options{keys: []string{"a"}, unprovenClocks: true})
		row := run(0)
		row.CreatedAt = time.Now().Add(off)
		a.apps["a"].Insert(row)
		if p := a.page(t, vars{}); len(p.Edges) != 1 || !p.Scan.Complete {
			t.Errorf("%v: %+v", off, p.Scan)
		}
	}
}

// TestShiftedAppIsLeftOut where the caller asked for a list without apps that fail.
func TestShiftedAppIsLeftOut(t *testing.T) {
	t.Parallel()
	a := serve(t, options{
		keys: []string{"a", "b"}, unprovenClocks: true,
		apart: map[string]apart{"b": {dify: &difytest.Options{Zone: zone(t, "Asia/Shanghai")}}},
	})
	for i := range 30 {
		a.apps["a"].Insert(run(i * 600))
		a.apps["b"].Insert(run(i * 600))
	}
	var data struct{ WorkflowLogs page }
	a.get(t, `{workflowLogs(first: 100, onAppFailure: PARTIAL) {
		edges {cursor node {uuid createdAt app {key}}} pageInfo {hasNextPage} scan {complete reasons failedApps {app {key} code message}}}}`, nil, &data)
	p := data.WorkflowLogs
	if len(p.Edges) != 30 || slices.ContainsFunc(p.places(), func(at place) bool { return at.app != "a" }) {
		t.Errorf("rows of the app whose times are wrong: %v", p.places())
	}
	if p.Scan.Complete || len(p.Scan.FailedApps) != 1 {
		t.Errorf("%+v", p.Scan)
	}
}

// TestCursorOfADeletedRow: what is missing for another reason than a clock is none of its faults.
func TestCursorOfADeletedRow(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, unprovenClocks: true})
	for i := range 30 {
		a.apps["a"].Insert(run(i * 1800)) // so that there are rows an hour before and after
	}
	p := a.page(t, vars{"first": 10})
	last := p.Edges[9]
	for _, row := range a.apps["a"].Rows() {
		if row.ID == last.Node.UUID {
			a.apps["a"].Delete(row.ID)
		}
	}
	if p := a.page(t, vars{"first": 20, "after": last.Cursor}); len(p.Edges) != 20 || !p.Scan.Complete {
		t.Errorf("%d rows after the one that was deleted: %+v", len(p.Edges), p.Scan)
	}
}

// TestAnyRowOfASecondThatFillsTheAnswerWillDo: where a second has more rows than an answer, the row in question need not be among them,
// and nothing more is asked for it. The first page asks for one row, a page behind a deleted row for a hundred.
func TestAnyRowOfASecondThatFillsTheAnswerWillDo(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{StableTies: true}, unprovenClocks: true})
	const noon = 12 * 3600 // when no zone changes its clocks
	a.apps["a"].Insert(runsOf(map[int]int{noon: 1, noon + 1800: 150})...)
	first := a.page(t, vars{"first": 10})
	probes := 0
	for _, r := range a.dify.Requests() {
		if r.Limit == 1 && r.Query.Get("created_at__before") != "" {
			probes++
		}
	}
	if len(first.Edges) != 10 || !first.Scan.Complete || probes != 1 {
		t.Errorf("the first page: %d rows, %+v, %d probes", len(first.Edges), first.Scan, probes)
	}
	last := first.Edges[9]
	a.apps["a"].Delete(last.Node.UUID)
	calls := a.listCalls()
	next := a.page(t, vars{"first": 50, "after": last.Cursor})
	const twiceTheSecond, cursor = 4, 1
	if more := a.listCalls() - calls; len(next.Edges) != 50 || !next.Scan.Complete || more > twiceTheSecond+cursor {
		t.Errorf("behind a row that was deleted: %d rows, %+v, %d calls", len(next.Edges), next.Scan, more)
	}
}

// TestRowsOfAnotherSecondWillNotDo, however many there are: each answer for a second that is shown is full of rows that are not shown in it.
func TestRowsOfAnotherSecondWillNotDo(t *testing.T) {
	t.Parallel()
	for name, off := range map[string]int{"1 s earlier": 1, "at other times": -1, "2 s earlier": 2} {
		a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{StableTies: true, Zone: time.FixedZone(name, off)}, unprovenClocks: true})
		a.apps["a"].Insert(runsOf(map[int]int{0: 110, 1: 110, 2: 110, 3: 110})...)
		checkUnsupported(t, a, vars{"first": 10}, name)
	}
}

// TestChangeOfClocksWithinTheHoursBefore: a row that is shown right in the hours that were read last is of another season than
// the one that would be skipped. Zones change their clocks at different hours of a Sunday.
func TestChangeOfClocksWithinTheHoursBefore(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change time.Time     // from then on times are shown right
		by     time.Duration // how far they are shifted before
		shift  string
	}{
		"Europe/London":     {time.Date(2025, 10, 26, 2, 0, 0, 0, time.UTC), time.Hour, "1 h earlier"},
		"Africa/Casablanca": {time.Date(2026, 2, 15, 3, 0, 0, 0, time.UTC), time.Hour, "1 h earlier"},
		"Antarctica/Troll":  {time.Date(2025, 10, 26, 3, 0, 0, 0, time.UTC), 2 * time.Hour, "2 h earlier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{
				keys: []string{"a", "b"}, dify: difytest.Options{Zone: zone(t, name)},
				apart: map[string]apart{"b": {dify: new(difytest.Options)}}, unprovenClocks: true,
			})
			insert := func(app string, at time.Time) {
				row := run(0)
				row.CreatedAt = at
				a.apps[app].Insert(row)
			}
			last := test.change.Add(-test.by) // of the first page, before which the skipped row is shown
			insert("a", test.change)
			insert("a", last.Add(time.Second))
			insert("b", last)
			insert("b", last.Add(-2*time.Minute))
			first := a.page(t, vars{"first": 2}) // the newest of each: a's is shown right
			checkUnsupported(t, a, vars{"first": 2, "after": *first.PageInfo.EndCursor}, test.shift)
		})
	}
}

// TestPageThatEndsAmongRowsOfTwoTimes: where clocks go forward, a row from before is shown in the second of one an hour later. Whoever
// reads on from the latter would not meet the former.
func TestPageThatEndsAmongRowsOfTwoTimes(t *testing.T) {
	t.Parallel()
	for name, ids := range map[string][2]uuid.UUID{"right first": {{15: 2}, {15: 1}}, "shifted first": {{15: 1}, {15: 2}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Zone: zone(t, "Atlantic/Azores")}, unprovenClocks: true})
			for i, id := range ids {
				row := run(0)
				row.ID, row.CreatedAt = id, time.Date(2026, 3, 29, i, 0, 1, 0, time.UTC) // both are shown at 01:00:01
				a.apps["a"].Insert(row)
			}
			after := ""
			for range 2 {
				response := a.post(t, `query($after: String) {workflowLogs(order: OLDEST_FIRST, first: 1, after: $after) {pageInfo {endCursor} nodes {uuid}}}`, vars{"after": after})
				if len(response.Errors) > 0 {
					if !strings.Contains(response.Errors[0].Message, "1 h later") {
						t.Error(response.Errors)
					}
					return
				}
				var data struct {
					WorkflowLogs struct{ PageInfo struct{ EndCursor string } }
				}
				if err := json.Unmarshal(response.Data, &data); err != nil {
					t.Fatal(err)
				}
				after = data.WorkflowLogs.PageInfo.EndCursor
			}
			t.Error("the row that is shown an hour late was passed over")
		})
	}
}

// TestClocksAtTheEndOfTime: what is around the last second of all is not asked for.
func TestClocksAtTheEndOfTime(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, unprovenClocks: true})
	late := run(0)
	late.CreatedAt = time.Date(9999, 12, 31, 23, 59, 58, 0, time.UTC)
	a.apps["a"].Insert(late)
	a.apps["b"].Insert(run(0), run(10))
	var after *string
	rows := 0
	for range 3 {
		p := a.page(t, vars{"first": 1, "after": after})
		rows += len(p.Edges)
		after = p.PageInfo.EndCursor
	}
	if rows != 3 {
		t.Errorf("%d rows", rows)
	}
}

// TestTimesThatNoZoneShifts: what is claimed of a shift is known.
func TestTimesThatNoZoneShifts(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Zone: time.FixedZone("off", 25*60+7)}, unprovenClocks: true})
	for i := range 60 {
		a.apps["a"].Insert(run(i * 5000))
	}
	answer := a.post(t, `{workflowLogs {nodes {uuid}}}`, nil)
	if !slices.Equal(answer.codes(), []string{"UPSTREAM_UNSUPPORTED"}) || !strings.Contains(answer.Errors[0].Message, "at other times") {
		t.Errorf("%s", answer.text)
	}
}

// TestTimesOfNoZoneAreRefused: rows whose times have nothing to do with those that Dify filters by are no rows that are gone, whichever
// way they are read.
func TestTimesOfNoZoneAreRefused(t *testing.T) {
	t.Parallel()
	created := regexp.MustCompile(`"created_at":\s*\d+`)
	for _, shown := range []string{"253402300799", "1000000000"} {
		for _, variables := range []vars{{"first": 10}, {"last": 10}, {"first": 100}, {"last": 100}} {
			t.Run(fmt.Sprint(shown, variables), func(t *testing.T) {
				t.Parallel()
				a := serve(t, options{keys: []string{"a"}, unprovenClocks: true})
				for i := range 300 {
					a.apps["a"].Insert(run(i * 600))
				}
				a.dify.SetFault(func(*http.Request) *difytest.Fault {
					return difytest.Rewrite(func(body []byte) []byte { return created.ReplaceAll(body, []byte(`"created_at":`+shown)) })
				})
				checkUnsupported(t, a, variables, "at other times", "TZ=UTC")
			})
		}
	}
}
