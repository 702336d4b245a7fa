package difyapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
)

// tinyDify lists rows as Dify does: by second only, ties in a new order for each query, by OFFSET.
type tinyDify struct {
	seconds   []int64 // of row i
	rng       *rand.Rand
	deaf      bool // ignores the bounds of time, as servers before 1.0.1
	most      int  // rows that an answer has, whatever was asked for; 0 for any number
	stable    bool // ties have one order, as PostgreSQL mostly gives a small window
	calls     []url.Values
	afterCall func()
}

// id of row i.
func (d *tinyDify) id(i int) string {
	return uuid.NewSHA1(uuid.Nil, []byte(strconv.Itoa(i))).String()
}

func (d *tinyDify) RoundTrip(req *http.Request) (*http.Response, error) {
	q := req.URL.Query()
	d.calls = append(d.calls, q)
	rows := d.sorted(bound(q.Get("created_at__after"), 0), bound(q.Get("created_at__before"), 1<<40))
	limit, _ := strconv.Atoi(q.Get("limit"))
	page, _ := strconv.Atoi(q.Get("page"))
	offset := min((max(page, 1)-1)*limit, len(rows))
	data := []map[string]any{}
	if d.most > 0 && limit > d.most {
		limit, offset = d.most, min((max(page, 1)-1)*d.most, len(rows))
	}
	for _, i := range rows[offset:min(offset+limit, len(rows))] {
		data = append(data, map[string]any{"id": d.id(i), "created_at": d.seconds[i]})
	}
	body, err := json.Marshal(map[string]any{"total": len(rows), "has_more": len(rows) > offset+limit, "data": data})
	if d.afterCall != nil {
		d.afterCall()
	}
	return response(req, http.StatusOK, string(body)), err
}

func (d *tinyDify) sorted(after, before int64) []int {
	var rows []int
	for i, second := range d.seconds {
		if d.deaf || second >= after && second <= before {
			rows = append(rows, i)
		}
	}
	if !d.stable {
		d.rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	slices.SortStableFunc(rows, func(i, j int) int { return int(d.seconds[j] - d.seconds[i]) })
	return rows
}

// bound reads a bound of time in whole seconds; fractions have no effect on rows of whole seconds but to cut a lower one.
func bound(text string, none int64) int64 {
	if text == "" {
		return none
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return t.Unix()
}

func newTinyDify(seed uint64, seconds ...int64) *tinyDify {
	return &tinyDify{seconds: seconds, rng: rand.New(rand.NewPCG(seed, 0))}
}

// walk collects what the iterator yields.
func walk(t testing.TB, d *tinyDify, q difyapi.LogQuery) ([]*difyapi.WorkflowLog, error) {
	t.Helper()
	client := newClient(t, difyapi.Options{Transport: d})
	var rows []*difyapi.WorkflowLog
	for row, err := range client.EachWorkflowLog(context.Background(), q) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// TestEachWorkflowLog holds, for worlds whose seconds fit one call: every row of the window once, newest first, and no
// page numbers.
func TestEachWorkflowLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limit := rapid.IntRange(1, 12).Draw(rt, "limit")
		var seconds []int64
		for second := range rapid.Int64Range(1, 20).Draw(rt, "seconds") {
			// One row less than the limit: a second that fills a whole call may go on.
			for range rapid.IntRange(0, limit-1).Draw(rt, "rows") {
				seconds = append(seconds, 1000+second)
			}
		}
		if limit == 1 {
			seconds = distinctSeconds(rt)
		}
		d := newTinyDify(rapid.Uint64().Draw(rt, "seed"), seconds...)
		q := difyapi.LogQuery{Limit: limit}
		if rapid.Bool().Draw(rt, "from") {
			q.CreatedAfter = time.Unix(rapid.Int64Range(998, 1022).Draw(rt, "after"), 0)
		}
		if rapid.Bool().Draw(rt, "to") {
			q.CreatedBefore = time.Unix(rapid.Int64Range(998, 1022).Draw(rt, "before"), 0)
		}
		rows, err := walk(t, d, q)
		if err != nil {
			rt.Fatal(err)
		}
		checkWalk(rt, d, q, rows)
		if limit > 1 {
			checkNoPages(rt, d)
		}
	})
}

