package feed

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// asked is what matters of a question here.
type asked struct {
	Page, Limit int
	Fresh       bool
}

func (m *memory) asked() (questions []asked) {
	for _, q := range m.questions {
		questions = append(questions, asked{q.Page, q.Limit, q.fresh})
	}
	return questions
}

// TestWhatTakesSeveralAnswersIsAskedAfresh: two answers that make one window must be of the world as it is, not as some
// cache remembers it.
func TestWhatTakesSeveralAnswersIsAskedAfresh(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rows  map[int64]int
		order list.Order
		want  []asked
	}{
		"one answer":       {map[int64]int{5: 3}, list.NewestFirst, []asked{{1, 8, false}}},
		"second try":       {map[int64]int{5: 40}, list.NewestFirst, []asked{{1, 8, false}, {1, 100, true}}},
		"crowded second":   {map[int64]int{5: 120}, list.NewestFirst, []asked{{1, 8, false}, {1, 100, true}, {1, 100, true}, {2, 100, true}, {1, 100, true}}},
		"oldest are above": {map[int64]int{5: 3}, list.OldestFirst, []asked{{1, 8, false}}},
		"tail":             {each(1000), list.OldestFirst, []asked{{1, 8, false}, {63, 16, true}}},
	} {
		m := &memory{most: 50, extra: 50}
		for second, n := range test.rows {
			m.insert(second, n)
		}
		if _, err := m.read(t, test.order, list.Filter{}, 2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, m.asked()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestRowsOfACutSecondTellThatThereIsMore, so that no call is made to find out.
func TestRowsOfACutSecondTellThatThereIsMore(t *testing.T) {
	t.Parallel()
	for order, test := range map[list.Order]struct {
		rows map[int64]int
		want []asked
	}{
		list.NewestFirst: {map[int64]int{90: 1, 80: 1, 70: 10}, []asked{{1, 8, false}}},
		list.OldestFirst: {map[int64]int{70: 1, 80: 1, 90: 200}, []asked{{1, 8, false}, {3, 97, true}}},
	} {
		m := &memory{most: 50, extra: 50}
		for second, n := range test.rows {
			m.insert(second, n)
		}
		page, err := m.read(t, order, list.Filter{}, 2)
		if err != nil || len(page.Rows) != 2 || !page.HasNextPage {
			t.Errorf("%s: %+v, %v", order, page, err)
		}
		if diff := cmp.Diff(test.want, m.asked()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", order, diff)
		}
	}
}

// each is as many seconds with a row each.
func each(seconds int64) map[int64]int {
	rows := make(map[int64]int)
	for second := range seconds {
		rows[10*second+1] = 1
	}
	return rows
}

// secondsIn are those of the rows of a page.
func secondsIn(p *list.Page) (seconds []int64) {
	for _, row := range p.Rows {
		seconds = append(seconds, row.Second)
	}
	return seconds
}

// TestTailThatGrows: a page that was to be the last is not, once rows came before it.
func TestTailThatGrows(t *testing.T) {
	t.Parallel()
	for newRows := 1; newRows <= 30; newRows++ {
		m := &memory{most: 50, extra: 50}
		for second, n := range each(1000) {
			m.insert(second, n)
		}
		m.between = func(n int) {
			if n == 1 { // the head has told the total, the tail is asked for
				m.insert(20_000, newRows)
			}
		}
		page, err := m.read(t, list.OldestFirst, list.Filter{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{1, 11}, secondsIn(page)); diff != "" {
			t.Errorf("%d rows more (-want +got):\n%s", newRows, diff)
		}
	}
}

// TestTailThatShrinks to a first page is all that there is.
func TestTailThatShrinks(t *testing.T) {
	t.Parallel()
	m := &memory{most: 50, extra: 50}
	for second, n := range each(1000) {
		m.insert(second, n)
	}
	m.between = func(n int) {
		if n == 1 {
			m.rows = slices.DeleteFunc(m.rows, func(row *difyapi.WorkflowLog) bool {
				return secondOf(row) != 1 && secondOf(row) != 9921 // the oldest, and the last that the head showed
			})
		}
	}
	page, err := m.read(t, list.OldestFirst, list.Filter{}, 2)
	if err != nil || len(page.Rows) != 2 || page.HasNextPage {
		t.Errorf("%+v, %v", page, err)
	}
	if diff := cmp.Diff([]asked{{1, 8, false}, {63, 16, true}, {1, 3, true}}, m.asked()); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

// TestRestOfAWindow: where the rows below a cut second are fewer than an answer holds, they are asked for with that second. One more,
// and the answer would not tell that it is the last: then the tail is asked for.
func TestRestOfAWindow(t *testing.T) {
	t.Parallel()
	for rows, next := range map[int64]asked{105: {1, 100, false}, 198: {1, 100, false}, 199: {2, 100, true}} {
		m := &memory{most: 10, extra: 10}
		for second, n := range each(rows) {
			m.insert(second, n)
		}
		page, err := m.read(t, list.OldestFirst, list.Filter{}, 95)
		if err != nil {
			t.Fatal(err)
		}
		if seconds := secondsIn(page); len(seconds) != 95 || seconds[0] != 1 || seconds[94] != 941 || !slices.IsSorted(seconds) || !page.HasNextPage {
			t.Errorf("%d rows: more %v; rows of %v", rows, page.HasNextPage, seconds)
		}
		if diff := cmp.Diff([]asked{{1, 100, false}, next}, m.asked()); diff != "" {
			t.Errorf("%d rows, questions (-want +got):\n%s", rows, diff)
		}
	}
}

// TestPaceOfAWindowWithoutALowerBound is that of its rows: nobody knows how long there were none before.
func TestPaceOfAWindowWithoutALowerBound(t *testing.T) {
	t.Parallel()
	m := new(memory)
	for _, second := range []int64{900, 500, 401} {
		m.insert(second, 1)
	}
	s := &stream{toward: list.Newer, rest: span{beginning, end}}
	s.takeWindow(span{beginning, 1000}, m.rows, 10)
	if s.density.secondsPerRow != 200 || s.next() != 1001 {
		t.Errorf("%v seconds a row, on from %d", s.density.secondsPerRow, s.next())
	}
}

// endless is a log of runs under way, one each second, of which no question finds the end.
type endless struct{ memory }

func (m *endless) Logs(_ context.Context, _ string, q difyapi.LogQuery, _ bool) (*difyapi.LogPage, int, error) {
	newest := int64(1_800_000_000)
	if !q.CreatedBefore.IsZero() {
		newest = q.CreatedBefore.Unix()
	}
	page := &difyapi.LogPage{Page: q.Page, Limit: q.Limit, Total: 1_000_000}
	for i := range q.Limit {
		page.Rows = append(page.Rows, &difyapi.WorkflowLog{
			ID: uuid.NewSHA1(uuid.Nil, []byte(strconv.FormatInt(newest-int64(i), 10))), CreatedAt: time.Unix(newest-int64(i), 0).UTC(), WorkflowRun: &difyapi.WorkflowRun{Status: difyapi.StatusRunning},
		})
	}
	return page, 1, nil
}

// TestServerThatNeverFindsWhatItFiltersBy costs a page the calls that may be made beyond the one that was foreseen, and the page
// says so.
func TestServerThatNeverFindsWhatItFiltersBy(t *testing.T) {
	t.Parallel()
	failed := list.Filter{Status: []difyapi.RunStatus{difyapi.StatusFailed}}
	source := &endless{memory{extra: 64}}
	page, err := readList(t, source, list.NewestFirst, failed, 20, nil)
	if err != nil {
		t.Fatal(err)
	}
	if page.Scan.UpstreamCalls != 65 || !slices.Equal(page.Scan.Reasons, []list.Reason{list.ScanBudget}) || page.EndCursor == "" || !page.HasNextPage {
		t.Errorf("%+v, on from %q", page.Scan, page.EndCursor)
	}
	source.extra = -1
	next, err := readList(t, source, list.NewestFirst, failed, 20, &page.EndCursor)
	if err != nil || next.Scan.UpstreamCalls != 2 || next.EndCursor == page.EndCursor {
		t.Errorf("the next page: %+v, on from %q, %v", next, next.EndCursor, err)
	}
}

// TestCrowdedSecondsWithoutExtraCalls: a walk by pages that may make no more calls than were foreseen comes past each second,
// and says where rows may be missing.
func TestCrowdedSecondsWithoutExtraCalls(t *testing.T) {
	t.Parallel()
	for name, order := range map[string]list.Order{"older": list.NewestFirst, "newer": list.OldestFirst} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &memory{most: 1000}
			for second, n := range map[int64]int{10: 3, 20: 150, 30: 1, 40: 350, 50: 2, 60: 100} {
				m.insert(second, n)
			}
			rows, reasons := m.walk(t, order)
			if rows[10] != 3 || rows[30] != 1 || rows[50] != 2 {
				t.Errorf("rows by seconds: %v", rows)
			}
			for _, second := range []int64{20, 40, 60} {
				if rows[second] < 90 || rows[second] < 150 && reasons[list.CrowdedSecond] == 0 {
					t.Errorf("second %d has %d rows; pages say %v", second, rows[second], reasons)
				}
			}
		})
	}
}

// walk reads a list to its end by pages of 20 rows, and counts rows by their seconds and what the pages say.
func (m *memory) walk(t *testing.T, order list.Order) (rows map[int64]int, reasons map[list.Reason]int) {
	t.Helper()
	rows, reasons = make(map[int64]int), make(map[list.Reason]int)
	var after *string
	for {
		page, err := readList(t, m, order, list.Filter{}, 20, after)
		if err != nil {
			t.Fatalf("after %v: %v", rows, err)
		}
		for _, row := range page.Rows {
			rows[row.Second]++
		}
		for _, reason := range page.Scan.Reasons {
			reasons[reason]++
		}
		if !page.HasNextPage {
			return rows, reasons
		}
		if after != nil && *after == page.EndCursor {
			t.Fatalf("a page without progress: %+v", page)
		}
		after = &page.EndCursor
	}
}

// TestSpentCallsCutThePageBeforeACrowdedSecond: where there is progress, the second is left for the next page, which may have
// calls for it.
func TestSpentCallsCutThePageBeforeACrowdedSecond(t *testing.T) {
	t.Parallel()
	m := &memory{most: 100, extra: 2}
	m.insert(90, 3)
	m.insert(50, 250)
	page, err := readList(t, m, list.NewestFirst, list.Filter{}, 20, nil)
	if err != nil || len(page.Rows) != 3 || !page.HasNextPage || !slices.Equal(page.Scan.Reasons, []list.Reason{list.ScanBudget}) {
		t.Fatalf("%+v, %v", page, err)
	}
	m.extra = 60
	next, err := readList(t, m, list.NewestFirst, list.Filter{}, 100, &page.EndCursor)
	if err != nil || len(next.Rows) != 100 || !next.Scan.Complete() {
		t.Errorf("%+v, %v", next, err)
	}
}

// TestListThatCannotBeReadOnSaysSo: a page that nobody has foreseen, without extra calls.
func TestListThatCannotBeReadOnSaysSo(t *testing.T) {
	t.Parallel()
	m := &memory{most: 100}
	m.insert(90, 3)
	l := newList(t, []string{"a"}, false, list.Filter{}, list.NewestFirst)
	slice, err := list.NewSlice(l, nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = (&Feed{Source: m, ScanCalls: 10}).Read(t.Context(), list.Request{List: l, Slice: slice, Rows: true, Unforeseen: true})
	if !errors.Is(err, ErrCallsSpent) || len(m.questions) > 0 {
		t.Errorf("%v, %d questions", err, len(m.questions))
	}
}

// TestWhatIsBehindACursor: the seconds on the other side of the cursor's, and no row of its own second that comes after it.
func TestWhatIsBehindACursor(t *testing.T) {
	t.Parallel()
	for _, order := range []list.Order{list.NewestFirst, list.OldestFirst} {
		for _, neighbour := range []int64{-1, 0, 1} {
			m := &memory{most: 50, extra: 50}
			m.insert(10, 1)
			page, err := m.read(t, order, list.Filter{}, 1)
			if err != nil {
				t.Fatal(err)
			}
			m.rows = nil // the cursor's row is gone
			if neighbour != 0 {
				m.insert(10+neighbour, 1)
			}
			after := page.EndCursor
			page, err = readList(t, m, order, list.Filter{}, 5, &after)
			if err != nil {
				t.Fatal(err)
			}
			behind := neighbour == 1 && order == list.NewestFirst || neighbour == -1 && order == list.OldestFirst
			if page.HasPreviousPage != behind || len(page.Rows) > 0 != (neighbour != 0 && !behind) {
				t.Errorf("%s, a row %d s away: behind %v, %d rows", order, neighbour, page.HasPreviousPage, len(page.Rows))
			}
		}
	}
}

// behind is a stream behind a cursor in a crowded second, of which nothing has been read.
func behind(toward list.Direction, crowd, newer int) *stream {
	s := &stream{streamKey: streamKey{app: "a"}, whole: true, toward: toward, bounds: span{beginning, end}, beside: 1}
	s.from = &list.Cursor{Position: list.Position{Second: 50, ID: uuid.Max, App: "a"}, Hints: list.Hints{Crowd: crowd, Newer: newer}}
	s.begin()
	return s
}

// TestLimitBehindACursor: of a second with fifty rows, ten are at the cursor or newer. Those that were read before come again.
func TestLimitBehindACursor(t *testing.T) {
	t.Parallel()
	for toward, want := range map[list.Direction]int{list.Older: 10 + 45 + spare, list.Newer: 50 - 10 + 1 + 45 + spare} {
		if got := behind(toward, 50, 10).limit(45); got != want {
			t.Errorf("toward %d: %d, want %d", toward, got, want)
		}
	}
}

// TestSecondThatFillsAnAnswer: where the cursor says so, it is read by itself at once.
func TestSecondThatFillsAnAnswer(t *testing.T) {
	t.Parallel()
	for crowd, first := range map[int]span{99: {beginning, 50}, 100: {50, 50}} {
		m := &memory{most: 50, extra: 50}
		m.insert(50, crowd)
		s := behind(list.Older, crowd, 1)
		s.source = m
		if err := s.read(t.Context(), 20); err != nil {
			t.Fatal(err)
		}
		if got := m.questions[0].LogQuery; got != bounded(difyapi.LogQuery{}, first, 1, maxLimit) {
			t.Errorf("%d rows: %+v", crowd, got)
		}
	}
}

// TestRowsOfAStreamAreOfSecondsThatItKnows: what an answer shows of others is not used, since it may not be all.
func TestRowsOfAStreamAreOfSecondsThatItKnows(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]map[int64]int{"single": each(300), "crowded": {10: 150, 20: 40, 30: 70, 40: 120, 50: 3}} {
		for _, toward := range []list.Direction{list.Older, list.Newer} {
			m := &memory{most: 200, extra: 200}
			for second, n := range rows {
				m.insert(second, n)
			}
			s := &stream{source: m, whole: true, toward: toward, bounds: span{beginning, end}, rest: span{beginning, end}, now: 10_000, beside: 1}
			for !s.done() {
				if err := s.read(t.Context(), 20); err != nil {
					t.Fatal(err)
				}
				for _, row := range s.rows {
					if !s.knows(row.Second) {
						t.Fatalf("%s, toward %d: a row of second %d, on from %d", name, toward, row.Second, s.next())
					}
				}
			}
			if len(s.rows) != len(m.rows) {
				t.Errorf("%s, toward %d: %d of %d rows", name, toward, len(s.rows), len(m.rows))
			}
		}
	}
}
