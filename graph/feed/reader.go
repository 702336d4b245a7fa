package feed

import (
	"context"
	"errors"
	"slices"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/internal/rescue"
)

// reader makes one page out of the streams of a list.
type reader struct {
	slice   list.Slice
	toward  list.Direction
	flags   bool // whether there is more is of interest
	partial bool // go on without apps that fail
	totals  bool // the first answers are to tell how many rows there are
	before  int  // seconds that a hundred rows of the list took so far, as the cursor says or a few streams; 0 if not known
	streams []*stream
	search  *search // nil where Dify compares the whole keyword

	sessions    []string // beside a keyword, see choose
	localSearch *search  // looks for the keyword where session ids are sent
	failed      []*list.AppError
	scan        tally // of streams that were dropped

	uncounted error // why nothing could be counted
}

// errSpent ends the reading of a stream whose budget of calls is spent, or where the operation's is.
var errSpent = errors.New("budget of calls spent")

// read reads until the page is full and it is known whether there is more, or there is nothing left, or a budget ends. It returns the
// number of rows for the page, and whether a budget ended. Calls for rows are made under early, see there.
func (r *reader) read(ctx, early context.Context) (m merged, count int, spent bool, err error) {
	for {
		m = merge(r.toward, r.streams)
		r.endLateSearch(early)
		if again, err := r.resolvePending(ctx, &m); err != nil {
			return m, 0, false, err
		} else if again {
			continue
		}
		count = m.fits(r.toward, r.slice.Count, r.slice.Until)
		if m.limit == nil && (m.done || r.settled(m, count)) {
			return m, count, false, nil
		}
		if m.limit != nil || r.isSpent(m) {
			return m, count, true, nil
		}
		err = r.each(early, r.next(m, count), func(ctx context.Context, s *stream) error {
			switch {
			case !r.full(m, count):
				return s.read(ctx, r.slice.Count+1-count)
			case s.whole && s.pastCursor():
				return s.peek(ctx)
			default:
				return s.read(ctx, 1)
			}
		})
		if err != nil {
			return m, count, false, err
		}
	}
}

// readSound is read, of apps whose clocks are right. Where one is not and the list goes on without it, its rows are left out.
func (r *reader) readSound(ctx, early context.Context) (m merged, count int, spent bool, err error) {
	if err = r.choose(early); err != nil {
		return m, 0, false, err
	}
	r.keepCalls()
	if m, count, spent, err = r.read(ctx, early); err != nil {
		return m, count, spent, err
	}
	streams := len(r.streams)
	if err = r.checkClocks(ctx); err == nil {
		err = r.checkTies(ctx, m, count)
	}
	if err != nil || len(r.streams) == streams {
		return m, count, spent, err
	}
	return r.read(ctx, early)
}

// full tells whether the page has all rows that it can have, by their number or by the cursor where it ends.
func (r *reader) full(m merged, count int) bool {
	return count == r.slice.Count || r.pastUntil(m)
}

func (r *reader) pastUntil(m merged) bool {
	return r.slice.Until != nil && r.toward.Compare(list.Edge(r.slice.Until.Position.Second), list.Edge(m.front)) < 0
}

// ended tells whether no further row can come onto a page whose reading a budget has ended.
func (r *reader) ended(m merged, count int) bool {
	if m.limit == nil {
		return r.full(m, count)
	}
	return count == r.slice.Count || r.slice.Until != nil && r.toward.Compare(r.slice.Until.Position, *m.limit) <= 0
}

// settled tells whether the page is full and, if that is asked for, it is known that there are more rows.
func (r *reader) settled(m merged, count int) bool {
	return r.full(m, count) && (!r.flags || m.more || len(m.rows) > count)
}

// lagging are the streams that may still have rows for the page or, where it is full, tell that there are more.
func (r *reader) lagging(m merged, count int) []*stream {
	last, bounded := r.last(m, count)
	var lagging []*stream
	for _, s := range r.streams {
		if !s.spent && !s.done() && !(bounded && s.knows(last)) {
			lagging = append(lagging, s)
		}
	}
	return lagging
}

// atOnce is how many lagging streams are read side by side as long as it is not known how far the page reaches.
const atOnce = 20

// next are the streams to read on: the ones that lag most. The page may be full before it needs more of the others.
func (r *reader) next(m merged, count int) []*stream {
	lagging := r.lagging(m, count)
	last, bounded := r.last(m, count)
	if bounded && r.fromEnd() && r.before == 0 {
		r.before = r.likelyPace()
	}
	if !bounded && len(lagging) > atOnce {
		slices.SortFunc(lagging, func(a, b *stream) int { return r.toward.Compare(list.Edge(a.next()), list.Edge(b.next())) })
		n, scouts := atOnce, r.fromEnd() && !slices.ContainsFunc(r.streams, (*stream).moved)
		for n < len(lagging) && lagging[n].next() == lagging[n-1].next() && !scouts {
			n++
		}
		lagging = lagging[:n]
	}
	for _, s := range lagging {
		s.beside = len(lagging)
		if bounded && r.fromEnd() {
			s.ahead.shown, s.ahead.pace = last, float64(r.before)/100
		}
	}
	return lagging
}

