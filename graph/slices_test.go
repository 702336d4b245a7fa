package graph_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// These properties ask for single pages, at any cursors.

// TestSlicesOfStillWorld: a page has the rows between two cursors, in whatever order these stand.
func TestSlicesOfStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWalk(t, 0, 195, keywords{})
		all := w.those(w.oldestFirst, func(h *history) bool { return h.now })
		cursors := w.cursorsOf(t)
		if len(cursors) != len(all) {
			t.Fatalf("%d cursors of %d rows", len(cursors), len(all))
		}
		for range 5 {
			s := anySlice(t, len(all))
			v := s.variables(w.variables, func(row int) string { return cursors[all[row]] })
			s.check(t, w.page(t, v), all, w.filter.residual)
		}
	})
}

// TestPagesAfterTheWorldHasChanged: rows come and go between the page that gave a cursor and the one that goes on from it;
// what that one says is true as of then.
func TestPagesAfterTheWorldHasChanged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWalk(t, 0, 195, keywords{})
		before := w.those(w.oldestFirst, func(h *history) bool { return h.now })
		cursors := w.cursorsOf(t)
		if len(before) == 0 {
			return
		}
		at := rapid.IntRange(0, len(before)-1).Draw(t, "at")
		w.deleteSome(t, before, at)
		for range rapid.IntRange(0, 30).Draw(t, "inserts") {
			w.insert(w.seconds[len(w.seconds)-1] + rapid.IntRange(0, 2).Draw(t, "later"))
		}
		all := w.those(w.oldestFirst, func(h *history) bool { return h.now })
		first, passed := slices.BinarySearchFunc(all, before[at], w.order)
		s := slice{size: rapid.IntRange(1, 100).Draw(t, "size"), last: rapid.Bool().Draw(t, "last"), after: -1, before: -1, low: 0, high: len(all)}
		v := maps.Clone(w.variables)
		if s.last {
			v["last"], v["before"], s.high = s.size, cursors[before[at]], first
		} else {
			v["first"], v["after"], s.low = s.size, cursors[before[at]], first
			if passed {
				s.low++
			}
		}
		calls := w.listCalls()
		p := w.page(t, v)
		if calls = w.listCalls() - calls; p.Scan.UpstreamCalls != calls {
			t.Fatalf("%d calls, the page says %d", calls, p.Scan.UpstreamCalls)
		}
		s.check(t, p, all, w.filter.residual)
		if !w.filter.residual && (p.TotalCount == nil || *p.TotalCount != len(all)) {
			t.Fatalf("totalCount %v of %d rows", p.TotalCount, len(all))
		}
	})
}

// order compares places in the list's order.
func (w *walk) order(p, q place) int {
	if w.oldestFirst {
		return p.compare(q)
	}
	return q.compare(p)
}

// cursorsOf are the cursors of all rows of the list.
func (w *walk) cursorsOf(t *rapid.T) map[place]string {
	cursors := make(map[place]string)
	for v := maps.Clone(w.variables); ; {
		v["first"] = 100
		p := w.page(t, v)
		for i, at := range p.places() {
			cursors[at] = p.Edges[i].Cursor
		}
		if !p.PageInfo.HasNextPage {
			return cursors
		}
		v["after"] = p.PageInfo.EndCursor
	}
}

// deleteSome deletes the row, all on one of its sides, its whole second, all but it, or none.
func (w *walk) deleteSome(t *rapid.T, rows []place, at int) {
	goes := rapid.SampledFrom([]func(i int) bool{
		func(i int) bool { return i == at },
		func(i int) bool { return i <= at },
		func(i int) bool { return i >= at },
		func(i int) bool { return rows[i].second == rows[at].second },
		func(i int) bool { return i != at },
		func(int) bool { return false },
	}).Draw(t, "deleted")
	for i, p := range rows {
		if goes(i) {
			w.apps[p.app].Delete(p.id)
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

func (s slice) variables(list vars, cursor func(row int) string) vars {
	v := maps.Clone(list)
	if s.after >= 0 {
		v["after"] = cursor(s.after)
	}
	if s.before >= 0 {
		v["before"] = cursor(s.before)
	}
	v["first"] = s.size
	if s.last {
		v["first"], v["last"] = nil, s.size
	}
	return v
}

// check holds a page of a still world against what the list has. Where Dify does not apply the whole filter, there may be less
// on the page, which then says so, and the flags may be true because nothing else is known.
func (s slice) check(t *rapid.T, p page, all []place, residual bool) {
	from, to := s.low, max(s.low, s.high)
	if s.last {
		from, to = min(s.low, s.high), s.high
		from = max(from, to-s.size)
		if !p.Scan.Complete {
			from = max(from, to-len(p.Edges))
		}
	} else {
		to = min(to, from+s.size)
		if !p.Scan.Complete {
			to = min(to, from+len(p.Edges))
		}
	}
	if !slices.Equal(p.places(), all[from:to]) {
		t.Fatalf("%+v of %d: rows %v, want %v", s, len(all), p.places(), all[from:to])
	}
	next, previous := to < len(all), from > 0
	wrong := func(got, want bool) bool { return got != want && !(residual && got) }
	if wrong(p.PageInfo.HasNextPage, next) || wrong(p.PageInfo.HasPreviousPage, previous) {
		t.Fatalf("%+v of %d: %+v, want next %v, previous %v", s, len(all), p.PageInfo, next, previous)
	}
}
