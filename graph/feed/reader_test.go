package feed

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/list"
)

// TestStreamsThatAreReadOnSideBySide: those that lag most, and all that lag as much; but a few at first where the others are asked for
// less once it is known how far the page reaches.
func TestStreamsThatAreReadOnSideBySide(t *testing.T) {
	t.Parallel()
	const streams = 30
	cursor := &list.Cursor{Position: list.Edge(5)}
	for name, test := range map[string]struct {
		reader reader
		next   func(i int) int64
		want   int
	}{
		"all lag alike":       {reader{toward: list.Older}, func(int) int64 { return 100 }, streams},
		"25 lag alike":        {reader{toward: list.Older}, func(i int) int64 { return int64(100 - i/25) }, 25},
		"each lags otherwise": {reader{toward: list.Older}, func(i int) int64 { return int64(100 - i) }, atOnce},
		"from the list's end": {reader{toward: list.Newer}, func(int) int64 { return 100 }, atOnce},
		"behind a cursor":     {reader{toward: list.Newer, slice: list.Slice{From: cursor}}, func(int) int64 { return 100 }, streams},
		"totals are wanted":   {reader{toward: list.Newer, totals: true}, func(int) int64 { return 100 }, streams},
	} {
		r := test.reader
		r.slice.Count = 20
		for i := range streams {
			next := test.next(i)
			r.streams = append(r.streams, &stream{toward: r.toward, rest: span{next, next}, start: next})
		}
		read := r.next(merge(r.toward, r.streams), 0)
		if len(read) != test.want || slices.ContainsFunc(read, func(s *stream) bool { return s.beside != test.want }) {
			t.Errorf("%s: %d streams, want %d", name, len(read), test.want)
		}
	}
}

// TestPageThatABudgetEnds is whole if it is full, or if all up to its end was looked at.
func TestPageThatABudgetEnds(t *testing.T) {
	t.Parallel()
	at := func(second int64) list.Position { return list.Position{Second: second, ID: uuid.Max, App: "a"} }
	for name, test := range map[string]struct {
		until *list.Cursor
		count int
		want  bool
	}{
		"looked at to its end":       {&list.Cursor{Position: at(50)}, 3, true},
		"looked at beyond it":        {&list.Cursor{Position: at(60)}, 3, true},
		"not looked at to its end":   {&list.Cursor{Position: at(40)}, 3, false},
		"full":                       {&list.Cursor{Position: at(40)}, 20, true},
		"without an end":             {nil, 3, false},
		"full, and without an end":   {nil, 20, true},
		"just not looked at its end": {&list.Cursor{Position: list.Position{Second: 50, ID: uuid.UUID{1}, App: "a"}}, 3, false},
	} {
		r := &reader{toward: list.Older, slice: list.Slice{Count: 20, Until: test.until}}
		if got := r.ended(merged{limit: new(at(50))}, test.count); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
