package feed

import (
	"slices"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// TestAheadWindow: as long as some rows of a stream of the average take, to a mark that no cursor moves, and never to the present.
func TestAheadWindow(t *testing.T) {
	t.Parallel()
	key := streamKey{app: "a"}
	const pace, now = 10, 100_000_000
	whole := aheadOf(300, 20, true)
	whole.pace = pace
	const length = 16_384 // the largest power of four up to 300 streams x 8 rows x 10 s
	at := mark(key, 1_000_000, length)
	if other := mark(streamKey{app: "b"}, 1_000_000, length); other == at {
		t.Errorf("two streams have the mark %d", at)
	}
	for name, test := range map[string]struct {
		ahead ahead
		rest  span
		want  span
		ok    bool
	}{
		"from a cursor":           {whole, span{1_000_000, end}, span{1_000_000, at}, true},
		"from the next one":       {whole, span{1_000_000 + 1, end}, span{1_000_000 + 1, at}, true},
		"at the mark":             {whole, span{at, end}, span{at, at}, true},
		"behind it":               {whole, span{at + 1, end}, span{at + 1, at + length}, true},
		"near the present":        {whole, span{now - 1000, end}, span{now - 1000, mark(key, now-1000, 256)}, true},
		"at the present":          {whole, span{now - 100, end}, span{now - 100, end}, false},
		"near the list's end":     {whole, span{1_000_000, 1_000_050}, span{1_000_000, 1_000_050}, false},
		"the list ends at a mark": {whole, span{at - 10, at}, span{at - 10, at}, false},
		"few streams":             {aheadOf(20, 20, true), span{1_000_000, end}, span{1_000_000, end}, false},
		"nothing is known":        {aheadOf(300, 20, true), span{beginning, end}, span{beginning, end}, false},
		"from the list's end":     {ahead{rows: 2400, page: 20, pace: pace, shown: 1_000_000}, span{beginning, end}, span{beginning, at}, true},
		"hardly more than a page": {ahead{rows: 25, page: 20, pace: pace}, span{at, end}, span{at, end}, false},
	} {
		if got, ok := test.ahead.window(key, test.rest, now); got != test.want || ok != test.ok {
			t.Errorf("%s: %v %t, want %v %t", name, got, ok, test.want, test.ok)
		}
	}
}

// TestAheadOf: a window holds what several pages need of its stream; where rows are filtered here, as many as the stream is asked for
// at once, since nobody knows how many match.
func TestAheadOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		streams, page int
		whole         bool
		rows          int
	}{
		{many, 20, true, 0},
		{many + 1, 20, true, 8 * 21},
		{300, 20, true, 8 * 300},
		{30, 100, true, 4 * 100},
		{many, 20, false, 0},
		{300, 20, false, scanRows * 300},
		{21, 20, false, fitting * 21},
	} {
		if got := aheadOf(test.streams, test.page, test.whole); got.rows != test.rows {
			t.Errorf("%+v: %d rows", test, got.rows)
		}
	}
}

// TestMarks are as far apart as their length, before the epoch of Unix, too.
func TestMarks(t *testing.T) {
	t.Parallel()
	key := streamKey{app: "a"}
	for _, from := range []int64{-1_000_000_000, -1, 0, 1, 1_700_000_000} {
		first := mark(key, from, 1024)
		if second := mark(key, first+1, 1024); first < from || first >= from+1024 || second != first+1024 || mark(key, first, 1024) != first {
			t.Errorf("from %d: %d and %d", from, first, second)
		}
	}
	for seconds, want := range map[int64]int64{1: 1, 3: 1, 4: 4, 15: 4, 16: 16, 1 << 40: 1 << 40, 1<<41 + 5: 1 << 40} {
		if got := markLength(seconds); got != want {
			t.Errorf("%d s: %d", seconds, got)
		}
	}
}

// TestBusyStreamAmongMany: where the window up to a mark holds far more than one answer, the next one is as long as the rows that are
// wanted take by how many the first one had.
func TestBusyStreamAmongMany(t *testing.T) {
	t.Parallel()
	m := &memory{most: 10, extra: 10}
	for second, n := range each(1600) {
		m.insert(second, n)
	}
	s := &stream{source: m, whole: true, toward: list.Newer, bounds: span{beginning, end}, rest: span{1, end}, now: 1_000_000, beside: 1}
	if err := s.readAhead(t.Context(), span{1, 16_000}, 20); err != nil {
		t.Fatal(err)
	}
	want := []difyapi.LogQuery{bounded(difyapi.LogQuery{}, span{1, 16_000}, 1, 100), bounded(difyapi.LogQuery{}, span{1, 300}, 1, 100)}
	if got := []difyapi.LogQuery{m.questions[0].LogQuery, m.questions[1].LogQuery}; !slices.Equal(got, want) || len(s.rows) != 30 || s.next() != 301 {
		t.Errorf("%+v, %d rows, on from %d", got, len(s.rows), s.next())
	}
}
