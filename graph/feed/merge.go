package feed

import (
	"slices"
)

// merged is what the streams know together.
type merged struct {
	rows  []Row // all matching rows that were seen, as they are met while reading
	known int   // how many of them no stream can come before
	front int64 // the first second that some stream does not know
	done  bool  // all seconds are known
	more  bool  // matching rows were seen that are not among rows

	limit *Position // where the page has to end, if reading can't go on
}

// merge puts the rows of all streams in order. A row counts as known once all streams know its second.
func merge(toward direction, streams []*stream) merged {
	m := merged{done: true}
	for _, s := range streams {
		m.rows = append(m.rows, s.rows...)
		m.more = m.more || s.beyond
		if !s.done() && (m.done || toward.compare(edge(s.next()), edge(m.front)) < 0) {
			m.done, m.front = false, s.next()
		}
	}
	slices.SortFunc(m.rows, func(a, b Row) int { return toward.compare(a.Position, b.Position) })
	m.rows = slices.CompactFunc(m.rows, func(a, b Row) bool { return a.Position == b.Position })
	m.known = len(m.rows)
	if !m.done {
		m.known, _ = slices.BinarySearchFunc(m.rows, edge(m.front), func(row Row, front Position) int {
			return toward.compare(edge(row.Second), front)
		})
	}
	return m
}

// page is how many of the known rows the page shows: up to count, and none at until or after it.
func (m merged) page(toward direction, count int, until *Cursor) int {
	n := min(m.known, count)
	if until == nil {
		return n
	}
	stop, _ := slices.BinarySearchFunc(m.rows[:n], until.Position, func(row Row, stop Position) int {
		return toward.compare(row.Position, stop)
	})
	return stop
}

// stop is the position up to which all is known.
func (m merged) stop(toward direction) Position {
	if m.limit != nil {
		return *m.limit
	}
	if toward == older {
		return edge(m.front + 1)
	}
	return edge(m.front)
}