// fromEnd tells whether reading begins at the oldest rows of the list. How far the page reaches is known once a few streams were read.
// The others are then asked for the rows up to there, by one call each; to find their oldest rows would take two. Where totals are
// wanted, all streams have to be asked for all rows.
func (r *reader) fromEnd() bool { return r.toward == list.Newer && r.slice.From == nil && !r.totals }

// last is the last second that a page can show which is not full. It is bounded if as many rows as the page takes have been seen, by
// the last of them, or if the page ends at a cursor.
func (r *reader) last(m merged, count int) (second int64, bounded bool) {
	if r.full(m, count) {
		return 0, false
	}
	if n := r.slice.Count; len(m.rows) >= n {
		second, bounded = m.rows[n-1].Second, true
	}
	if until := r.slice.Until; until != nil && (!bounded || r.toward.Compare(until.Position, list.Edge(second)) < 0) {
		second, bounded = until.Position.Second, true
	}
	return second, bounded
}

// isSpent tells whether the stream that holds up the page may not read on.
func (r *reader) isSpent(m merged) bool {
	return slices.ContainsFunc(r.streams, func(s *stream) bool { return s.spent && !s.done() && s.next() == m.front })
}

// each runs a call for each of the streams, side by side. Apps that fail are dropped where the caller asked for that.
func (r *reader) each(ctx context.Context, streams []*stream, call func(context.Context, *stream) error) error {
	calls := make([]func(context.Context) error, len(streams))
	for i, s := range streams {
		calls[i] = func(ctx context.Context) error {
			return r.absorb(s, rescue.Call(func() error { return s.within(ctx, call) }))
		}
	}
	if err := together(ctx, calls); err != nil {
		return err
	}
	return r.drop()
}

// absorb returns the error that ends the list, if any.
func (r *reader) absorb(s *stream, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errSpent) && s.moved():
		s.spent = true
		return nil
	case errors.Is(err, errLate) && r.partial:
		s.err = ErrAppLate
		return nil
	case errors.Is(err, errLate):
		return &list.AppError{App: s.app, Err: ErrLate}
	case errors.Is(err, errSpent):
		return &list.AppError{App: s.app, Err: ErrCallsSpent} // a page without progress would come again for ever
	case difyapi.IsAccountNotFound(err, s.query.AccountEmail):
		s.accountUnknown = true
		s.finish()
		return nil
	case r.partial && isUpstream(err):
		s.err = err
		return nil
	default:
		return &list.AppError{App: s.app, Err: err}
	}
}

// drop removes the apps that failed, with all of their rows. Where every app fails, the list fails.
func (r *reader) drop() error {
	for _, s := range r.streams {
		if s.err != nil && !failed(r.failed, s.app) {
			r.failed = append(r.failed, &list.AppError{App: s.app, Err: s.err})
		}
	}
	r.streams = slices.DeleteFunc(r.streams, func(s *stream) bool {
		gone := failed(r.failed, s.app)
		if gone {
			r.scan.add(s.scan)
		}
		return gone
	})
	if len(r.streams) == 0 {
		return r.failed[0]
	}
	return nil
}

func failed(apps []*list.AppError, app string) bool {
	return slices.ContainsFunc(apps, func(e *list.AppError) bool { return e.App == app })
}

// accountUnknown tells whether none of the apps knows the account that was asked for.
func (r *reader) accountUnknown() bool {
	return len(r.failed) == 0 && !slices.ContainsFunc(r.streams, func(s *stream) bool { return !s.accountUnknown })
}

// hasPrevious tells whether there is a matching row on the cursor's side of the page.
func (r *reader) hasPrevious(ctx context.Context) (bool, error) {
	seen := func() bool { return slices.ContainsFunc(r.streams, func(s *stream) bool { return s.hasPrevious }) }
	switch {
	case r.slice.From == nil || !r.flags:
		return false, nil
	case seen():
		return true, nil
	case !r.streams[0].whole:
		return true, nil
	}
	err := r.each(ctx, r.streams, func(ctx context.Context, s *stream) error {
		err := s.askPrevious(ctx)
		if errors.Is(err, errSpent) || r.partial && isUpstream(err) {
			s.hasPrevious = true // its rows are read; what is not known is taken to be so
			return nil
		}
		return err
	})
	return seen(), err
}

// tally sums up what reading took.
func (r *reader) tally() tally {
	sum := r.scan
	for _, s := range r.streams {
		sum.add(s.scan)
	}
	return sum
}

// secondsPerHundred is how many seconds a hundred rows took in all streams together, smoothed over the pages of a walk.
func (r *reader) secondsPerHundred() int { return smoothed(r.before, readings(r.streams)) }

// likelyPace guesses the same from the streams that were read, as if the others were like them.
func (r *reader) likelyPace() int {
	read := slices.DeleteFunc(slices.Clone(r.streams), func(s *stream) bool { return !s.moved() })
	return smoothed(0, readings(read)) * len(read) / len(r.streams)
}

func readings(streams []*stream) []reading {
	read := make([]reading, len(streams))
	for i, s := range streams {
		read[i] = reading{s.density, s.covered()}
		if s.from != nil && s.from.Position.App != s.app {
			read[i].leading = 0 // none of its rows was where reading began
		}
	}
	return read
}
