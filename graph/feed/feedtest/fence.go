package feedtest

import (
	"slices"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/graph/list"
)

// Fenced reads the list with a fence on some pages, a cursor at which the page ends at the latest: at any row that was not read
// yet, but not twice where nothing comes before it. It is the same walk.
func (w *Walk) Fenced(t *rapid.T) {
	rest := w.met(w.those(w.Order == list.OldestFirst, isThere))
	fences := w.cursors(t)
	w.settled = nil
	if len(fences) != len(rest) {
		t.Fatalf("%d cursors of %d rows", len(fences), len(rest))
	}
	from, n := "", len(rest)
	for pages := 0; ; pages++ {
		fence := len(rest)
		w.fence = ""
		if n > 0 && len(rest) > 0 && rapid.Bool().Draw(t, "fenced") {
			fence = rapid.IntRange(0, min(len(rest)-1, 30)).Draw(t, "fence")
			w.fence = fences[fence]
		}
		got, p, size := w.next(t, from)
		whole := len(p.Reasons) == 0
		if n = min(size, fence); !whole {
			n = min(n, len(got))
		}
		if !slices.Equal(got, rest[:n]) {
			t.Fatalf("got %v, want %v", got, rest[:n])
		}
		unsure := w.Filter.residual && n == min(size, fence) // a budget may have ended when the page was full
		rest, fences = rest[n:], fences[n:]
		more, next := w.goOn(p)
		if !more && len(rest) > 0 || whole && !unsure && more != (len(rest) > 0) {
			t.Fatalf("page %d: more %v, there are %d rows", pages, more, len(rest))
		}
		if !more {
			return
		}
		if next != "" { // as where the fence stands before all rows
			from = next
		}
	}
}

// cursors are those of all rows of the list, as they are met.
func (w *Walk) cursors(t *rapid.T) (cursors []string) {
	for from := ""; ; {
		p := w.read(t, w.from(Part{Size: 100}, from))
		page := slices.Clone(p.Cursors)
		if w.backward {
			slices.Reverse(page)
		}
		cursors = append(cursors, page...)
		more, next := w.goOn(p)
		if !more {
			return cursors
		}
		from = next
	}
}