func distinctSeconds(rt *rapid.T) []int64 {
	return rapid.SliceOfNDistinct(rapid.Int64Range(1000, 1020), 0, 15, rapid.ID[int64]).Draw(rt, "one row each")
}

// TestCrowdedSeconds holds, where a window of one second has one order, that a second of several calls is whole, and that those
// around it are.
func TestCrowdedSeconds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		var seconds []int64
		for second := range rapid.Int64Range(1, 6).Draw(rt, "seconds") {
			for range rapid.IntRange(0, 25).Draw(rt, "rows") {
				seconds = append(seconds, 1000+second)
			}
		}
		d := newTinyDify(1, seconds...)
		d.stable = true
		q := difyapi.LogQuery{Limit: rapid.IntRange(1, 12).Draw(rt, "limit")}
		rows, err := walk(t, d, q)
		if err != nil {
			rt.Fatal(err)
		}
		checkWalk(rt, d, q, rows)
	})
}

// TestDisorderLosesOnlyCrowdedRows holds that even where pages of a crowded second overlap, no row comes twice, the walk ends,
// and the other seconds are whole.
func TestDisorderLosesOnlyCrowdedRows(t *testing.T) {
	t.Parallel()
	seconds := []int64{1003, 1003, 1000, 1000}
	for range 57 {
		seconds = append(seconds, 1001)
	}
	d := newTinyDify(7, seconds...)
	rows, err := walk(t, d, difyapi.LogQuery{Limit: 5})
	if err != nil {
		t.Fatal(err)
	}
	counts, ids := map[int64]int{}, map[uuid.UUID]bool{}
	for _, row := range rows {
		counts[row.CreatedAt.Unix()]++
		if ids[row.ID] {
			t.Errorf("row %v came twice", row.ID)
		}
		ids[row.ID] = true
	}
	if counts[1003] != 2 || counts[1000] != 2 || counts[1001] < 20 {
		t.Errorf("rows per second: %v", counts)
	}
}

// checkWalk holds the rows against the window, whole and in order.
func checkWalk(t *rapid.T, d *tinyDify, q difyapi.LogQuery, rows []*difyapi.WorkflowLog) {
	t.Helper()
	after, before := int64(0), int64(1<<40)
	if !q.CreatedAfter.IsZero() {
		after = q.CreatedAfter.Unix()
	}
	if !q.CreatedBefore.IsZero() {
		before = q.CreatedBefore.Unix()
	}
	missing := map[string]bool{}
	for i, second := range d.seconds {
		if second >= after && second <= before {
			missing[d.id(i)] = true
		}
	}
	for i, row := range rows {
		if !missing[row.ID.String()] {
			t.Fatalf("row %v is outside of the window, or came twice", row)
		}
		delete(missing, row.ID.String())
		if i > 0 && row.CreatedAt.After(rows[i-1].CreatedAt) {
			t.Fatalf("row %v after an older one", row)
		}
	}
	if len(missing) > 0 {
		t.Fatalf("%d rows are missing", len(missing))
	}
}

func checkNoPages(t *rapid.T, d *tinyDify) {
	t.Helper()
	for _, call := range d.calls {
		if call.Has("page") {
			t.Fatalf("a page number was asked for: %v", call)
		}
	}
}

// TestIteratorCalls holds how many calls a walk takes, and what they ask for.
func TestIteratorCalls(t *testing.T) {
	t.Parallel()
	d := newTinyDify(1, 1005, 1004, 1003, 1003, 1002, 1001)
	rows, err := walk(t, d, difyapi.LogQuery{Keyword: "hello", Limit: 3})
	if err != nil || len(rows) != 6 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	want := []string{
		"keyword=hello&limit=3",
		"created_at__before=1970-01-01T00%3A16%3A43.999999Z&keyword=hello&limit=3",
		"created_at__before=1970-01-01T00%3A16%3A42.999999Z&keyword=hello&limit=3",
	}
	for i, call := range d.calls {
		if i >= len(want) || call.Encode() != want[i] {
			t.Errorf("call %d: %s", i, call.Encode())
		}
	}
	if _, err := walk(t, d, difyapi.LogQuery{}); err != nil || d.calls[len(d.calls)-1].Get("limit") != "100" {
		t.Errorf("without a limit: %v, %v", d.calls[len(d.calls)-1], err)
	}
}

