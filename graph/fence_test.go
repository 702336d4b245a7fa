package graph_test

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A walk whose pages may end at a fence, a cursor beyond which the next page goes on, is the same walk.

func TestFencedWalkOfStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 0, 200, keywords{}).fenced(t) })
}

func TestFencedLongKeywordWalkOfStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 0, 200, keywords{long: true}).fenced(t) })
}

// cursors are those of all rows of the list, as they are met.
func (w *walk) cursors(t *rapid.T) (cursors []string) {
	for v := maps.Clone(w.variables); ; {
		v["first"], v["last"] = 100, nil
		if w.backward {
			v["first"], v["last"] = nil, 100
		}
		p := w.page(t, v)
		var page []string
		for _, e := range p.Edges {
			page = append(page, e.Cursor)
		}
		if w.backward {
			slices.Reverse(page)
		}
		cursors = append(cursors, page...)
		more, next := w.goOn(p)
		if !more {
			return cursors
		}
		v["after"], v["before"] = next, nil
		if w.backward {
			v["after"], v["before"] = nil, next
		}
	}
}

// fenced reads the list with a fence on some pages, at any row that was not read yet, but not twice where nothing comes before
// it.
func (w *walk) fenced(t *rapid.T) {
	rest := w.those(w.oldestFirst != w.backward, func(h *history) bool { return h.now })
	fences := w.cursors(t)
	w.settled = nil
	if len(fences) != len(rest) {
		t.Fatalf("%d cursors of %d rows", len(fences), len(rest))
	}
	var from *string
	n := len(rest)
	for pages := 0; ; pages++ {
		fence := len(rest)
		w.fence = nil
		if n > 0 && len(rest) > 0 && rapid.Bool().Draw(t, "fenced") {
			fence = rapid.IntRange(0, min(len(rest)-1, 30)).Draw(t, "fence")
			w.fence = &fences[fence]
		}
		p, size := w.next(t, from)
		n = w.checkFenced(t, p, rest, min(size, fence))
		unsure := w.filter.residual && n == min(size, fence) // a budget may have ended when the page was full
		rest, fences = rest[n:], fences[n:]
		more, next := w.goOn(p)
		if !more && len(rest) > 0 || p.Scan.Complete && !unsure && more != (len(rest) > 0) {
			t.Fatalf("page %d: more %v, there are %d rows", pages, more, len(rest))
		}
		if !more {
			return
		}
		if next != nil { // nil where the fence stands before all rows
			from = next
		}
	}
}

// checkFenced holds that a page has up to n of the rows, in order, and returns how many it has.
func (w *walk) checkFenced(t *rapid.T, p page, rest []place, n int) int {
	got := p.places()
	if w.backward {
		slices.Reverse(got)
	}
	if !p.Scan.Complete {
		n = min(n, len(got))
	}
	if !slices.Equal(got, rest[:n]) {
		t.Fatalf("got %v, want %v", got, rest[:n])
	}
	return n
}
