package list

import (
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// TestCursorsOfAPageAreThoseOfItsRows: pageInfo has those that the first and the last edge have, in either order and direction. Beyond
// the newest row of the list no pace is known; beyond all others it is.
func TestCursorsOfAPageAreThoseOfItsRows(t *testing.T) {
	t.Parallel()
	const pace = 7
	for _, order := range []Order{NewestFirst, OldestFirst} {
		for _, backward := range []bool{false, true} {
			t.Run(fmt.Sprint(order, backward), func(t *testing.T) {
				t.Parallel()
				req := Request{List: newList(t, []string{"a"}, true, Filter{}, order), Slice: Slice{Count: 3, Backward: backward}}
				r := Reading{SecondsPerHundred: pace}
				for i := range 3 {
					at := Position{Second: int64(10 + int(req.Toward())*i), ID: uuid.UUID{byte(i)}, App: "a"}
					r.Rows = append(r.Rows, Row{WorkflowLog: new(difyapi.WorkflowLog), Position: at})
				}
				page := NewPage(req, r)
				first, last := &page.Rows[0], &page.Rows[2]
				if page.StartCursor != page.Cursor(first) || page.EndCursor != page.Cursor(last) {
					t.Errorf("from %s to %s, and its edges from %s to %s", page.StartCursor, page.EndCursor, page.Cursor(first), page.Cursor(last))
				}
				newest := first
				if order == OldestFirst {
					newest = last
				}
				for i := range page.Rows {
					c, err := ParseCursor(page.Cursor(&page.Rows[i]))
					if known := c.Hints.SecondsPerHundred == pace; err != nil || known == (&page.Rows[i] == newest) {
						t.Errorf("row %d: %+v, %v", i, c.Hints, err)
					}
				}
			})
		}
	}
}
