package feedtest

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/list"
)

// Walk is a list of a world that is read from one end to the other. Read is to be set before it is used.
type Walk struct {
	*World
	Order     list.Order
	ScanCalls int // calls of a stream for a page, where rows are filtered here
	Details   int // how many runs a page may look at
	Read      Reader
	// Shares says that answers may be shared, so that calls tell nothing of what a page looked at.
	Shares bool

	settled  []string // runs that need no further look
	backward bool
	fence    string // where the next page ends at the latest, if anywhere
	crowded  bool   // a second has so many rows that each page within it takes many calls
}

// Options say what a walk is of.
type Options struct {
	// Crowd is how many rows a second may have, from 190 on; a few if it is 0.
	Crowd int
	// Apps is how many there may be; 5 if it is 0.
	Apps     int
	Keywords Keywords
}

// NewWalk draws a world, and a list of it.
func NewWalk(t *rapid.T, o Options) *Walk {
	apps := rapid.IntRange(1, cmp.Or(o.Apps, 5)).Draw(t, "apps")
	w := &Walk{ScanCalls: rapid.IntRange(1, 4).Draw(t, "scanCalls"), Details: 200}
	dify := difytest.Options{Seed: rapid.Uint64().Draw(t, "seed")}
	seconds := anySeconds(t, o.Crowd)
	if o.Keywords != (Keywords{}) {
		dify.Version = rapid.SampledFrom([]string{"1.11.3", "1.14.2", "1.17.1"}).Draw(t, "version") // outputs are text, then objects
		dify.ObjectInputs = rapid.Bool().Draw(t, "object inputs")
		w.Details = anyDetails(t, seconds)
	}
	span := slices.Max(slices.Collect(maps.Keys(seconds)))
	w.World = newWorld(dify, apps, anyFilter(t, span, o.Keywords), seconds)
	w.crowded = slices.Max(slices.Collect(maps.Values(seconds))) >= 90
	w.Order = rapid.SampledFrom([]list.Order{list.NewestFirst, list.OldestFirst}).Draw(t, "order")
	w.backward = rapid.Bool().Draw(t, "backward")
	return w
}

// anyDetails draws a budget that ends on most pages; a larger one in a large world, whose walk would take long; or more than
// are needed.
func anyDetails(t *rapid.T, seconds map[int]int) int {
	if rapid.Bool().Draw(t, "enough") {
		return 1000
	}
	rows := 0
	for _, n := range seconds {
		rows += n
	}
	return rapid.IntRange(1, 5).Draw(t, "details") * (1 + rows/40)
}

// anySeconds draws how many rows which seconds have.
func anySeconds(t *rapid.T, crowd int) map[int]int {
	seconds := map[int]int{0: 1}
	at, all := 0, []int{0}
	most := rapid.SampledFrom([]int{5, 25, 25, 80}).Draw(t, "most seconds")
	for range rapid.IntRange(0, most).Draw(t, "seconds") {
		at += rapid.SampledFrom([]int{1, 1, 1, 2, 10, 60, 5000}).Draw(t, "gap")
		seconds[at] = rapid.SampledFrom([]int{1, 1, 1, 2, 2, 3, 7, 30}).Draw(t, "rows")
		all = append(all, at)
	}
	if crowd == 0 {
		return seconds
	}
	switch rapid.IntRange(0, 9).Draw(t, "crowd") {
	case 0:
		seconds[rapid.SampledFrom(all).Draw(t, "at")] = rapid.IntRange(90, 130).Draw(t, "crowded")
	case 1:
		seconds[rapid.SampledFrom(all).Draw(t, "at")] = rapid.IntRange(190, crowd).Draw(t, "very crowded")
	}
	return seconds
}

// part is the next part of a walk, of some size.
func (w *Walk) part(t *rapid.T, from string) Part {
	p := Part{Size: rapid.IntRange(1, 100).Draw(t, "size")}
	small := rapid.Bool().Draw(t, "small")
	switch {
	case len(w.Apps) > 5: // each page takes many calls
		p.Size = max(p.Size, 10)
	case small && w.Filter.rare:
		p.Size = p.Size%3 + 1
	case w.crowded: // many pages of a large world take long
		p.Size = max(p.Size, 50)
	case small && len(w.seconds) <= 30:
		p.Size = p.Size%10 + 1
	}
	return w.from(p, from)
}

// from makes a part go on from a cursor, in the walk's direction.
func (w *Walk) from(p Part, cursor string) Part {
	p.Last = w.backward
	p.After, p.Before = cursor, w.fence
	if w.backward {
		p.After, p.Before = w.fence, cursor
	}
	return p
}

// next reads the next page of a walk. Its rows are as they are met.
func (w *Walk) next(t *rapid.T, from string) (rows []list.Position, p Page, size int) {
	part := w.part(t, from)
	w.Dify.ResetRequests()
	p = w.read(t, part)
	if len(p.Rows) > part.Size {
		t.Fatalf("%d rows on a page of %d", len(p.Rows), part.Size)
	}
	w.checkBudgets(t, p)
	return w.met(p.Rows), p, part.Size
}

func (w *Walk) read(t *rapid.T, part Part) Page {
	p, err := w.Read(part)
	if err != nil {
		t.Fatalf("%+v: %v", part, err)
	}
	return p
}

// met puts what is in the list's order in that of the walk.
func (w *Walk) met(rows []list.Position) []list.Position {
	rows = slices.Clone(rows)
	if w.backward {
		slices.Reverse(rows)
	}
	return rows
}

