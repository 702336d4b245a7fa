package feed

import (
	"context"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// search looks for a keyword in the runs themselves: one that is longer than Dify compares, or that is not sent to Dify. A row is
// pending until its run's inputs and outputs were looked at, which takes a call for each run. Rows are looked at in the list's
// order, so that a page can end before any of them.
type search struct {
	text   *difyapi.Text
	head   *difyapi.Text // as much of it as Dify compares
	whole  bool          // that is all of it
	plain  bool          // Dify stores the head as it is, and so finds it in session ids, too
	left   int           // runs that may still be looked at for this page
	looked int           // runs that were
	found  int           // runs of these that have the text
	last   list.Position // of the last that was looked at
}

// newSearch is nil where Dify compares the whole keyword.
func newSearch(p pushdown, runs int) *search {
	if p.head() == p.keyword() {
		return nil
	}
	return makeSearch(p, runs)
}

func makeSearch(p pushdown, runs int) *search {
	head := p.head()
	return &search{
		text: difyapi.NewText(p.keyword()), head: difyapi.NewText(head), whole: head == p.keyword(),
		plain: difyapi.StoredText(head) == head, left: max(1, runs),
	}
}

// pending tells whether only the run's detail shows if a row matches; unmatchable says that there is no run to ask for. apart says that
// the keyword was not sent. Dify, too, finds a keyword only in rows that have a run.
func (s *search) pending(row *difyapi.WorkflowLog, apart bool) (pending, unmatchable bool) {
	session := row.SessionID()
	visible := s == nil || session != nil && s.text.In(*session) && (!apart || s.plain && row.WorkflowRun != nil)
	return !visible, !visible && row.WorkflowRun == nil
}

// resolvePending looks at the next pending rows, if the page needs them. Then again is true, and the rows are to be merged again. Else
// it leaves m with the rows before the first pending one.
func (r *reader) resolvePending(ctx context.Context, m *merged) (again bool, err error) {
	if r.search == nil {
		return false, nil
	}
	known, needed := m.rows[:m.known], m.fits(r.toward, r.slice.Count, r.slice.Until)
	if r.flags {
		needed++ // the one after the page tells that there is more
	}
	first := slices.IndexFunc(known, func(row candidate) bool { return row.pending })
	if first < 0 || first >= needed {
		m.settle(first)
		return false, nil
	}
	if r.search.left == 0 {
		m.limit = new(r.search.reached(r.toward, known[:first]))
		m.settle(first)
		return false, nil
	}
	return true, r.resolve(ctx, r.search.next(known[first:], needed-first))
}

// settle leaves the rows before the first pending one, at index first; all known ones if first is -1.
func (m *merged) settle(first int) {
	if first >= 0 {
		m.known = first
	}
	m.rows, m.more = m.rows[:m.known], false
}

// reached is the last position up to which no row is pending.
func (s *search) reached(toward list.Direction, settled []candidate) list.Position {
	if n := len(settled); n > 0 && toward.Compare(settled[n-1].Position, s.last) > 0 {
		return settled[n-1].Position
	}
	return s.last
}

// next are the pending rows to look at together: those among the first needed rows, since all may match, and as many more as are likely
// to hold the matches that are needed, but at most as many as were looked at before.
func (s *search) next(rows []candidate, needed int) []candidate {
	likely := min(needed*s.looked/max(s.found, 1), s.looked)
	var pending []candidate
	for i, row := range rows {
		if row.pending && len(pending) < s.left && (i < needed || len(pending) < likely) {
			pending = append(pending, row)
		}
	}
	return pending
}

// resolve asks for the runs of rows, side by side for each app. The rows match then, or are dropped.
func (r *reader) resolve(ctx context.Context, rows []candidate) error {
	byApp := make(map[string][]candidate)
	for _, row := range rows {
		byApp[row.App] = append(byApp[row.App], row)
	}
	var mu sync.Mutex
	matches := make(map[list.Position]bool, len(rows))
	err := r.each(ctx, oneOfEach(r.streams, byApp), func(ctx context.Context, s *stream) error {
		found, err := r.search.find(ctx, s, byApp[s.app])
		mu.Lock()
		defer mu.Unlock()
		for i, row := range byApp[s.app] {
			matches[row.Position] = err == nil && found[i]
		}
		return err
	})
	for _, s := range r.streams {
		s.close(matches)
	}
	r.search.note(rows, matches)
	return err
}

// note counts what was looked at, and what matched.
func (s *search) note(rows []candidate, matches map[list.Position]bool) {
	s.left -= len(rows)
	s.looked += len(rows)
	s.last = rows[len(rows)-1].Position
	for _, row := range rows {
		if matches[row.Position] {
			s.found++
		}
	}
}

// oneOfEach is a stream for each app that has rows.
func oneOfEach(streams []*stream, byApp map[string][]candidate) []*stream {
	var one []*stream
	for _, s := range streams {
		if byApp[s.app] != nil && !slices.ContainsFunc(one, func(o *stream) bool { return o.app == s.app }) {
			one = append(one, s)
		}
	}
	return one
}

// find tells of each row whether its run has the text. A run that is gone has none.
func (s *search) find(ctx context.Context, at *stream, rows []candidate) ([]bool, error) {
	ids := make([]uuid.UUID, len(rows))
	for i, row := range rows {
		ids[i] = row.WorkflowRun.ID
	}
	runs, sent, unreadable, err := at.source.Runs(ctx, at.app, ids)
	at.scan.details += sent
	at.scan.doubtful = at.scan.doubtful || unreadable
	if err != nil {
		return nil, err
	}
	found := make([]bool, len(rows))
	for i, run := range runs {
		found[i] = run != nil && s.matches(rows[i], run)
	}
	return found, nil
}

// matches tells whether a row matches by its run.
func (s *search) matches(row candidate, run *difyapi.WorkflowRunDetail) bool {
	session := row.SessionID()
	if row.localKeyword && !run.Inputs.Keeps(s.head) && !run.Outputs.Keeps(s.head) && (session == nil || !s.head.StoredIn(*session)) {
		return false
	}
	if row.localKeyword && (s.whole || session != nil && s.text.In(*session)) {
		return true
	}
	return run.Inputs.Has(s.text) || run.Outputs.Has(s.text)
}

// HasKeyword tells whether a row is among those that have the filter's keyword, as lists by it do, by the row and the detail of its run.
func HasKeyword(f list.Filter, row *difyapi.WorkflowLog, run *difyapi.WorkflowRunDetail) bool {
	if id, err := difyapi.ParseUUID(*f.Keyword); err == nil && id == run.ID {
		return true
	}
	s := makeSearch(pushdown{f}, 1)
	return s.matches(candidate{Row: list.Row{WorkflowLog: row}, localKeyword: true}, run)
}

// close drops the rows that were looked at and do not match. Those that match are no longer pending.
func (s *stream) close(matches map[list.Position]bool) {
	s.rows = slices.DeleteFunc(s.rows, func(row candidate) bool {
		match, looked := matches[row.Position]
		return looked && !match
	})
	for i, row := range s.rows {
		s.rows[i].pending = row.pending && !matches[row.Position]
	}
}
