package feed

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/internal/rescue"
)

// This file decides how a keyword beside session ids is looked for. Dify up to 1.16 answers the two together with a server error.
// So either the keyword is sent, and the rows' session ids are looked at here; or each session id is sent, and the keyword is
// looked for here, in the runs. The results are the same, the calls are not: a keyword that is common beside a session that is
// rare would take all of the keyword's rows. How many rows each of them has tells which is less.

// Combinations remembers which apps' servers take a keyword together with a session id. It may forget.
type Combinations interface {
	Combines(app string, v difyapi.Version) (works, tried bool)
	NoteCombines(app string, v difyapi.Version, works bool)
}

// What calls cost, as multiples of the time in which a large Dify finds a run: of one run, of a page of the log, and of a page of the
// log with a keyword, for which Dify looks at each run of the app.
const (
	lookCost   = 1
	listCost   = 10
	searchCost = 40
)

// chooseCalls is how many calls choosing takes beside one for each session id: for the keyword's rows, and to try the two together.
const chooseCalls = 2

// callsForSession is what is foreseen of each session id: to count its rows, and to read some.
const callsForSession = 2

// sessionCost is what it costs to read sessions of so many rows, and to look at the run of each.
func sessionCost(rows []int) (cost int) {
	for _, n := range rows {
		cost += pagesOf(n)*listCost + n*lookCost
	}
	return cost
}

// keywordCost is what it costs to read so many rows that have the keyword.
func keywordCost(rows int) int { return pagesOf(rows) * searchCost }

func pagesOf(rows int) int { return (rows + maxLimit - 1) / maxLimit }

// choose replaces each stream that sends the keyword by streams that send a session id, where reading these costs less.
func (r *reader) choose(ctx context.Context) error {
	if len(r.sessions) == 0 {
		return nil
	}
	if err := r.each(ctx, r.streams, r.chooseFor); err != nil {
		return err
	}
	var chosen []*stream
	for _, s := range r.streams {
		if s.replacements == nil {
			chosen = append(chosen, s)
			continue
		}
		r.scan.add(s.scan)
		for _, c := range s.replacements {
			if s.timeLeft != nil {
				c.timeLeft = new(*s.timeLeft)
			}
		}
		chosen = append(chosen, s.replacements...)
		if search := s.replacements[0].search; search != nil {
			r.search = search
		}
	}
	r.streams = chosen
	return nil
}

func (r *reader) chooseFor(ctx context.Context, s *stream) error {
	if s.done() {
		return nil
	}
	v, err := s.source.Version(ctx, s.app)
	if err != nil {
		return err
	}
	bySession := r.bySession(s)
	if !s.takes(v) || !bySession[0].takes(v) {
		return nil // it is refused, or the rows' session ids have to be looked at here
	}
	for _, c := range bySession {
		s.foreseen -= c.foreseen
	}
	if combined, err := s.combines(ctx, r.sessions[0], v); err != nil || combined {
		for _, c := range bySession {
			c.query.Keyword, c.search, c.localKeyword = s.query.Keyword, s.search, false
		}
		s.replacements = bySession
		return err
	}
	switch less, err := s.isMoreThan(ctx, bySession); {
	case err != nil:
		return err
	case less:
		s.replacements = bySession
	default:
		for _, c := range bySession {
			s.scan.add(c.scan)
			s.foreseen += max(0, c.foreseen)
		}
	}
	return nil
}

// takes tells whether a version applies what the stream asks for.
func (s *stream) takes(v difyapi.Version) bool { return s.supported(s.rest, v) == nil }

// bySession are streams that send a session id each, and look for the keyword here.
func (r *reader) bySession(s *stream) []*stream {
	streams, scans := make([]*stream, len(r.sessions)), s.scans.part(s.budget-len(r.sessions))
	for i, session := range r.sessions {
		c := *s
		c.query.Keyword, c.query.EndUserSessionID = "", session
		c.filter.EndUserSessionID = nil // the end user of a row may be gone
		c.search, c.localKeyword, c.versioned = r.localSearch, true, false
		c.scans = scans
		c.beside = s.beside * len(r.sessions)
		c.foreseen = min(callsForSession, s.foreseen/len(r.sessions))
		streams[i] = &c
	}
	return streams
}

// combines tells whether the server takes the keyword and a session id together, which is tried once: a server that should may
// not, as where a fork has an older list.
func (s *stream) combines(ctx context.Context, session string, v difyapi.Version) (bool, error) {
	if !v.AtLeast(difyapi.SinceKeywordInSession) {
		return false, nil
	}
	works, tried := s.source.Combines(s.app, v)
	if tried {
		return works, nil
	}
	if !s.mayAsk() {
		return false, errSpent
	}
	q := s.query
	q.EndUserSessionID = session
	_, err := s.source.Probe(ctx, s.app, bounded(q, s.rest, 1, 1))
	switch {
	case errors.Is(err, difyapi.ErrAllowanceSpent):
		return false, errSpent
	case err != nil && !difyapi.IsServerError(err):
		return false, err
	}
	s.source.NoteCombines(s.app, v, err == nil)
	return err == nil, nil
}

// isMoreThan tells whether reading the stream costs more than reading those of the session ids. The keyword's rows are counted only
// where a single page of them may cost less.
func (s *stream) isMoreThan(ctx context.Context, bySession []*stream) (bool, error) {
	rows, err := countEach(ctx, bySession)
	if _, ignored := errors.AsType[*unsupportedError](err); ignored {
		return false, nil // by a server whose version is not known
	}
	if err != nil {
		return false, err
	}
	cost := sessionCost(rows)
	if cost <= searchCost {
		return true, nil
	}
	n, err := s.countRest(ctx)
	return err == nil && cost < keywordCost(n), err
}

// countEach counts the rows of streams side by side.
func countEach(ctx context.Context, streams []*stream) ([]int, error) {
	rows := make([]int, len(streams))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range streams {
		group.Go(func() error {
			return rescue.Call(func() (err error) {
				rows[i], err = s.countRest(ctx)
				return err
			})
		})
	}
	return rows, group.Wait()
}

// countRest counts the rows of the seconds that are not known yet. Where there are none, these are known.
func (s *stream) countRest(ctx context.Context) (int, error) {
	page, err := s.ask(ctx, s.rest, 1, 1, false)
	if err != nil {
		return 0, err
	}
	if page.Total == 0 && page.Last() {
		s.finish()
	}
	return page.Total, nil
}