// checkBudgets: no page looks at more runs than it may, nor at those that a page looked at which ended with a budget, nor
// says so while there was some of each budget left. Where answers are shared nothing is known of that: some are kept, and others
// are asked for again in the background.
func (w *Walk) checkBudgets(t *rapid.T, p Page) {
	if w.Shares {
		return
	}
	looked := w.lookedAt()
	if len(looked) > w.Details {
		t.Fatalf("looked at %d runs, allowed are %d", len(looked), w.Details)
	}
	for _, run := range looked {
		if slices.Contains(w.settled, run) {
			t.Fatalf("run %s was looked at on a page before", run)
		}
	}
	if !slices.Contains(p.Reasons, list.ScanBudget) {
		return
	}
	w.settled = append(w.settled, looked...)
	calls := max(1, w.ScanCalls/max(1, w.Filter.sharing))
	if len(looked) < w.Details && p.Calls < calls {
		t.Fatalf("ended after %d of %d runs and %d of %d calls", len(looked), w.Details, p.Calls, calls)
	}
}

// lookedAt are the runs that Dify was asked for since the last page.
func (w *Walk) lookedAt() (runs []string) {
	for _, r := range w.Dify.Requests() {
		if route, id := difytest.RouteOf(r.Path); route == difytest.RunRoute {
			runs = append(runs, id)
		}
	}
	return runs
}

// goOn is whether there is more in the direction of the walk, and from where.
func (w *Walk) goOn(p Page) (more bool, from string) {
	if w.backward {
		return p.HasPreviousPage, p.StartCursor
	}
	return p.HasNextPage, p.EndCursor
}

// Exact holds each page against the list of a world where nothing changes.
func (w *Walk) Exact(t *rapid.T) {
	all := w.met(w.those(w.Order == list.OldestFirst, isThere))
	rest, from := all, ""
	for pages := 0; ; pages++ {
		got, p, size := w.next(t, from)
		n := min(size, len(rest))
		if slices.Contains(p.Reasons, list.ScanBudget) && len(got) < n {
			n = len(got)
		}
		if !slices.Equal(got, rest[:n]) {
			t.Fatalf("page %d: got %v, want %v", pages, got, rest[:n])
		}
		rest = rest[n:]
		w.checkReport(t, p, len(all))
		more, next := w.goOn(p)
		if len(p.Reasons) == 0 {
			w.checkFlags(t, p, pages > 0, n == size, len(rest) > 0, len(all) > len(rest)+n)
		}
		if !more {
			break
		}
		if next == from {
			t.Fatalf("page %d: no progress", pages)
		}
		from = next
	}
	if len(rest) > 0 {
		t.Fatalf("lost %v", rest)
	}
}

func (w *Walk) checkReport(t *rapid.T, p Page, total int) {
	if slices.Contains(p.Reasons, list.CrowdedSecond) {
		t.Fatalf("a second could not be read: %v", p)
	}
	switch {
	case p.Uncounted:
	case w.Filter.residual && p.Total != nil && *p.Total != 0:
		t.Fatalf("counted %d where Dify can't count", *p.Total)
	case !w.Filter.residual && (p.Total == nil || *p.Total != total):
		t.Fatalf("total %v, want %d", p.Total, total)
	}
}

// checkFlags: where Dify does not apply the whole filter, what is behind a cursor can't always be known, nor what is ahead of
// a page that was full when a budget ended.
func (w *Walk) checkFlags(t *rapid.T, p Page, later, full, ahead, behind bool) {
	gotAhead, gotBehind := p.HasNextPage, p.HasPreviousPage
	if w.backward {
		gotAhead, gotBehind = gotBehind, gotAhead
	}
	if gotAhead != ahead && !(full && w.Filter.residual && gotAhead) || gotBehind != behind && !(later && w.Filter.residual && gotBehind) {
		t.Fatalf("flags ahead %v behind %v, want %v %v", gotAhead, gotBehind, ahead, behind)
	}
}

// Moving holds a walk of a world that changes against the promise.
func (w *Walk) Moving(t *rapid.T) {
	w.move(rapid.IntRange(2, 12).Draw(t, "every"))
	from, crowded := "", false
	var seen []list.Position
	for pages := 0; ; pages++ {
		if pages == 60 {
			w.still() // rows that keep coming could make the walk endless
		}
		got, p, _ := w.next(t, from)
		seen = append(seen, got...)
		crowded = crowded || slices.Contains(p.Reasons, list.CrowdedSecond)
		more, next := w.goOn(p)
		if !more {
			break
		}
		if next == from {
			t.Fatalf("page %d: no progress", pages)
		}
		from = next
	}
	w.checkOrder(t, seen)
	if crowded {
		return // said so: rows may be missing
	}
	for _, p := range w.those(false, func(h *history) bool { return h.always }) {
		if !slices.Contains(seen, p) {
			t.Fatalf("lost %v", p)
		}
	}
}

// checkOrder: rows in order are no row twice, and each must have matched at some time.
func (w *Walk) checkOrder(t *rapid.T, seen []list.Position) {
	sign := 1
	if (w.Order == list.OldestFirst) == w.backward {
		sign = -1
	}
	for i, p := range seen {
		if i > 0 && sign*compare(seen[i-1], p) >= 0 {
			t.Fatalf("%v came before %v", seen[i-1], p)
		}
		if !w.ever(p) {
			t.Fatalf("%v never matched", p)
		}
	}
}

// compare is the order of all lists, oldest first.
func compare(p, q list.Position) int {
	return cmp.Or(cmp.Compare(p.Second, q.Second), bytes.Compare(p.ID[:], q.ID[:]), strings.Compare(p.App, q.App))
}
