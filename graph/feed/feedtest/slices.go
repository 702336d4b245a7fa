package feedtest

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/list"
)

// Slices asks for single pages of a still world: those between any two cursors, in whatever order these stand.
func (w *Walk) Slices(t *rapid.T) {
	all := w.those(w.Order == list.OldestFirst, isThere)
	cursors := w.cursorsOf(t)
	if len(cursors) != len(all) {
		t.Fatalf("%d cursors of %d rows", len(cursors), len(all))
	}
	for range 5 {
		s := anySlice(t, len(all))
		s.check(t, w.read(t, s.part(func(row int) string { return cursors[all[row]] })), all, w.Filter.residual)
	}
}

// AfterChanges asks for a page on from a cursor after which rows have come and gone: what it says is true as of then.
func (w *Walk) AfterChanges(t *rapid.T) {
	before := w.those(w.Order == list.OldestFirst, isThere)
	cursors := w.cursorsOf(t)
	if len(before) == 0 {
		return
	}
	at := rapid.IntRange(0, len(before)-1).Draw(t, "at")
	w.deleteSome(t, before, at)
	for range rapid.IntRange(0, 30).Draw(t, "inserts") {
		w.insert(w.seconds[len(w.seconds)-1] + rapid.IntRange(0, 2).Draw(t, "later"))
	}
	all := w.those(w.Order == list.OldestFirst, isThere)
	first, passed := slices.BinarySearchFunc(all, before[at], w.compare)
	s := slice{size: rapid.IntRange(1, 100).Draw(t, "size"), last: rapid.Bool().Draw(t, "last"), after: -1, before: -1, high: len(all)}
	if s.last {
		s.before, s.high = at, first
	} else if s.after, s.low = at, first; passed {
		s.low++
	}
	calls := w.Dify.Calls(difytest.LogsRoute)
	p := w.read(t, s.part(func(row int) string { return cursors[before[row]] }))
	if calls = w.Dify.Calls(difytest.LogsRoute) - calls; p.Calls != calls {
		t.Fatalf("%d calls, the page says %d", calls, p.Calls)
	}
	s.check(t, p, all, w.Filter.residual)
	if !p.Uncounted && !w.Filter.residual && (p.Total == nil || *p.Total != len(all)) {
		t.Fatalf("total %v of %d rows", p.Total, len(all))
	}
}

// compare is the order of the list.
func (w *Walk) compare(p, q list.Position) int {
	if w.Order == list.OldestFirst {
		return compare(p, q)
	}
	return compare(q, p)
}

// cursorsOf are the cursors of all rows of the list.
func (w *Walk) cursorsOf(t *rapid.T) map[list.Position]string {
	cursors := make(map[list.Position]string)
	for from := ""; ; {
		p := w.read(t, Part{Size: 100, After: from})
		for i, at := range p.Rows {
			cursors[at] = p.Cursors[i]
		}
		if !p.HasNextPage {
			return cursors
		}
		from = p.EndCursor
	}
}

// deleteSome deletes the row, all on one of its sides, its whole second, all but it, or none.
func (w *Walk) deleteSome(t *rapid.T, rows []list.Position, at int) {
	goes := rapid.SampledFrom([]func(i int) bool{
		func(i int) bool { return i == at },
		func(i int) bool { return i <= at },
		func(i int) bool { return i >= at },
		func(i int) bool { return rows[i].Second == rows[at].Second },
		func(i int) bool { return i != at },
		func(int) bool { return false },
	}).Draw(t, "deleted")
	for i, p := range rows {
		if goes(i) {
			w.Apps[p.App].Delete(p.ID)
			w.rows[p].now = false
		}
	}
}

// slice is a part of a list: rows low to high, without high, cut to a size from either end.
type slice struct {
	size          int
	last          bool
	after, before int // rows that cursors stand at; -1 for no cursor
	low, high     int
}

func anySlice(t *rapid.T, rows int) slice {
	s := slice{
		size: rapid.IntRange(1, 100).Draw(t, "size"), last: rapid.Bool().Draw(t, "last"),
		after: rapid.IntRange(-1, rows-1).Draw(t, "after"), before: rapid.IntRange(-1, rows-1).Draw(t, "before"), high: rows,
	}
	s.low = s.after + 1
	if s.before >= 0 {
		s.high = s.before
	}
	return s
}

func (s slice) part(cursor func(row int) string) Part {
	p := Part{Size: s.size, Last: s.last}
	if s.after >= 0 {
		p.After = cursor(s.after)
	}
	if s.before >= 0 {
		p.Before = cursor(s.before)
	}
	return p
}

// check holds a page of a still world against what the list has. Where Dify does not apply the whole filter, there may be less
// on the page, which then says so, and the flags may be true because nothing else is known.
func (s slice) check(t *rapid.T, p Page, all []list.Position, residual bool) {
	whole := len(p.Reasons) == 0
	from, to := s.low, max(s.low, s.high)
	if s.last {
		from, to = min(s.low, s.high), s.high
		if from = max(from, to-s.size); !whole {
			from = max(from, to-len(p.Rows))
		}
	} else if to = min(to, from+s.size); !whole {
		to = min(to, from+len(p.Rows))
	}
	if !slices.Equal(p.Rows, all[from:to]) {
		t.Fatalf("%+v of %d: rows %v, want %v", s, len(all), p.Rows, all[from:to])
	}
	next, previous := to < len(all), from > 0
	wrong := func(got, want bool) bool { return got != want && !(residual && got) }
	if wrong(p.HasNextPage, next) || wrong(p.HasPreviousPage, previous) {
		t.Fatalf("%+v of %d: next %v, previous %v, want %v, %v", s, len(all), p.HasNextPage, p.HasPreviousPage, next, previous)
	}
}
