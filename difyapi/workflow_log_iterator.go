package difyapi

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/google/uuid"
)

// EachWorkflowLog reads the entries that meet the query, newest first and each at most once, by as many calls as it
// takes: of q.Limit rows, or of 100 where it is 0. q.Page must be 0 or 1. It ends with the first error, which it yields beside
// a nil entry, and when its loop is left.
//
// It never reads on by page number, which loses rows: each call asks for what is not newer than the last second of the one
// before, and what was already yielded of that second is dropped. Only a second with more rows than fit one call is read
// page by page, in a window of its own. Dify orders the rows of a second anew for each query, so some of such a second may be
// missing: a larger limit makes that rarer, and up to 100 rows in a second no row is lost at limit 100. The rows of
// a second that is read by several calls come in no particular order.
//
// A row that begins to match during the walk may be missing. A server that ignores the window ([LogQuery.UnsupportedBy]), or
// counts rows that it does not give ([LogPage.Contradicts]), is an error of [KindBadResponse].
func (c *Client) EachWorkflowLog(ctx context.Context, q LogQuery) iter.Seq2[*WorkflowLog, error] {
	return func(yield func(*WorkflowLog, error) bool) {
		w, err := newLogWalk(c, q)
		if err != nil {
			yield(nil, err)
			return
		}
		if err := w.run(ctx, yield); err != nil {
			yield(nil, err)
		}
	}
}

// logWalk is one pass over an iterator; the caller's query stays as it was.
type logWalk struct {
	client *Client
	window LogQuery // what is still to be read
	// second is the second that the last call ended in, and seen the rows that were yielded of it.
	second time.Time
	seen   map[uuid.UUID]struct{}
}

func newLogWalk(c *Client, q LogQuery) (*logWalk, error) {
	if q.Page > 1 {
		return nil, fmt.Errorf("dify: GET %s: %w: page %d to start an iterator from", workflowLogsPath, ErrInvalidQuery, q.Page)
	}
	if q.Limit == 0 {
		q.Limit = MaxLimit
	}
	return &logWalk{client: c, window: q, seen: map[uuid.UUID]struct{}{}}, nil
}

type yieldLog = func(*WorkflowLog, error) bool

// run moves the window until a page is the last. It returns nil when the loop was left, too.
func (w *logWalk) run(ctx context.Context, yield yieldLog) error {
	for {
		page, err := w.read(ctx, w.window)
		if err != nil || !w.yieldNew(page.Rows, yield) || page.Last() {
			return err
		}
		rows := page.Rows
		first, last := rows[0].CreatedAt, rows[len(rows)-1].CreatedAt
		w.window.CreatedBefore = earlier(w.window.CreatedBefore, endOfSecond(last))
		if !first.Equal(last) {
			continue
		}
		more, err := w.crossSecond(ctx, last, len(rows), yield)
		if err != nil || !more {
			return err
		}
	}
}

// crossSecond reads a second that fills a whole call of limit rows page by page, and moves the window past it. More is false
// where the loop was left, or the window ends with the second.
func (w *logWalk) crossSecond(ctx context.Context, second time.Time, limit int, yield yieldLog) (more bool, err error) {
	inside := w.window
	inside.CreatedAfter = later(inside.CreatedAfter, second)
	inside.Limit = limit
	for inside.Page = 1; inside.Page <= MaxPage; inside.Page++ {
		page, err := w.read(ctx, inside)
		if err != nil || !w.yieldNew(page.Rows, yield) {
			return false, err
		}
		if page.Last() {
			break
		}
	}
	w.window.CreatedBefore = second.Add(-time.Microsecond)
	return !w.window.CreatedBefore.Before(w.window.CreatedAfter), nil
}

// read makes one call, and a second one where the page contradicts itself, as it does where rows go meanwhile. One that has no
// rows then, although there are some, leaves nothing to read on from.
func (w *logWalk) read(ctx context.Context, q LogQuery) (*LogPage, error) {
	page, err := w.readOnce(ctx, q)
	if err == nil && page.Contradicts() {
		page, err = w.readOnce(ctx, q)
	}
	if err == nil && page.Contradicts() && len(page.Rows) == 0 {
		return nil, notTheAPI(workflowLogsPath, &fault{"data", "has no rows, although the answer says that there are more"})
	}
	return page, err
}

// readOnce holds the rows of one call against the window: a server that ignores bounds would be asked forever.
func (w *logWalk) readOnce(ctx context.Context, q LogQuery) (*LogPage, error) {
	page, err := w.client.WorkflowLogs(ctx, q)
	if err != nil {
		return nil, err
	}
	newest := q.CreatedBefore
	for _, row := range page.Rows {
		if !newest.IsZero() && row.CreatedAt.After(newest) || row.CreatedAt.Before(q.CreatedAfter.Truncate(time.Second)) {
			return nil, notTheAPI(workflowLogsPath, &fault{"data", "has rows outside of the window that was asked for, or out of order"})
		}
		newest = row.CreatedAt
	}
	return page, nil
}

// yieldNew yields the rows that were not yielded before; false when the loop was left. Rows of former seconds cannot come
// again, so only the ids of the current one are kept.
func (w *logWalk) yieldNew(rows []*WorkflowLog, yield yieldLog) bool {
	for _, row := range rows {
		if !row.CreatedAt.Equal(w.second) {
			w.second = row.CreatedAt
			clear(w.seen)
		}
		if _, known := w.seen[row.ID]; known {
			continue
		}
		w.seen[row.ID] = struct{}{}
		if !yield(row, nil) {
			return false
		}
	}
	return true
}

// endOfSecond is the last instant of a second that Dify can express: right for servers with and without fractions.
func endOfSecond(second time.Time) time.Time {
	return second.Add(time.Second - time.Microsecond)
}

// earlier is the earlier of two bounds, of which the first may be none.
func earlier(bound, t time.Time) time.Time {
	if bound.IsZero() || t.Before(bound) {
		return t
	}
	return bound
}

// later is the later of two bounds, of which the first may be none.
func later(bound, t time.Time) time.Time {
	if t.After(bound) {
		return t
	}
	return bound
}
