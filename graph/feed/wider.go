package feed

import (
	"context"
	"slices"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// Of many apps most have no row on a page, nor in the hours before it. What is read of them toward older rows need not compare the
// cursor's time: an answer to a window that ends later, with no newer row, is the same.

// askWider answers a question of a later page in that way; nil where that can't be.
func (s *stream) askWider(ctx context.Context, q difyapi.LogQuery, fresh bool) (answer *difyapi.LogPage, sent int, err error) {
	if fresh || s.from == nil || s.toward == list.Newer || q.Page > 1 {
		return nil, 0, nil
	}
	answer, sent, err = s.source.Recall(ctx, s.app, q)
	if answer != nil || err != nil || !s.isNext(q) || s.moved() || s.from.Position.App == s.app || (clock{stream: s}).knowsBefore() {
		return answer, sent, err
	}
	end := q.CreatedBefore
	q.CreatedBefore = endOf(min(s.first()+2*hour, s.bounds.writable().to))
	if answer, sent, err = s.source.Logs(ctx, s.app, q, false); err != nil {
		return nil, sent, err
	}
	return s.until(end, answer), sent, nil
}

// isNext tells whether a question is for rows from the cursor on, and not for a count.
func (s *stream) isNext(q difyapi.LogQuery) bool {
	return q.Limit > 1 && q.CreatedBefore.Equal(endOf(s.rest.to))
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
