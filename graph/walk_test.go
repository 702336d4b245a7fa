package graph_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These properties are the promise. To walk more than the quick test does:
//
//	go test ./graph -run Walk -rapid.checks=10000 -timeout=2h

func TestWalkOfStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 0, 200, keywords{}).exact(t) })
}

func TestWalkOfMovingWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 0, 300, keywords{}).moving(t) })
}

func TestWalkOfMovingWorldWithCache(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 30*time.Millisecond, 300, keywords{}).moving(t) })
}

// The same, with a keyword of which Dify compares only the beginning.

func TestLongKeywordWalkOfStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 0, 200, keywords{long: true}).exact(t) })
}

func TestLongKeywordWalkOfMovingWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 0, 200, keywords{long: true}).moving(t) })
}

func TestLongKeywordWalkOfMovingWorldWithCache(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalk(t, 30*time.Millisecond, 200, keywords{long: true}).moving(t) })
}

func TestKeywordInSessionWalkOfStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		newWalk(t, 0, 200, keywords{long: rapid.Bool().Draw(t, "long"), inSession: true}).exact(t)
	})
}

func TestKeywordInSessionWalkOfMovingWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		newWalk(t, 0, 200, keywords{long: rapid.Bool().Draw(t, "long"), inSession: true}).moving(t)
	})
}

// The same, over many apps, of which most have nothing on a page.

func TestWalkOfManyAppsInStillWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalkOf(t, manyApps(t), 0, 0, keywords{}).exact(t) })
}

func TestWalkOfManyAppsInMovingWorldWithCache(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { newWalkOf(t, manyApps(t), 300*time.Millisecond, 0, keywords{}).moving(t) })
}

func manyApps(t *rapid.T) int { return rapid.IntRange(1, 100).Draw(t, "apps") }

// walk is a list that is read from one end to the other.
type walk struct {
	*world
	variables   map[string]any
	scanCalls   int
	details     int      // how many runs a page may look at
	settled     []string // runs that need no further look
	uncached    bool     // each run that is looked at is a call
	oldestFirst bool
	backward    bool
	fence       *string // where the next page ends at the latest, if anywhere
	crowded     bool    // a second has so many rows that each page within it takes many calls
}

// newWalk draws a list of a world with up to crowd rows in a second.
func newWalk(t *rapid.T, ttl time.Duration, crowd int, words keywords) *walk {
	return newWalkOf(t, rapid.IntRange(1, 5).Draw(t, "apps"), ttl, crowd, words)
}

