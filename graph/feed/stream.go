package feed

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// Source answers questions for windows of an app's log. It may join equal questions, and answer from memory unless fresh
// is asked for.
type Source interface {
	// Logs returns one answer of Dify's, and how many requests it took, even where there is an error: 0 if another question of
	// the same operation has counted them. An answer may have a larger limit than the question, never a smaller one, unless
	// fresh is asked for or the server gives no more.
	Logs(ctx context.Context, app string, q difyapi.LogQuery, fresh bool) (answer *difyapi.LogPage, sent int, err error)
	// Recall returns from memory what Logs would, if there is an answer to the same question for a window that ends later, all
	// rows of which are older than the end of this one: then it answers this question as well. It is nil where there is none.
	Recall(ctx context.Context, app string, q difyapi.LogQuery) (answer *difyapi.LogPage, sent int, err error)
	// RecallAround returns from memory the answer to a question for a window around this one, if it has all of its rows: those that
	// are not of this one are to be left out. It is nil where there is none.
	RecallAround(ctx context.Context, app string, q difyapi.LogQuery) (answer *difyapi.LogPage, sent int, err error)
	// Runs returns what Dify tells of runs, in the order asked; nil where Dify no longer has one, or can't show it: then
	// unreadable is true. sent is how many requests it took, as in Logs.
	Runs(ctx context.Context, app string, ids []uuid.UUID) (runs []*difyapi.WorkflowRunDetail, sent int, unreadable bool, err error)
	// Version returns the version of the app's Dify server, which it asks for if need be; zero if the server hides it.
	Version(ctx context.Context, app string) (difyapi.Version, error)
	// Extra tells whether one more call may be made than [Feed.Plan] foresees, and counts it.
	Extra() bool
	Clocks
	Combinations
}

// stream reads one list of Dify's in one direction, second by second. Only one goroutine may use it at a time.
type stream struct {
	streamKey
	source       Source
	bounds       span           // of the list
	filter       list.Filter    // what is looked at in rows that Dify gave
	whole        bool           // Dify applies the whole filter
	versioned    bool           // the server's version has to be known first
	keyword      string         // as the caller wrote it, as far as Dify compares it
	search       *search        // nil where Dify compares the whole keyword
	localKeyword bool           // the keyword is not sent, but looked for here
	replacements []*stream      // the streams that are read in its place, see choose
	budget       int            // calls that a page may take, those for crowded seconds aside; no limit if 0
	scans        *pool          // calls beyond the first of each that all streams of the page may take together, counted as the budget does
	foreseen     int            // calls that are left of those that were foreseen for this stream
	together     *pool          // those that were foreseen for all streams of the page beside
	beside       int            // streams that are read side by side with this one, itself included
	ahead        ahead          // how far windows toward newer rows reach, where many streams are merged
	compared     bool           // Dify has compared the cursor's time with those of rows near it
	reserved     int            // calls that were not, and are kept to check the clock
	timeLeft     *time.Duration // how long the app may still take; no limit if nil

	toward list.Direction // of reading
	from   *list.Cursor   // rows up to it were read on an earlier page; nil where reading begins at an end of the list
	now    int64          // the present second, for guesses alone

	start int64       // the first second that was not known when reading began
	rest  span        // the seconds that are not known yet
	rows  []candidate // the matching rows of those that are, as they are met
	// hasNext says that a matching row was seen in a second that is not wholly known; hasPrevious, that one was seen in the
	// cursor's second, at the cursor or before it.
	hasNext, hasPrevious bool
	metCursor            bool                 // the cursor's row was in its second
	shown                []list.Position      // rows of seconds that are to be read again: they must be there then
	sample               *difyapi.WorkflowLog // a row that Dify showed
	version              difyapi.Version      // that the server told last

	total          int  // rows of all seconds, once a call has told
	counted        int  // calls that the budget counts
	progressed     bool // at least one second became known
	spent          bool // the budget is
	distrusts      bool // an answer has contradicted itself twice, so that none that does is asked for again
	accountUnknown bool // the app does not know the account
	err            error

	density density // of the rows met, for the windows to come
	scan    tally
}

