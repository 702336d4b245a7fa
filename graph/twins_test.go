package graph_test

import (
	"slices"
	"testing"
)

// TestTwoKeysOfOneApp: the same rows come under both names, and the app tells them apart in the order and in cursors.
func TestTwoKeysOfOneApp(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"b", "a"}})
	rows := a.apps["a"].Insert(runsOf(map[int]int{0: 3, 5: 2})...)
	a.apps["b"].Insert(rows...)
	for _, order := range []string{"NEWEST_FIRST", "OLDEST_FIRST"} {
		for _, backward := range []bool{false, true} {
			seen := a.walkTwins(t, order, backward)
			if (order == "OLDEST_FIRST") != backward {
				slices.Reverse(seen)
			}
			checkRowsOf(t, a, seen, "a", "b")
		}
	}
}

// walkTwins reads a list to its end, row by row.
func (a *api) walkTwins(t *testing.T, order string, backward bool) (seen []place) {
	t.Helper()
	for from := (*string)(nil); len(seen) <= 10; {
		v := vars{"order": order, "first": 1, "after": from}
		if backward {
			v = vars{"order": order, "last": 1, "before": from}
		}
		p := a.page(t, v)
		seen = append(seen, p.places()...)
		more, next := p.PageInfo.HasNextPage, p.PageInfo.EndCursor
		if backward {
			more, next = p.PageInfo.HasPreviousPage, p.PageInfo.StartCursor
		}
		if !more {
			return seen
		}
		from = next
	}
	t.Fatalf("no end: %v", seen)
	return nil
}
