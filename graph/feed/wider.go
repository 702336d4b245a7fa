package feed

import (
	"context"
	"slices"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// This file answers questions behind a cursor from answers for wider windows, so that most apps of a long list need no call and no check
// of their clocks. Most have no row on a page, nor in the two hours before the cursor. A window that begins these hours earlier then
// has the same answer, and Dify has not compared the cursor's time, which may be shown by another app's clock. And a kept answer
// to an earlier page's window may have all rows that this page wants.

// askWider answers a question in these ways; nil where neither will do.
func (s *stream) askWider(ctx context.Context, q difyapi.LogQuery, fresh bool) (answer *difyapi.LogPage, sent int, err error) {
	if fresh || s.from == nil || q.Page > 1 {
		return nil, 0, nil
	}
	answer, sent, err = s.recall(ctx, q)
	if answer != nil || err != nil || !s.isNext(q) || s.moved() || s.from.Position.App == s.app || (clock{stream: s}).knowsBefore() {
		return answer, sent, err
	}
	if answer, sent, err = s.source.Logs(ctx, s.app, s.wider(q), false); err != nil {
		return nil, sent, err
	}
	return s.narrow(q, answer), sent, nil
}

// recall answers from memory. Questions for counts (limit 1) are not worth it toward newer rows: nothing else asks for their windows.
func (s *stream) recall(ctx context.Context, q difyapi.LogQuery) (answer *difyapi.LogPage, sent int, err error) {
	switch {
	case s.toward == list.Older:
		return s.source.Recall(ctx, s.app, q)
	case q.Limit == 1:
		return nil, 0, nil
	}
	answer, sent, err = s.source.RecallAround(ctx, s.app, q)
	if answer != nil {
		answer = s.narrow(q, answer)
	}
	return answer, sent, err
}

// isNext tells whether a question is for rows from the cursor on, and not for a count.
func (s *stream) isNext(q difyapi.LogQuery) bool {
	next := bounded(difyapi.LogQuery{}, s.rest, 0, 0)
	if s.toward == list.Older {
		return q.Limit > 1 && q.CreatedBefore.Equal(next.CreatedBefore)
	}
	return q.Limit > 1 && q.CreatedAfter.Equal(next.CreatedAfter)
}

// wider is q with the two hours before the cursor in its window, as rows are met.
func (s *stream) wider(q difyapi.LogQuery) difyapi.LogQuery {
	w := s.bounds.writable()
	if s.toward == list.Older {
		q.CreatedBefore = endOf(min(s.first()+2*hour, w.to))
	} else {
		q.CreatedAfter = time.Unix(max(s.first()-2*hour, w.from), 0).UTC()
	}
	return q
}

// narrow is what an answer to a question for a wider window says to q; nil if it may lack rows of q's.
func (s *stream) narrow(q difyapi.LogQuery, answer *difyapi.LogPage) *difyapi.LogPage {
	if s.toward == list.Older {
		return s.until(q.CreatedBefore, answer)
	}
	return s.part(q, answer)
}

// until is an answer without the rows that are newer than the end of a window; nil if it may have had others in their place. Where
// there are such rows, the app's clock is to be looked at.
func (s *stream) until(end time.Time, answer *difyapi.LogPage) *difyapi.LogPage {
	newer := slices.IndexFunc(answer.Rows, func(row *difyapi.WorkflowLog) bool { return !row.CreatedAt.After(end) })
	switch {
	case newer == 0 || len(answer.Rows) == 0:
		return answer
	case newer < 0:
		return nil
	}
	s.compared = true
	rest := *answer
	rest.Rows, rest.Limit, rest.Total = answer.Rows[newer:], answer.Limit-newer, answer.Total-newer
	return &rest
}

// part has an answer's rows of q's window; nil if they may not be all, since the answer may be cut among them. Where it has others,
// the app's clock is to be looked at.
func (s *stream) part(q difyapi.LogQuery, answer *difyapi.LogPage) *difyapi.LogPage {
	window := difyapi.LogQuery{CreatedAfter: q.CreatedAfter, CreatedBefore: q.CreatedBefore}
	rows := slices.DeleteFunc(slices.Clone(answer.Rows), func(row *difyapi.WorkflowLog) bool { return contradiction(window, row) != "" })
	n := len(answer.Rows)
	if answer.Contradicts() || !answer.Last() && !answer.Rows[n-1].CreatedAt.Before(q.CreatedAfter) {
		return nil
	}
	s.compared = s.compared || len(rows) < n
	part := *answer
	part.Rows, part.Total, part.HasMore = rows, len(rows), false
	return &part
}
