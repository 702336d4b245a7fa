package feed

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
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
		order Order
		want  []asked
	}{
		"one answer":       {map[int64]int{5: 3}, NewestFirst, []asked{{1, 8, false}}},
		"second try":       {map[int64]int{5: 40}, NewestFirst, []asked{{1, 8, false}, {1, 100, true}}},
		"crowded second":   {map[int64]int{5: 120}, NewestFirst, []asked{{1, 8, false}, {1, 100, true}, {1, 100, true}, {2, 100, true}, {1, 100, true}}},
		"oldest are above": {map[int64]int{5: 3}, OldestFirst, []asked{{1, 8, false}}},
		"tail":             {each(1000, 1), OldestFirst, []asked{{1, 8, false}, {63, 16, true}}},
	} {
		m := &memory{most: 50}
		for second, n := range test.rows {
			m.insert(second, n)
		}
		if _, err := m.read(t, test.order, Filter{}, 2); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, m.asked()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// each is as many seconds with n rows each.
func each(seconds int64, n int) map[int64]int {
	rows := make(map[int64]int)
	for second := range seconds {
		rows[10*second+1] = n
	}
	return rows
}

// seconds of the rows of a page.
func (p *Page) seconds() (seconds []int64) {
	for _, row := range p.Rows {
		seconds = append(seconds, row.Second)
	}
	return seconds
}

// TestTailThatGrows: a page that was to be the last is not, once rows came before it.
func TestTailThatGrows(t *testing.T) {
	t.Parallel()
	for newRows := 1; newRows <= 30; newRows++ {
		m := &memory{most: 50}
		for second, n := range each(1000, 1) {
			m.insert(second, n)
		}
		m.between = func(n int) {
			if n == 1 { // the head has told the total, the tail is asked for
				m.insert(20_000, newRows)
			}
		}
		page, err := m.read(t, OldestFirst, Filter{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int64{1, 11}, page.seconds()); diff != "" {
			t.Errorf("%d rows more (-want +got):\n%s", newRows, diff)
		}
	}
}

// TestRestOfAWindow: where the rows below a cut second fit one answer, they are asked for with that second.
func TestRestOfAWindow(t *testing.T) {
	t.Parallel()
	m := &memory{most: 10}
	for second, n := range each(105, 1) {
		m.insert(second, n)
	}
	page, err := m.read(t, OldestFirst, Filter{}, 100)
	if err != nil {
		t.Fatal(err)
	}
	if seconds := page.seconds(); len(seconds) != 100 || seconds[0] != 1 || seconds[99] != 991 || !slices.IsSorted(seconds) || !page.HasNextPage {
		t.Errorf("more %v; rows of %v", page.HasNextPage, seconds)
	}
	if diff := cmp.Diff([]asked{{1, 100, false}, {1, 100, false}}, m.asked()); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
}

// TestPaceOfAWindowWithoutALowerBound is that of its rows: nobody knows how long there were none before.
func TestPaceOfAWindowWithoutALowerBound(t *testing.T) {
	t.Parallel()
	m := new(memory)
	for _, second := range []int64{900, 500, 401} {
		m.insert(second, 1)
	}
	s := &stream{toward: newer, rest: span{beginning, end}}
	s.takeWindow(span{beginning, 1000}, m.rows, 10)
	if s.pace != 200 || s.next() != 1001 {
		t.Errorf("%v seconds a row, on from %d", s.pace, s.next())
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

// TestServerThatNeverFindsWhatItFiltersBy costs a page many calls, but not all that its log would take; and the page says so.
func TestServerThatNeverFindsWhatItFiltersBy(t *testing.T) {
	t.Parallel()
	l := list(t, []string{"a"}, false, Filter{Status: []difyapi.RunStatus{difyapi.StatusFailed}}, NewestFirst)
	slice, err := NewSlice(l, nil, nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	page, err := (&Feed{Source: new(endless), ScanCalls: 10}).Read(t.Context(), Request{List: l, Slice: slice, Rows: true})
	if err != nil {
		t.Fatal(err)
	}
	if page.Scan.UpstreamCalls != 1000 || !slices.Equal(page.Scan.Reasons, []Reason{ScanBudget}) || page.EndCursor == "" || !page.HasNextPage {
		t.Errorf("%+v, on from %q", page.Scan, page.EndCursor)
	}
}
