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

// Plan is how many calls a page is foreseen to take, see [Feed.Plan]. It may take more: where a second has many rows, where rows come in
// bursts, and where calls have to be made again. Each of these needs leave of [Source.Extra].
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
	p.Calls = f.quota(p.Streams, pushed, s).of(p.Streams)
	sessions := len(pushed.sessionsBeside(p.Streams))
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

// quota is how many calls a page is foreseen to take: so many for each of its streams, and so many together for the streams that turn
// out to need more.
type quota struct{ each, together int }

func (q quota) of(streams int) int { return streams*q.each + q.together }

// quota foresees a page of so many streams.
func (f *Feed) quota(streams int, p pushdown, s Shape) quota {
	if !p.countable() && s.Rows > 0 {
		q := quota{1, f.pageCalls(streams, s.ScanCalls) - streams}
		return q.choosing(streams, len(p.sessionsBeside(streams)))
	}
	q := s.quotaOfRows(streams)
	if !p.countable() {
		return q
	}
	if s.Rows > 0 && s.Flags && s.Cursor {
		q.each++ // to see whether there is a row behind the cursor
	}
	if s.Total && (s.Rows == 0 || s.Cursor) {
		q.each++ // else the first answer tells
	}
	return q
}

// choosing adds what it takes to choose whether a keyword is sent or so many session ids beside it, and to read each of these once.
func (q quota) choosing(streams, sessions int) quota {
	if sessions == 0 {
		return q
	}
	return quota{callsForSession*sessions + chooseCalls, max(0, q.together-streams*(sessions-1))}
}

// pageCalls is how many calls a page may take where rows are filtered here, and so many are asked for of each stream.
func (f *Feed) pageCalls(streams, asked int) int {
	calls := streams * f.scanCalls(asked)
	if asked == 0 && f.PageCalls > 0 {
		calls = min(calls, max(f.PageCalls, streams))
	}
	return calls
}

// quotaOfRows foresees the calls for rows. Where each stream is asked for a share of the page, some will have more rows on it than that
// and be asked again, but only as many as the page has room for.
func (s Shape) quotaOfRows(streams int) quota {
	n := share(streams)
	if n >= s.Rows {
		return quota{each: s.callsForRows()}
	}
	all := s.Rows + 1 // the one after the page tells that there is more
	s.Rows = n
	each := s.callsForRows()
	return quota{each, each * (all / wholeOf(n))}
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
