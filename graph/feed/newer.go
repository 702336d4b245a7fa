package feed

import (
	"context"
	"slices"

	"github.com/difygraph/difygraph/difyapi"
)

const (
	// tailTries is how often a tail is asked for that moved meanwhile, before the window is made smaller.
	tailTries = 3
	// decade bounds the first guess of where a log begins, in seconds.
	decade = 10 * 365 * 24 * 3600
)

// readNewer reads on toward newer rows. Dify gives the newest first, so those that come next are at the far end of their
// window, behind an OFFSET as long as the rest. So the window is bounded above by a guess, such that one answer holds it;
// where the guess was too large, the total tells on which page its tail is.
func (s *stream) readNewer(ctx context.Context, wanted int) error {
	if w, ok := s.ahead.window(s.streamKey, s.rest, s.now); ok && s.density.misses == 0 {
		return s.readAhead(ctx, w, wanted)
	}
	w := s.guess(wanted)
	limit := maxLimit
	if w == s.rest && w.to >= s.now {
		limit = s.limit(wanted)
	}
	return s.readWindow(ctx, w, limit, wanted)
}

// guess is the window that should hold the rows that are wanted; all of the rest where there is nothing to go by, or
// where the guess would reach the present, so that whoever polls the newest rows is answered by one call.
func (s *stream) guess(wanted int) span {
	idle := s.ahead.rows > 0 && s.density.misses > 0 // it has hardly any rows for the next pages
	if !s.density.guides() || s.rest.from == beginning || idle {
		return s.rest
	}
	if !s.whole {
		wanted = maxLimit
	}
	w := span{s.rest.from, s.rest.from + s.density.window(s.rest.from, s.hints().Crowd, wanted) - 1}
	if w.to >= s.now || w.to >= s.rest.to {
		return s.rest
	}
	return w
}

// readWindow makes known the oldest rows of a window that begins at the next second.
func (s *stream) readWindow(ctx context.Context, w span, limit, wanted int) error {
	head, err := s.askHead(ctx, w, limit, false)
	if err != nil {
		return err
	}
	if ended(head) {
		s.takeWindow(w, head.Rows, wanted)
		return nil
	}
	cut, whole := newestSeconds(head)
	s.expect(head.Rows[len(head.Rows)-1])
	if head.Total-len(whole) < maxLimit && (cut < w.to || limit < maxLimit) {
		return s.readBelow(ctx, w, cut, whole, wanted)
	}
	if len(whole) == 0 && limit == maxLimit && head.Total < 2*maxLimit {
		logs, known, err := s.readTwoPages(ctx, w, head)
		if err != nil {
			return err
		}
		if known {
			s.takeWindow(w, logs, wanted)
			return nil
		}
	}
	return s.readTail(ctx, w, head, wanted)
}

// readTwoPages reads a window that fits two answers, where all rows of the first, head, are of one second. Most of the second answer
// would be of that second, too, and of no use without the first. known is false where rows moved meanwhile.
func (s *stream) readTwoPages(ctx context.Context, w span, head *difyapi.LogPage) (logs []*difyapi.WorkflowLog, known bool, err error) {
	var c completeness
	c.add(head)
	for _, page := range []int{2, 1} {
		answer, err := s.askCounted(ctx, w, page, maxLimit, true)
		if err != nil {
			return nil, false, err
		}
		c.add(answer)
	}
	logs, known = c.whole()
	return logs, known, nil
}

// readBelow reads the rest of a window of which the rows above the second cut are known, where one call should do.
func (s *stream) readBelow(ctx context.Context, w span, cut int64, whole []*difyapi.WorkflowLog, wanted int) error {
	if err := s.readWindow(ctx, span{w.from, cut}, maxLimit, wanted); err != nil {
		return err
	}
	if s.next() == cut+1 {
		s.takeWindow(span{cut + 1, w.to}, whole, wanted)
	}
	return nil
}

// readTail reads the last page of a window.
func (s *stream) readTail(ctx context.Context, w span, head *difyapi.LogPage, wanted int) error {
	total := head.Total
	for range tailTries {
		if head.Contradicts() {
			break // whoever plans by its total goes astray
		}
		page, limit, _ := tail(total, s.limit(wanted))
		if page == 0 {
			break
		}
		answer, err := s.askCounted(ctx, w, page, limit, true)
		if err != nil {
			return err
		}
		if len(answer.Rows) > 0 && answer.Limit == limit && answer.Last() {
			return s.takeTail(ctx, w, answer, wanted)
		}
		total = answer.Total
	}
	return s.readHalf(ctx, w, head.Rows, wanted)
}

// takeWindow takes a window that is wholly known.
func (s *stream) takeWindow(w span, logs []*difyapi.WorkflowLog, wanted int) {
	s.take(logs)
	if w.to == s.rest.to {
		s.finish()
		return
	}
	s.hasNext = false
	s.advance(w.to + 1)
	s.density.learn(len(logs), length(w, logs), s.covered(), wanted)
}

// length is in seconds; of a window without a lower bound, from its oldest row on.
func length(w span, logs []*difyapi.WorkflowLog) int64 {
	if len(logs) > 0 && w.from == beginning {
		w.from = secondOf(slices.MinFunc(logs, func(a, b *difyapi.WorkflowLog) int { return a.CreatedAt.Compare(b.CreatedAt) }))
	}
	return w.to - w.from + 1
}

// takeTail takes the seconds of a window's last page that are whole: all but the newest, of which the page may have only
// a part, unless it is the first page too.
func (s *stream) takeTail(ctx context.Context, w span, tail *difyapi.LogPage, wanted int) error {
	if tail.Page == 1 {
		s.takeWindow(w, tail.Rows, wanted)
		return nil
	}
	logs := tail.Rows
	cut := secondOf(logs[0])
	whole := slices.IndexFunc(logs, func(l *difyapi.WorkflowLog) bool { return secondOf(l) != cut })
	s.expect(logs[0])
	s.advance(cut)
	if whole < 0 {
		return s.readSecond(ctx, cut, logs)
	}
	s.take(logs[whole:])
	s.noteNext(logs[:whole])
	s.density.learn(len(logs)-whole, cut-secondOf(logs[len(logs)-1]), s.covered(), wanted)
	return nil
}

// readHalf reads the older half of a window whose tail could not be had, because it kept moving or because no page number
// reaches it. head are its newest rows.
func (s *stream) readHalf(ctx context.Context, w span, head []*difyapi.WorkflowLog, wanted int) error {
	newest := secondOf(head[0])
	if newest <= w.from {
		return s.readSecond(ctx, w.from, head)
	}
	from := max(w.from, newest-decade)
	return s.readWindow(ctx, span{w.from, from + (newest-from)/2}, maxLimit, wanted)
}