// candidate is a row of the list as far as is known.
type candidate struct {
	list.Row
	pending      bool // whether it matches is not known yet, see search
	localKeyword bool // Dify did not look for the keyword
}

// tally is what reading took.
type tally struct {
	calls, rows int
	details     int       // requests for runs
	asOf        time.Time // when the oldest request was sent; zero if there was none
	crowded     bool      // a second could not be read whole
	doubtful    bool      // an answer contradicts itself, or can't be read where the filter looks
}

func (t *tally) add(other tally) {
	t.calls += other.calls
	t.rows += other.rows
	t.details += other.details
	t.crowded = t.crowded || other.crowded
	t.doubtful = t.doubtful || other.doubtful
	if t.asOf.IsZero() || !other.asOf.IsZero() && other.asOf.Before(t.asOf) {
		t.asOf = other.asOf
	}
}

// begin makes all seconds unknown from the cursor on.
func (s *stream) begin() {
	s.rest = s.bounds
	defer func() { s.start = s.next() }()
	if s.from == nil {
		return
	}
	pace := float64(s.from.Hints.SecondsPerHundred) / 100
	s.density, s.ahead.pace = densityAfter(pace), pace
	if s.toward == list.Older {
		s.rest.to = min(s.rest.to, s.first())
	} else {
		s.rest.from = max(s.rest.from, s.first())
	}
}

// first is the second in which reading on from the cursor begins: the cursor's own, unless the cursor is the edge below it.
func (s *stream) first() int64 {
	if p := s.from.Position; s.toward == list.Older && p.IsEdge() {
		return p.Second - 1
	}
	return s.from.Position.Second
}

func (s *stream) done() bool { return s.rest.empty() }

// moved tells whether at least one second became known.
func (s *stream) moved() bool { return s.done() || s.next() != s.start }

// pastCursor tells whether the second in which reading began is known: what is left of it are rows of earlier pages, too.
func (s *stream) pastCursor() bool { return s.from == nil || s.progressed || s.from.Position.IsEdge() }

// knows tells whether all rows up to the second, as they are met, are known.
func (s *stream) knows(second int64) bool {
	return s.done() || s.toward.Compare(list.Edge(second), list.Edge(s.next())) < 0
}

// next is the first second that is not known yet.
func (s *stream) next() int64 {
	if s.toward == list.Older {
		return s.rest.to
	}
	return s.rest.from
}

// advance makes second the first that is not known yet.
func (s *stream) advance(second int64) {
	s.progressed = true
	if s.toward == list.Older {
		s.rest.to = second
	} else {
		s.rest.from = second
	}
}

// covered is how many seconds became known, at least 1; where reading began or ended at an end of the list, from the oldest
// to the newest row met.
func (s *stream) covered() int64 {
	seconds := s.density.met.to - s.density.met.from
	if s.from != nil && !s.done() {
		seconds = int64(s.toward)*(s.next()-s.from.Position.Second) - 1
	}
	return max(1, seconds)
}

// finish says that all seconds are known.
func (s *stream) finish() {
	s.rest = span{from: 1, to: 0}
	s.hasNext = false
}

// read makes at least one more second known, so that as many more rows as are wanted are likely to be.
func (s *stream) read(ctx context.Context, wanted int) error {
	if s.hints().Crowd >= maxLimit {
		return s.readSecond(ctx, s.next(), nil)
	}
	if s.toward == list.Older {
		return s.readOlder(ctx, wanted)
	}
	return s.readNewer(ctx, wanted)
}

// hints are the cursor's, while its second has not been read; else none.
func (s *stream) hints() list.Hints {
	if s.from == nil || s.from.Position.App != s.app || s.next() != s.from.Position.Second {
		return list.Hints{}
	}
	return s.from.Hints
}

// limit is how many rows to ask for to get those that are wanted.
func (s *stream) limit(wanted int) int {
	if !s.whole {
		return scanLimit(s.beside) // there is no telling how many will match
	}
	wanted = min(wanted, share(s.beside))
	h := s.hints()
	passed := h.Newer
	if s.toward == list.Newer && h.Crowd > 0 {
		passed = h.Crowd - h.Newer + 1
	}
	return limitFor(wanted, passed, max(s.density.crowd, h.Crowd))
}