// TestIteratorEndsWithSecond holds that a window which ends with a crowded second costs no call beyond it.
func TestIteratorEndsWithSecond(t *testing.T) {
	t.Parallel()
	d := newTinyDify(1, 1005, 1004, 1004, 1004, 1003)
	d.stable = true
	rows, err := walk(t, d, difyapi.LogQuery{CreatedAfter: time.Unix(1004, 0), CreatedBefore: time.Unix(1004, 0), Limit: 2})
	if err != nil || len(rows) != 3 || len(d.calls) != 3 {
		t.Errorf("%d rows after %d calls, %v", len(rows), len(d.calls), err)
	}
}

// TestIteratorMeetsNewRows holds that rows which start during the walk shift nothing.
func TestIteratorMeetsNewRows(t *testing.T) {
	t.Parallel()
	d := newTinyDify(1, 1005, 1004, 1003, 1002, 1001)
	d.afterCall = func() { d.seconds = append(d.seconds, 2000, 2000, 2001) }
	rows, err := walk(t, d, difyapi.LogQuery{Limit: 2})
	if err != nil || len(rows) != 5 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestIteratorEndsOnBreak(t *testing.T) {
	t.Parallel()
	d := newTinyDify(1, 1005, 1004, 1003, 1002, 1001)
	client := newClient(t, difyapi.Options{Transport: d})
	for _, err := range client.EachWorkflowLog(t.Context(), difyapi.LogQuery{Limit: 2}) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if len(d.calls) != 1 {
		t.Errorf("%d calls", len(d.calls))
	}
}

// TestIteratorEndsOnError holds that the first error is yielded once and is the end, in any call of the walk.
func TestIteratorEndsOnError(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for failing := range 4 {
		d := newTinyDify(1, 1005, 1004, 1003, 1003, 1003, 1002)
		ctx, cancel := context.WithCancelCause(t.Context())
		calls := 0
		d.afterCall = func() {
			if calls++; calls == failing {
				cancel(boom)
			}
		}
		if failing == 0 {
			cancel(boom)
		}
		rows, failures := 0, 0
		for row, err := range newClient(t, difyapi.Options{Transport: d}).EachWorkflowLog(ctx, difyapi.LogQuery{Limit: 2}) {
			switch {
			case err == nil && row != nil && failures == 0:
				rows++
			case row == nil && errors.Is(err, boom):
				failures++
			default:
				t.Errorf("row %v, error %v", row, err)
			}
		}
		cancel(nil)
		if failures != 1 || calls != failing || rows > 2*failing {
			t.Errorf("%d errors and %d rows after %d calls", failures, rows, calls)
		}
	}
}

// TestIteratorAgainstDeafServer holds that a server which ignores the window is found out, and not asked forever.
func TestIteratorAgainstDeafServer(t *testing.T) {
	t.Parallel()
	tests := map[string]difyapi.LogQuery{
		"before":       {CreatedBefore: time.Unix(1004, 0)},
		"after":        {CreatedAfter: time.Unix(1004, 0)},
		"second call":  {Limit: 2},
		"whole second": {Limit: 1},
	}
	for name, q := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newTinyDify(1, 1005, 1004, 1003, 1002, 1001)
			d.deaf = true
			if _, err := walk(t, d, q); !difyapi.IsBadResponse(err) {
				t.Errorf("error %v", err)
			}
			if len(d.calls) > 3 {
				t.Errorf("%d calls", len(d.calls))
			}
		})
	}
}

func TestIteratorRefusesQuery(t *testing.T) {
	t.Parallel()
	for _, q := range []difyapi.LogQuery{{Page: 2}, {Limit: 101}, {Status: "running"}} {
		d := newTinyDify(1, 1005)
		if _, err := walk(t, d, q); !errors.Is(err, difyapi.ErrInvalidQuery) || len(d.calls) != 0 {
			t.Errorf("%+v: %v after %d calls", q, err, len(d.calls))
		}
	}
}
