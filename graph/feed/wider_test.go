package feed

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// empty is a source without rows that notes how it is asked. Whether its clocks are right is not known.
type empty struct {
	memory
	asked []string
}

func (*empty) ClockProven(string, int64) bool { return false }

func (e *empty) Recall(context.Context, string, difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	e.asked = append(e.asked, "recall")
	return nil, 0, nil
}

func (e *empty) RecallAround(context.Context, string, difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	e.asked = append(e.asked, "recall around")
	return nil, 0, nil
}

func (e *empty) Logs(_ context.Context, _ string, q difyapi.LogQuery, _ bool) (*difyapi.LogPage, int, error) {
	e.asked = append(e.asked, q.CreatedAfter.Format("15:04:05")+" to "+q.CreatedBefore.Format("15:04:05"))
	return &difyapi.LogPage{Page: q.Page, Limit: q.Limit}, 1, nil
}

// TestAskWider: what is asked beside the question itself. The cursor is at 10:00:00, the list from 08:30:00 to 11:30:00.
func TestAskWider(t *testing.T) {
	t.Parallel()
	const ten, more = 10 * hour, hour + hour/2
	bounds := span{ten - more, ten + more}
	for name, test := range map[string]struct {
		toward list.Direction
		app    string // of the cursor; without one if empty
		page   int
		limit  int
		fresh  bool
		moved  bool
		want   []string
	}{
		"older":                 {list.Older, "b", 1, 20, false, false, []string{"recall", "08:30:00 to 11:30:00"}},
		"newer":                 {list.Newer, "b", 1, 20, false, false, []string{"recall around", "08:30:00 to 11:30:00"}},
		"own cursor":            {list.Older, "a", 1, 20, false, false, []string{"recall"}},
		"seconds became known":  {list.Older, "b", 1, 20, false, true, []string{"recall"}},
		"a count, older":        {list.Older, "b", 1, 1, false, false, []string{"recall"}},
		"a count, newer":        {list.Newer, "b", 1, 1, false, false, nil},
		"afresh":                {list.Older, "b", 1, 20, true, false, nil},
		"a later page":          {list.Older, "b", 2, 20, false, false, nil},
		"from the list's start": {list.Older, "", 1, 20, false, false, nil},
	} {
		source := new(empty)
		s := &stream{streamKey: streamKey{app: "a"}, source: source, toward: test.toward, bounds: bounds}
		if test.app != "" {
			s.from = &list.Cursor{Position: list.Position{Second: ten, ID: uuid.Max, App: test.app}}
		}
		s.begin()
		if test.moved {
			s.advance(ten - hour)
		}
		if _, _, err := s.askWider(t.Context(), bounded(s.query, s.rest, test.page, test.limit), test.fresh); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, source.asked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestUntil: an answer for some hours more is cut to what Dify would have said without it, unless nothing is left to go on from. Rows
// in those hours have the app's clock looked at.
func TestUntil(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seconds  []int64 // of an answer of limit 4 to a window that has 9 rows
		want     []int64 // nil if the answer does not serve
		compared bool
	}{
		"none is newer":     {[]int64{60, 50, 40, 30}, []int64{60, 50, 40, 30}, false},
		"no rows":           {[]int64{}, []int64{}, false},
		"some are newer":    {[]int64{62, 61, 60, 30}, []int64{60, 30}, true},
		"all are newer":     {[]int64{64, 63, 62, 61}, nil, false},
		"shown out of turn": {[]int64{61, 60, 61, 30}, []int64{60, 61, 30}, true},
	} {
		answer := &difyapi.LogPage{Page: 1, Limit: 4, Total: 9}
		for _, second := range test.seconds {
			answer.Rows = append(answer.Rows, &difyapi.WorkflowLog{CreatedAt: time.Unix(second, 0)})
		}
		s := new(stream)
		rest := s.until(endOf(60), answer)
		if (rest == nil) != (test.want == nil) || s.compared != test.compared {
			t.Errorf("%s: %+v, compared: %t", name, rest, s.compared)
			continue
		}
		if rest == nil {
			continue
		}
		var got []int64
		for _, row := range rest.Rows {
			got = append(got, secondOf(row))
		}
		cut := len(test.seconds) - len(test.want)
		if !slices.Equal(got, test.want) || rest.Limit != 4-cut || rest.Total != 9-cut {
			t.Errorf("%s: rows of %v, %+v", name, got, rest)
		}
	}
}

// TestPart: of an answer for a window around the one that is wanted, the rows of this one, if all of them are there. Others have the
// app's clock looked at.
func TestPart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		seconds  []int64 // of an answer of limit 4
		total    int     // that Dify counted
		want     []int64 // from 30 to 60; nil if the answer does not serve
		compared bool
	}{
		"no others":              {[]int64{60, 50, 30}, 3, []int64{60, 50, 30}, false},
		"no rows":                {[]int64{}, 0, []int64{}, false},
		"some are older":         {[]int64{60, 30, 29}, 3, []int64{60, 30}, true},
		"some are newer":         {[]int64{61, 60, 30}, 3, []int64{60, 30}, true},
		"full, down to older":    {[]int64{60, 50, 30, 29}, 9, []int64{60, 50, 30}, true},
		"full, all are older":    {[]int64{29, 28, 27, 26}, 9, []int64{}, true},
		"full":                   {[]int64{60, 50, 40, 30}, 9, nil, false},
		"cut":                    {[]int64{60, 50}, 9, nil, false},
		"cut, down to older":     {[]int64{60, 29}, 9, nil, false},
		"full, all there may be": {[]int64{60, 50, 40, 30}, 4, nil, false},
	} {
		answer := &difyapi.LogPage{Page: 1, Limit: 4, Total: test.total}
		for _, second := range test.seconds {
			answer.Rows = append(answer.Rows, &difyapi.WorkflowLog{CreatedAt: time.Unix(second, 0)})
		}
		s := new(stream)
		part := s.part(bounded(difyapi.LogQuery{Keyword: "x"}, span{30, 60}, 1, 4), answer)
		if (part == nil) != (test.want == nil) || s.compared != test.compared {
			t.Errorf("%s: %+v, compared: %t", name, part, s.compared)
			continue
		}
		if part == nil {
			continue
		}
		var got []int64
		for _, row := range part.Rows {
			got = append(got, secondOf(row))
		}
		if !slices.Equal(got, test.want) || !part.Last() || part.Total != len(got) || len(answer.Rows) != len(test.seconds) {
			t.Errorf("%s: rows of %v, %+v", name, got, part)
		}
	}
}

// TestShare: few streams are asked for the whole page, hundreds for a row and the spare; in between all together for so many rows.
func TestShare(t *testing.T) {
	t.Parallel()
	for streams, want := range map[int]int{1: 595, 6: 95, 20: 25, 60: 5, 100: 1, 300: 1, 10_000: 1} {
		if got := share(streams); got != want {
			t.Errorf("%d streams: %d rows, want %d", streams, got, want)
		}
	}
	for streams, want := range map[int]int{1: 100, 20: 100, 50: 40, 300: 20} {
		if got := scanLimit(streams); got != want {
			t.Errorf("%d streams that are filtered here: %d rows, want %d", streams, got, want)
		}
	}
}

// TestPageCalls: streams share the calls of a page, if nobody says how many each may take, and have one each in any case.
func TestPageCalls(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ limit, streams, asked, want int }{
		{0, 300, 0, 3000}, {1000, 60, 0, 600}, {1000, 300, 0, 1000}, {1000, 300, 10, 3000}, {1000, 300, 2, 600}, {100, 300, 0, 300},
	} {
		f := &Feed{ScanCalls: 10, PageCalls: test.limit}
		if got := f.pageCalls(test.streams, test.asked); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}