// take adds the rows of whole seconds.
func (s *stream) take(logs []*difyapi.WorkflowLog) {
	rows := make([]candidate, len(logs))
	for i, log := range logs {
		rows[i].Row = list.Row{WorkflowLog: log, Position: s.position(log)}
		s.meet(rows[i].Position)
	}
	sortRows(s.toward, rows)
	s.hint(rows)
	for _, row := range rows {
		s.density.meet(row.Second)
	}
	matching := rows[:0]
	for _, row := range rows {
		pending, unmatchable := s.search.pending(row.WorkflowLog, s.localKeyword)
		row.pending, row.localKeyword = pending, s.localKeyword
		switch {
		case unmatchable || !s.filter.Matches(row.WorkflowLog):
			s.scan.doubtful = s.scan.doubtful || s.filter.MayMatch(row.WorkflowLog) || s.misnames(row.WorkflowLog) || unmatchable && row.Unreadable.Has("workflow_run")
		case s.passed(row.Position):
			s.hasPrevious = true
		default:
			matching = append(matching, row)
		}
	}
	if s.rows == nil {
		s.rows = matching // as it mostly is: one answer
	} else {
		s.rows = append(s.rows, matching...)
	}
}

// misnames tells whether the run has no status though the filter looks at it, or one without a name here where Dify took it for
// another.
func (s *stream) misnames(log *difyapi.WorkflowLog) bool {
	run := log.WorkflowRun
	return run != nil && (s.filter.Status != nil && run.Status == "" || s.query.Status != "" && !run.Status.Known())
}

func (s *stream) position(log *difyapi.WorkflowLog) list.Position {
	return list.Position{Second: secondOf(log), ID: log.ID, App: s.app}
}

// passed tells whether a position was read on an earlier page.
func (s *stream) passed(p list.Position) bool {
	return s.from != nil && s.toward.Compare(p, s.from.Position) <= 0
}

// hint notes at each row how crowded its second is, and how many rows of it are at or after the row.
func (s *stream) hint(rows []candidate) {
	for start := 0; start < len(rows); {
		stop := start
		for stop < len(rows) && rows[stop].Second == rows[start].Second {
			stop++
		}
		if crowd := stop - start; crowd > few {
			s.density.crowded(crowd)
			for i := range rows[start:stop] {
				rows[start+i].Hints = list.Hints{Crowd: min(crowd, list.MaxCrowd), Newer: min(s.newerThan(i, crowd), list.MaxCrowd)}
			}
		}
		start = stop
	}
}

// newerThan is how many of a second's rows are at the i-th met or newer.
func (s *stream) newerThan(i, crowd int) int {
	if s.toward == list.Older {
		return i + 1
	}
	return crowd - i
}

// noteNext notes whether rows that can't be used yet show that there is more.
func (s *stream) noteNext(logs []*difyapi.WorkflowLog) {
	s.hasNext = slices.ContainsFunc(logs, func(log *difyapi.WorkflowLog) bool {
		return s.filter.Matches(log) && !s.passed(s.position(log))
	})
}

// peek finds out whether there is a row in what is left, where Dify applies the whole filter.
func (s *stream) peek(ctx context.Context) error {
	page, err := s.ask(ctx, s.rest, 1, 1, false)
	if err != nil {
		return err
	}
	s.hasNext = !page.Last() || len(page.Rows) > 0
	if !s.hasNext {
		s.finish()
	}
	return nil
}

// askPrevious finds out whether there is a row on the other side of the second in which reading began, where Dify applies
// the whole filter.
func (s *stream) askPrevious(ctx context.Context) error {
	w := s.bounds
	if s.toward == list.Older {
		w.from = s.first() + 1
	} else {
		w.to = s.first() - 1
	}
	if w.empty() {
		return nil
	}
	page, err := s.ask(ctx, w, 1, 1, false)
	s.hasPrevious = err == nil && (!page.Last() || len(page.Rows) > 0)
	return err
}
