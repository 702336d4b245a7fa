package feed

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
)

// crowd is a second of Dify's: an answer shows a page of an order of its own, and counts in a statement before or after it.
type crowd struct {
	random *rand.Rand
	rows   []*difyapi.WorkflowLog
	change func()
}

func newCrowd(random *rand.Rand, n int) *crowd {
	c := &crowd{random: random, change: func() {}}
	for range n {
		c.insert()
	}
	return c
}

func (c *crowd) insert() {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(c.random.Uint32())
	}
	c.rows = append(c.rows, &difyapi.WorkflowLog{ID: id})
}

func (c *crowd) remove() *difyapi.WorkflowLog {
	i := c.random.IntN(len(c.rows))
	gone := c.rows[i]
	c.rows = slices.Delete(slices.Clone(c.rows), i, i+1)
	return gone
}

func (c *crowd) answer(page int) *difyapi.LogPage {
	a := &difyapi.LogPage{Page: page, Limit: maxLimit}
	count := func() { a.Total = len(c.rows); c.change() }
	if countFirst := c.random.IntN(2) == 0; countFirst {
		count()
		defer c.change()
	} else {
		defer count()
	}
	order := slices.Clone(c.rows)
	c.random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	from, to := min((page-1)*maxLimit, len(order)), min(page*maxLimit, len(order))
	a.Rows = order[from:to]
	if c.change != nil {
		c.change()
	}
	return a
}

// take reads the crowd as a stream does.
func (c *crowd) take() (rows map[uuid.UUID]bool, whole bool) {
	var found completeness
	page := 1
	for range SecondCalls {
		answer := c.answer(page)
		found.add(answer)
		if rows, whole := found.whole(); whole {
			return ids(rows), true
		}
		page, _ = pageAfter(answer)
	}
	return ids(found.seen()), false
}

func ids(rows []*difyapi.WorkflowLog) map[uuid.UUID]bool {
	set := make(map[uuid.UUID]bool)
	for _, row := range rows {
		set[row.ID] = true
	}
	return set
}

// What completeness calls whole is what the window had at one moment, to the row: however rows come and go.
func TestCensusIsOfOneMoment(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := newCrowd(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1)), rapid.IntRange(1, 260).Draw(t, "rows"))
		every := rapid.IntRange(1, 30).Draw(t, "every")
		moments := []map[uuid.UUID]bool{ids(c.rows)}
		c.change = func() {
			for c.random.IntN(every) == 0 && len(moments) < 400 {
				c.insert()
				if c.random.IntN(5) > 0 { // mostly in pairs, so that totals stay the same
					c.remove()
				}
				moments = append(moments, ids(c.rows))
				if every == 1 {
					return
				}
			}
		}
		rows, whole := c.take()
		if whole && !slices.ContainsFunc(moments, func(m map[uuid.UUID]bool) bool { return maps.Equal(m, rows) }) {
			t.Fatalf("%d rows were never there together", len(rows))
		}
	})
}

// Two hundred rows can be read while nothing changes, even if each answer is in a random order.
func TestCensusOfStillCrowd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 200).Draw(t, "rows")
		c := newCrowd(rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2)), n)
		if rows, whole := c.take(); !whole || len(rows) != n {
			t.Fatalf("found %d of %d rows, whole: %v", len(rows), n, whole)
		}
	})
}

// With one row gone and one come, the totals of two answers agree and so does the number of ids, although one row was
// never seen.
func TestCensusDoesNotTrustTotals(t *testing.T) {
	t.Parallel()
	row := func(n byte) *difyapi.WorkflowLog { return &difyapi.WorkflowLog{ID: uuid.UUID{15: n}} }
	full := func(from byte) (rows []*difyapi.WorkflowLog) {
		for n := range byte(maxLimit) {
			rows = append(rows, row(from+n))
		}
		return rows
	}
	var c completeness
	c.add(&difyapi.LogPage{Page: 1, Limit: maxLimit, Total: 102, Rows: full(0)}) // rows 0 to 99 of 0 to 101
	// Row 0 goes and row 102 comes; row 101 is never shown.
	c.add(&difyapi.LogPage{Page: 2, Limit: maxLimit, Total: 102, Rows: []*difyapi.WorkflowLog{row(100), row(102)}})
	if rows, whole := c.whole(); whole {
		t.Fatalf("%d rows pass for all", len(rows))
	}
	c.add(&difyapi.LogPage{Page: 1, Limit: maxLimit, Total: 102, Rows: append(full(1)[:98], row(101), row(100))})
	if _, whole := c.whole(); whole {
		t.Fatal("rows of different moments pass for all")
	}
}