// newWalkOf is newWalk of so many apps; with a few rows in a second if crowd is 0.
func newWalkOf(t *rapid.T, apps int, ttl time.Duration, crowd int, words keywords) *walk {
	o := options{ttl: ttl, scanCalls: rapid.IntRange(1, 4).Draw(t, "scanCalls")}
	o.dify.Seed = rapid.Uint64().Draw(t, "seed")
	for i := range apps {
		o.keys = append(o.keys, fmt.Sprintf("%c%d", 'a'+i%26, i/26))
	}
	seconds := anySeconds(t, crowd)
	if words != (keywords{}) {
		o.dify.Version = rapid.SampledFrom([]string{"1.11.3", "1.14.2", "1.17.1"}).Draw(t, "version") // outputs are text, then objects
		o.dify.ObjectInputs = rapid.Bool().Draw(t, "object inputs")
		o.details = anyDetails(t, seconds)
	}
	span := slices.Max(slices.Collect(maps.Keys(seconds)))
	f := anyFilter(t, span, words)
	w := &walk{world: newWorld(t, o, f, o.dify.Seed, seconds), scanCalls: o.scanCalls, details: cmp.Or(o.details, 200), uncached: ttl == 0}
	for _, account := range accounts {
		w.dify.AddAccount(account)
	}
	w.crowded = slices.Max(slices.Collect(maps.Values(seconds))) >= 90
	w.oldestFirst = rapid.Bool().Draw(t, "oldest first")
	w.backward = rapid.Bool().Draw(t, "backward")
	w.variables = map[string]any{"filter": f.input, "order": "NEWEST_FIRST"}
	if w.oldestFirst {
		w.variables["order"] = "OLDEST_FIRST"
	}
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

// next reads the next page of a walk.
func (w *walk) next(t *rapid.T, from *string) (page, int) {
	size := rapid.IntRange(1, 100).Draw(t, "size")
	small := rapid.Bool().Draw(t, "small")
	switch {
	case len(w.apps) > 5: // each page takes many calls
		size = max(size, 10)
	case small && w.filter.rare:
		size = size%3 + 1
	case w.crowded: // many pages of a large world take long
		size = max(size, 50)
	case small && len(w.seconds) <= 30:
		size = size%10 + 1
	}
	v := maps.Clone(w.variables)
	if w.backward {
		v["last"], v["before"], v["after"] = size, from, w.fence
	} else {
		v["first"], v["after"], v["before"] = size, from, w.fence
	}
	w.dify.ResetRequests()
	p := w.page(t, v)
	if len(p.Edges) > size {
		t.Fatalf("%d rows on a page of %d", len(p.Edges), size)
	}
	w.checkBudgets(t, p)
	return p, size
}

// checkBudgets: no page looks at more runs than it may, nor at those that a page looked at which ended with a budget, nor
// says so while there was some of each budget left.
func (w *walk) checkBudgets(t *rapid.T, p page) {
	looked := w.lookedAt()
	if len(looked) > w.details {
		t.Fatalf("looked at %d runs, allowed are %d", len(looked), w.details)
	}
	for _, run := range looked {
		if slices.Contains(w.settled, run) {
			t.Fatalf("run %s was looked at on a page before", run)
		}
	}
	if !slices.Contains(p.Scan.Reasons, "SCAN_BUDGET") {
		return
	}
	w.settled = append(w.settled, looked...)
	if w.uncached && len(looked) < w.details && p.Scan.UpstreamCalls < w.scanCalls {
		t.Fatalf("ended after %d of %d runs and %d of %d calls", len(looked), w.details, p.Scan.UpstreamCalls, w.scanCalls)
	}
}

// lookedAt are the runs that Dify was asked for since the last page.
func (w *walk) lookedAt() (runs []string) {
	for _, r := range w.dify.Requests() {
		if route, id := difytest.RouteOf(r.Path); route == difytest.RunRoute {
			runs = append(runs, id)
		}
	}
	return runs
}

// goOn is whether there is more in the direction of the walk, and from where.
func (w *walk) goOn(p page) (more bool, from *string) {
	if w.backward {
		return p.PageInfo.HasPreviousPage, p.PageInfo.StartCursor
	}
	return p.PageInfo.HasNextPage, p.PageInfo.EndCursor
}

// exact holds each page against the list of a world where nothing changes.
func (w *walk) exact(t *rapid.T) {
	all := w.those(w.oldestFirst, func(h *history) bool { return h.now })
	rest := slices.Clone(all)
	if w.backward {
		slices.Reverse(rest)
	}
	var from *string
	for pages := 0; ; pages++ {
		p, size := w.next(t, from)
		got := p.places()
		if w.backward {
			slices.Reverse(got)
		}
		n := min(size, len(rest))
		if slices.Contains(p.Scan.Reasons, "SCAN_BUDGET") && len(got) < n {
			n = len(got)
		}
		if !slices.Equal(got, rest[:n]) {
			t.Fatalf("page %d: got %v, want %v", pages, got, rest[:n])
		}
		rest = rest[n:]
		w.checkReport(t, p, len(all))
		more, next := w.goOn(p)
		if p.Scan.Complete {
			w.checkFlags(t, p, pages > 0, n == size, len(rest) > 0, len(all) > len(rest)+n)
		}
		if !more {
			break
		}
		if next == nil || from != nil && *next == *from {
			t.Fatalf("page %d: no progress", pages)
		}
		from = next
	}
	if len(rest) > 0 {
		t.Fatalf("lost %v", rest)
	}
}

func (w *walk) checkReport(t *rapid.T, p page, total int) {
	if slices.Contains(p.Scan.Reasons, "CROWDED_SECOND") {
		t.Fatalf("a second could not be read: %v", p.Scan)
	}
	switch {
	case w.filter.residual && p.TotalCount != nil && *p.TotalCount != 0:
		t.Fatalf("counted %d where Dify can't count", *p.TotalCount)
	case !w.filter.residual && (p.TotalCount == nil || *p.TotalCount != total):
		t.Fatalf("totalCount %v, want %d", p.TotalCount, total)
	}
}

// checkFlags: where Dify does not apply the whole filter, what is behind a cursor can't always be known, nor what is ahead of
// a page that was full when a budget ended.
func (w *walk) checkFlags(t *rapid.T, p page, later, full, ahead, behind bool) {
	gotAhead, gotBehind := p.PageInfo.HasNextPage, p.PageInfo.HasPreviousPage
	if w.backward {
		gotAhead, gotBehind = gotBehind, gotAhead
	}
	if gotAhead != ahead && !(full && w.filter.residual && gotAhead) || gotBehind != behind && !(later && w.filter.residual && gotBehind) {
		t.Fatalf("flags ahead %v behind %v, want %v %v", gotAhead, gotBehind, ahead, behind)
	}
}

// moving holds a walk of a world that changes against the promise.
func (w *walk) moving(t *rapid.T) {
	w.move(rapid.IntRange(2, 12).Draw(t, "every"))
	var from *string
	var seen []place
	crowded := false
	for pages := 0; ; pages++ {
		if pages == 60 {
			w.still() // rows that keep coming could make the walk endless
		}
		p, _ := w.next(t, from)
		got := p.places()
		if w.backward {
			slices.Reverse(got)
		}
		seen = append(seen, got...)
		crowded = crowded || slices.Contains(p.Scan.Reasons, "CROWDED_SECOND")
		more, next := w.goOn(p)
		if !more {
			break
		}
		if next == nil || from != nil && *next == *from {
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
func (w *walk) checkOrder(t *rapid.T, seen []place) {
	sign := 1
	if w.oldestFirst == w.backward {
		sign = -1
	}
	for i, p := range seen {
		if i > 0 && sign*seen[i-1].compare(p) >= 0 {
			t.Fatalf("%v came before %v", seen[i-1], p)
		}
		if !w.ever(p) {
			t.Fatalf("%v never matched", p)
		}
	}
}
