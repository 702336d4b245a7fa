package feed

import (
	"slices"

	"github.com/difygraph/difygraph/graph/list"
)

// merged is what the streams know together.
type merged struct {
	rows  []candidate // all matching rows that were seen, as they are met while reading
	known int         // how many of them are final: no stream can have a row before them
	front int64       // the first second that some stream does not know
	done  bool        // all seconds are known
	more  bool        // matching rows were seen that are not among rows

	limit *list.Position // where the page has to end, if reading can't go on
}

// merge puts the rows of all streams in order. A row counts as known once all streams know its second.
func merge(toward list.Direction, streams []*stream) merged {
	m := merged{done: true}
	for _, s := range streams {
		m.rows = append(m.rows, s.rows...)
		m.more = m.more || s.hasNext
		if !s.done() && (m.done || toward.Compare(list.Edge(s.next()), list.Edge(m.front)) < 0) {
			m.done, m.front = false, s.next()
		}
	}
	sortRows(toward, m.rows)
	m.rows = slices.CompactFunc(m.rows, func(a, b candidate) bool { return a.Position == b.Position })
	m.known = len(m.rows)
	if !m.done {
		m.known, _ = slices.BinarySearchFunc(m.rows, list.Edge(m.front), func(row candidate, front list.Position) int {
			return toward.Compare(list.Edge(row.Second), front)
		})
	}
	return m
}

// sortRows puts rows in the order in which they are met while reading. Mostly they are: to see that takes no copies of rows, which a
// comparison of two does.
func sortRows(toward list.Direction, rows []candidate) {
	for i := 1; i < len(rows); i++ {
		if toward.Compare(rows[i-1].Position, rows[i].Position) > 0 {
			slices.SortFunc(rows, func(a, b candidate) int { return toward.Compare(a.Position, b.Position) })
			return
		}
	}
}

// page is its first n rows.
func (m merged) page(n int) []list.Row {
	rows := make([]list.Row, n)
	for i := range rows {
		rows[i] = m.rows[i].Row
	}
	return rows
}

// fits is how many of the known rows a page shows: up to count, and none at until or after it.
func (m merged) fits(toward list.Direction, count int, until *list.Cursor) int {
	n := min(m.known, count)
	if until == nil {
		return n
	}
	stop, _ := slices.BinarySearchFunc(m.rows[:n], until.Position, func(row candidate, stop list.Position) int {
		return toward.Compare(row.Position, stop)
	})
	return stop
}

// stop is the position up to which all rows are known.
func (m merged) stop(toward list.Direction) list.Position {
	if m.limit != nil {
		return *m.limit
	}
	if toward == list.Older {
		return list.Edge(m.front + 1)
	}
	return list.Edge(m.front)
}
