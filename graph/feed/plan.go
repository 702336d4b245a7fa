package feed

// Shape is what is asked of a page, as far as it decides how many calls the page takes.
type Shape struct {
	// Rows is how many rows are wanted at most, 0 if none are looked at.
	Rows int
	// Newer says that the page is read toward newer rows, Cursor that reading begins at a cursor.
	Newer, Cursor bool
	// Flags and Total are as in [Request].
	Flags, Total bool
}

// shape is that of a request.
func (r Request) shape() Shape {
	s := Shape{Cursor: r.Slice.from != nil, Flags: r.Flags, Total: r.Total}
	s.Newer = r.List.order.direction(r.Slice.backward) == newer
	if r.Rows {
		s.Rows = r.Slice.count
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
func (f *Feed) Plan(apps int, filter Filter, s Shape) Plan {
	l := List{filter: filter}
	p := Plan{Streams: apps * max(len(l.pushedStatuses()), 1) * max(len(l.pushedSessions()), 1)}
	p.Calls = p.Streams * f.foreseen(l.countable(), s)
	if s.Rows > 0 && l.head() != l.keyword() {
		p.Details = f.ScanDetails
	}
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
		return max(1, f.ScanCalls)
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
