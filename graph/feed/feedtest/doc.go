// Package feedtest has worlds of apps and their logs, drawn at random, and an oracle that is slow and obvious: it says which rows
// a list of such a world must have. What reads the list under test is a [Reader]: a feed in memory, or the whole API over HTTP.
//
// A world is a Dify of package difytest, which alone says how Dify behaves.
package feedtest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/graph/list"
)

// Reader reads a part of a world's list.
type Reader func(Part) (Page, error)

// Part is what is asked of a list: up to Size rows from its start or after a cursor, or the last ones before its end or a cursor.
// Empty cursors are none.
type Part struct {
	Size          int
	Last          bool
	After, Before string
}

// Page is what a list gives.
type Page struct {
	Rows    []list.Position // in the list's order
	Cursors []string        // of the rows

	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       string // empty for none

	Total *int
	// Uncounted says that the total was not asked for.
	Uncounted bool
	Reasons   []list.Reason
	Calls     int // for log entries, as the page counts them
}

// Check holds a property against so many worlds. It is [rapid.Check], but for the number.
func Check(t *testing.T, worlds int, property func(*rapid.T)) {
	t.Helper()
	failed := false
	for worlds > 0 && !t.Failed() {
		rapid.Check(t, func(t *rapid.T) {
			if worlds == 0 && !failed {
				return
			}
			if !failed {
				worlds--
			}
			failed = true // unless it comes through; then rapid looks for a smaller world
			property(t)
			failed = false
		})
	}
}
