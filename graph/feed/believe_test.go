package feed

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// odd is a source whose answers are not what Dify's are.
type odd struct {
	memory
	change func(n int, answer *difyapi.LogPage) // changes the n-th answer, from 0
	most   int                                  // the limit that is really given, whatever was asked for; 0 for any
}

func (o *odd) Logs(ctx context.Context, app string, q difyapi.LogQuery, fresh bool) (*difyapi.LogPage, int, error) {
	asked := q
	if o.most > 0 {
		q.Limit = min(q.Limit, o.most)
	}
	answer, sent, err := o.memory.Logs(ctx, app, q, fresh)
	if err != nil {
		return nil, sent, err
	}
	answer.HasMore = answer.Total > q.Page*q.Limit
	answer.Limit = asked.Limit // as a proxy has it that cuts what it passes on
	if o.change != nil {
		o.change(len(o.questions)-1, answer)
	}
	return answer, sent, err
}

// walk reads all pages of a list, and returns the rows, the calls and the reasons of each page.
func (o *odd) walk(t *testing.T, order list.Order, filter list.Filter, first int, backward bool) (rows []list.Position, calls []int, reasons [][]list.Reason) {
	t.Helper()
	l := newList(t, []string{"a"}, false, filter, order)
	f := &Feed{Source: o, ScanCalls: 10, ScanDetails: 1}
	var cursor *string
	for range 200 {
		slice, err := list.NewSlice(l, &first, cursor, nil, nil)
		if backward {
			slice, err = list.NewSlice(l, nil, nil, &first, cursor)
		}
		if err != nil {
			t.Fatal(err)
		}
		page, err := f.Read(t.Context(), list.Request{List: l, Slice: slice, Rows: true, Flags: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			rows = append(rows, row.Position)
		}
		calls, reasons = append(calls, page.Scan.UpstreamCalls), append(reasons, page.Scan.Reasons)
		more, next := page.HasNextPage, page.EndCursor
		if backward {
			more, next = page.HasPreviousPage, page.StartCursor
		}
		if !more {
			return rows, calls, reasons
		}
		cursor = &next
	}
	t.Fatal("the walk does not end")
	return nil, nil, nil
}

// checkAll holds that each row is there once.
func (o *odd) checkAll(t *testing.T, name string, rows []list.Position) {
	t.Helper()
	seen := make(map[list.Position]int)
	for _, row := range rows {
		seen[row]++
	}
	for _, row := range o.rows {
		if p := (list.Position{Second: secondOf(row), ID: row.ID, App: "a"}); seen[p] != 1 {
			t.Errorf("%s: row %v is shown %d times", name, p, seen[p])
			return
		}
	}
}

func isComplete(reasons []list.Reason) bool { return len(reasons) == 0 }

// TestServerThatCapsTheLimit, which a proxy may do, or a Dify of other limits: reading goes on below what it gives, whether it says
// so or not, in seconds of one row and of many.
func TestServerThatCapsTheLimit(t *testing.T) {
	t.Parallel()
	rows := each(120)
	rows[601] = 45
	for _, most := range []int{1, 7, 20, 50} {
		for _, says := range []bool{true, false} {
			for _, order := range []list.Order{list.NewestFirst, list.OldestFirst} {
				for _, backward := range []bool{true, false} {
					o := &odd{memory: memory{most: 20_000, extra: 20_000}, most: most}
					for second, n := range rows {
						o.insert(second, n)
					}
					if says {
						o.change = func(_ int, answer *difyapi.LogPage) { answer.Limit = min(answer.Limit, most) }
					}
					shown, _, reasons := o.walk(t, order, list.Filter{}, 40, backward)
					o.checkAll(t, string(order), shown)
					if !slices.ContainsFunc(reasons, isComplete) || len(shown) != len(o.rows) {
						t.Errorf("limit %d, said %v, %s, backward %v: %d of %d rows, %v", most, says, order, backward, len(shown), len(o.rows), reasons)
					}
				}
			}
		}
	}
}

// TestCallsToAServerThatCapsTheLimit in silence: a second look, and then each answer is taken for full.
func TestCallsToAServerThatCapsTheLimit(t *testing.T) {
	t.Parallel()
	o := &odd{memory: memory{most: 100, extra: 100}, most: 50}
	for second := range int64(120) {
		o.insert(10*second+1, 1)
	}
	_, calls, reasons := o.walk(t, list.NewestFirst, list.Filter{}, 60, false)
	if want := []int{1 + 1 + 1, 1 + 1 + 1}; !slices.Equal(calls, want) || slices.ContainsFunc(reasons, func(r []list.Reason) bool { return len(r) > 0 }) {
		t.Errorf("%v calls, want %v; %v", calls, want, reasons)
	}
	for _, q := range o.questions {
		if q.Page != 1 {
			t.Errorf("asked for page %d: %+v", q.Page, q)
		}
	}
}

// TestRowsThatGoBetweenTwoStatements: one more look settles it, and nothing is said to be missing.
func TestRowsThatGoBetweenTwoStatements(t *testing.T) {
	t.Parallel()
	for _, order := range []list.Order{list.NewestFirst, list.OldestFirst} {
		o := &odd{memory: memory{most: 100, extra: 100}}
		for second := range int64(10) {
			o.insert(10*second+1, 1)
		}
		o.change = func(n int, answer *difyapi.LogPage) {
			if n == 0 {
				answer.Total++ // of one that was counted and then deleted
			}
		}
		rows, calls, reasons := o.walk(t, order, list.Filter{}, 20, false)
		o.checkAll(t, string(order), rows)
		if !slices.Equal(calls, []int{2}) || !isComplete(reasons[0]) || !o.questions[1].fresh {
			t.Errorf("%s: %v calls, %v, %+v", order, calls, reasons, o.questions)
		}
	}
}

// TestRowsThatGoWhileASecondIsRead: an honest server that contradicts itself twice, while nothing new is seen, is read on.
func TestRowsThatGoWhileASecondIsRead(t *testing.T) {
	t.Parallel()
	o := &odd{memory: memory{most: 100, extra: 100}}
	o.insert(1, 150)
	contradictions := 0
	o.change = func(_ int, answer *difyapi.LogPage) {
		if answer.Page == 2 && contradictions < 2 {
			answer.Total++ // of one that was counted and then deleted
			contradictions++
		}
	}
	rows, _, reasons := o.walk(t, list.NewestFirst, list.Filter{}, 100, false)
	o.checkAll(t, "a crowded second", rows)
	if !isComplete(reasons[0]) {
		t.Errorf("%v", reasons)
	}
}

// TestServerThatCountsWhatItDoesNotShow: all that it shows is read, and a page at which its counts do not work out says
// so.
func TestServerThatCountsWhatItDoesNotShow(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(int, *difyapi.LogPage){
		"filter after selecting": func(_ int, answer *difyapi.LogPage) {
			answer.Rows = slices.DeleteFunc(slices.Clone(answer.Rows), func(row *difyapi.WorkflowLog) bool { return secondOf(row)%3 == 1 })
		},
		"total":    func(_ int, answer *difyapi.LogPage) { answer.Total += 500 },
		"has_more": func(_ int, answer *difyapi.LogPage) { answer.HasMore = true },
	} {
		for _, order := range []list.Order{list.NewestFirst, list.OldestFirst} {
			for _, backward := range []bool{true, false} {
				o := &odd{memory: memory{most: 5000, extra: 5000}, change: change}
				for second := range int64(300) {
					o.insert(second+1, 1)
				}
				rows, _, reasons := o.walk(t, order, list.Filter{}, 40, backward)
				if name == "filter after selecting" {
					o.rows = slices.DeleteFunc(o.rows, func(row *difyapi.WorkflowLog) bool { return secondOf(row)%3 == 1 })
				}
				o.checkAll(t, name, rows)
				// Where has_more alone is wrong, the counts prove that all is there.
				told := slices.ContainsFunc(reasons, func(r []list.Reason) bool { return slices.Contains(r, list.BadResponse) })
				if name != "has_more" && !told {
					t.Errorf("%s, %s, backward %v: none of %d pages says so", name, order, backward, len(reasons))
				}
			}
		}
	}
}

// TestServerThatShowsNothingOfWhatItCounts is given up after a few pages, in words.
func TestServerThatShowsNothingOfWhatItCounts(t *testing.T) {
	t.Parallel()
	o := &odd{memory: memory{most: 50, extra: 50}, change: func(_ int, answer *difyapi.LogPage) { answer.Rows, answer.Total = nil, 100_000 }}
	rows, calls, reasons := o.walk(t, list.NewestFirst, list.Filter{}, 20, false)
	if want := 1 + 1 + emptyPages; len(rows) > 0 || !slices.Equal(calls, []int{want}) || !slices.Equal(reasons[0], []list.Reason{list.BadResponse}) {
		t.Errorf("%d rows, %v calls, want %d, %v", len(rows), calls, want, reasons)
	}
}

// TestPagesWithoutARowInFrontOfOthers are passed, and it is said that rows may be missing.
func TestPagesWithoutARowInFrontOfOthers(t *testing.T) {
	t.Parallel()
	o := &odd{memory: memory{most: 50, extra: 50}, change: func(_ int, answer *difyapi.LogPage) {
		answer.Rows = slices.DeleteFunc(slices.Clone(answer.Rows), func(row *difyapi.WorkflowLog) bool { return secondOf(row) > 100 })
	}}
	for second := range int64(350) {
		o.insert(second+1, 1)
	}
	rows, calls, reasons := o.walk(t, list.NewestFirst, list.Filter{}, 40, false)
	if len(rows) != 100 || !slices.Equal(reasons[0], []list.Reason{list.BadResponse}) || calls[0] != 2+3 {
		t.Errorf("%d rows, %v calls, %v", len(rows), calls, reasons)
	}
}

// TestARowTwiceInAnAnswer is one row.
func TestARowTwiceInAnAnswer(t *testing.T) {
	t.Parallel()
	for _, order := range []list.Order{list.NewestFirst, list.OldestFirst} {
		o := &odd{memory: memory{most: 50, extra: 50}}
		o.insert(5, 3)
		twice := *o.rows[1]
		o.rows = append(o.rows, &twice)
		rows, _, reasons := o.walk(t, order, list.Filter{}, 20, false)
		if o.checkAll(t, string(order), rows); len(rows) != 3 || !isComplete(reasons[0]) {
			t.Errorf("%s: %d rows, %v", order, len(rows), reasons)
		}
	}
}

// TestFlagsOfAnAnswerThatContradictsItself: where it can't be known that there is nothing more, there may be.
func TestFlagsOfAnAnswerThatContradictsItself(t *testing.T) {
	t.Parallel()
	o := &odd{memory: memory{most: 50, extra: 50}}
	for second := range int64(8) {
		o.insert(second+1, 1)
	}
	l := newList(t, []string{"a"}, false, list.Filter{}, list.NewestFirst)
	s := &stream{source: o, streamKey: streamKey{app: "a"}, bounds: seconds(l), rest: span{beginning, 8}, toward: list.Older}
	o.change = func(_ int, answer *difyapi.LogPage) { answer.Rows, answer.Total = nil, 5 }
	if err := s.peek(t.Context()); err != nil || !s.hasNext || s.done() {
		t.Errorf("beyond %v, done %v, %v", s.hasNext, s.done(), err)
	}
}

// TestFlagsOfALargerAnswer than was asked for, as where another question has got it: it is short of its limit, and has rows.
func TestFlagsOfALargerAnswer(t *testing.T) {
	t.Parallel()
	for rows, want := range map[int]bool{0: false, 1: true} {
		o := &odd{memory: memory{most: 50, extra: 50}, change: func(_ int, answer *difyapi.LogPage) { answer.Limit = maxLimit }}
		o.insert(5, rows)
		s := &stream{source: o, bounds: span{beginning, end}, rest: span{beginning, 8}, toward: list.Older}
		if err := s.peek(t.Context()); err != nil || s.hasNext != want || s.done() == want {
			t.Errorf("%d rows: next %v, done %v, %v", rows, s.hasNext, s.done(), err)
		}
		s.from = &list.Cursor{Position: list.Position{Second: 3, ID: uuid.Max}}
		if err := s.askPrevious(t.Context()); err != nil || s.hasPrevious != want {
			t.Errorf("%d rows: previous %v, %v", rows, s.hasPrevious, err)
		}
	}
}

// TestFilterThatLooksAtWhatCannotBeRead: no such value meets a condition, and the page says that the row may be missing; a
// filter that looks elsewhere is not concerned.
func TestFilterThatLooksAtWhatCannotBeRead(t *testing.T) {
	t.Parallel()
	yes, no, one := true, false, int64(1)
	unreadable := func(members ...string) *difyapi.WorkflowLog {
		m := new(memory)
		m.insert(5, 1)
		m.rows[0].WorkflowRun.Unreadable = members
		return m.rows[0]
	}
	gone := unreadable()
	gone.WorkflowRun, gone.Unreadable = nil, difyapi.Unreadable{"workflow_run"}
	for _, test := range []struct {
		row    *difyapi.WorkflowLog
		filter list.Filter
		rows   int
		want   []list.Reason
	}{
		{unreadable("total_tokens"), list.Filter{TotalTokens: &list.Int64Range{Max: &one}}, 0, []list.Reason{list.BadResponse}},
		{unreadable("elapsed_time"), list.Filter{ElapsedTime: &list.FloatRange{Min: new(0.0)}}, 0, []list.Reason{list.BadResponse}},
		{unreadable("error"), list.Filter{HasError: &no}, 0, []list.Reason{list.BadResponse}},
		{unreadable("error"), list.Filter{HasError: &yes}, 0, []list.Reason{list.BadResponse}},
		{unreadable("error"), list.Filter{Error: &list.ErrorFilter{Contains: "x"}}, 0, []list.Reason{list.BadResponse}},
		{unreadable("triggered_from"), list.Filter{TriggeredFrom: []string{"app-run"}}, 0, []list.Reason{list.BadResponse}},
		{unreadable("total_tokens", "error"), list.Filter{TriggeredFrom: nil}, 1, nil},
		{unreadable("total_tokens"), list.Filter{HasError: &no}, 1, nil},
		{gone, list.Filter{HasError: &no}, 0, []list.Reason{list.BadResponse}},
		{gone, list.Filter{Status: []difyapi.RunStatus{list.StatusUnknown}}, 0, []list.Reason{list.BadResponse}},
		{gone, list.Filter{}, 1, nil},
	} {
		m := &memory{most: 10, extra: 10, rows: []*difyapi.WorkflowLog{test.row}}
		page, err := m.read(t, list.NewestFirst, test.filter, 5)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Rows) != test.rows || !slices.Equal(page.Scan.Reasons, test.want) {
			t.Errorf("%+v: %d rows, %v", test.filter, len(page.Rows), page.Scan.Reasons)
		}
	}
}

// TestCursorsAtTheEdgesOfTime: each row that can be shown has one that works, in every direction, and no bound is asked for that
// can't be written.
func TestCursorsAtTheEdgesOfTime(t *testing.T) {
	t.Parallel()
	const last = 253402300799 // 9999-12-31T23:59:59Z
	for _, order := range []list.Order{list.NewestFirst, list.OldestFirst} {
		for _, backward := range []bool{true, false} {
			for _, filter := range []list.Filter{{}, {HasError: new(false)}} {
				o := &odd{memory: memory{most: 1000, extra: 1000}}
				for _, second := range []int64{1, 2, 1795418445, last - 1, last} {
					o.insert(second, 2)
				}
				rows, _, _ := o.walk(t, order, filter, 1, backward)
				o.checkAll(t, string(order), rows)
				for _, q := range o.questions {
					if year := max(q.CreatedAfter.Year(), q.CreatedBefore.Year()); year > 9999 {
						t.Errorf("%s: asked for the year %d", order, year)
					}
				}
			}
		}
	}
}
