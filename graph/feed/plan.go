package feed

import "github.com/difygraph/difygraph/graph/list"

// Shape is what is asked of a page, as far as it decides how many calls the page takes.
type Shape struct {
	// Rows is how many rows are wanted at most, 0 if none are looked at.
	Rows int
	// Newer says that the page is read toward newer rows, Cursor that reading begins at a cursor.
	Newer, Cursor bool
	// Flags, Total and ScanCalls are as in [list.Request].
	Flags, Total bool
	ScanCalls    int
}

func shapeOf(r list.Request) Shape {
	s := Shape{Cursor: r.Slice.From != nil, Flags: r.Flags, Total: r.Total, Newer: r.Toward() == list.Newer, ScanCalls: r.ScanCalls}
	if r.Rows {
		s.Rows = r.Slice.Count
	}
	return s
}

// Plan is what a page is foreseen to take. It may take more: where a second has many rows, where rows come in bursts, and where
// calls have to be made again. Each further call is asked for ([Source]).
type Plan struct {
	// Streams is how many lists of Dify's are merged.
	Streams int
	// Calls is how many calls are made for rows and counts, Details how many for the details of runs.
	Calls, Details int
}

// Plan foresees a page of a list of so many apps. The filter need not be valid.
func (f *Feed) Plan(apps int, filter list.Filter, s Shape) Plan {
	pushed := pushdown{filter}
	p := Plan{Streams: apps * max(len(pushed.statuses()), 1) * max(len(pushed.sessions()), 1)}
	calls := f.foreseen(pushed.countable(), s)
	sessions := len(pushed.sessionsBeside(p.Streams))
	if s.Rows > 0 && sessions > 0 {
		calls = max(calls, sessions) + sessions + chooseCalls
	}
	p.Calls = p.Streams * calls
	if s.Rows > 0 && (sessions > 0 || pushed.head() != pushed.keyword()) {
		p.Details = f.ScanDetails
	}
	p.Streams *= max(sessions, 1)
	return p
}

const (
	// OneCallRows is how many rows of a page come by one call where seconds have two at most.
	OneCallRows = maxLimit - spare
	// newerCalls is what a page of few rows takes toward newer ones: one call to find where they are, one to read them.
	newerCalls = 2
)

// foreseen is how many calls a stream of such a page is foreseen to take. whole says that Dify applies the whole filter.
func (f *Feed) foreseen(whole bool, s Shape) int {
	if !whole && s.Rows > 0 {
		return f.scanCalls(s.ScanCalls)
	}
	calls := s.callsForRows()
	if !whole {
		return calls
	}
	if s.Rows > 0 && s.Flags && s.Cursor {
		calls++ // to see whether there is a row behind the cursor
	}
	if s.Total && (s.Rows == 0 || s.Cursor) {
		calls++ // else the first answer tells
	}
	return calls
}

func (s Shape) callsForRows() int {
	switch {
	case s.Rows == 0:
		return 0
	case s.Newer && s.Rows > OneCallRows/2:
		return newerCalls + 1
	case s.Newer || s.Rows > OneCallRows:
		return newerCalls
	default:
		return 1
	}
}
