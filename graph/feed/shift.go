package feed

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// This file finds out by how much a Dify shows other times than it compares, see clock.go.

// shifted is the error for a row that Dify shows outside of the window that it was asked for.
func (s *stream) shifted(ctx context.Context, row *difyapi.WorkflowLog, w span, v difyapi.Version) error {
	if v.IsZero() {
		if ignored, err := s.isWithin(ctx, row, span{list.FirstSecond, list.FirstSecond}); ignored || err != nil {
			return cmp.Or[error](err, &unsupportedError{Filter: "createdAt", Has: v})
		}
	}
	if w.from == w.to {
		return &clockError{Shift: time.Duration(secondOf(row)-w.from) * time.Second}
	}
	shift, _, err := s.measure(ctx, row)
	if errors.Is(err, errSpent) {
		return &clockError{} // by how much is not worth more calls
	}
	return cmp.Or[error](err, &clockError{Shift: shift})
}

// isWithin asks whether Dify counts a row into a window. It is false for a row without a run, which can't be searched for.
func (s *stream) isWithin(ctx context.Context, row *difyapi.WorkflowLog, w span) (bool, error) {
	if w = w.writable(); row.WorkflowRun == nil || w.empty() {
		return false, nil
	}
	q := bounded(difyapi.LogQuery{Keyword: row.WorkflowRun.ID.String()}, w, 1, maxLimit)
	page, err := s.logs(ctx, q, true)
	return err == nil && hasRow(page, row.ID), err
}

// quarter is what all zones' offsets are multiples of, in seconds; maxQuarters are more than any has.
const quarter, maxQuarters = 15 * 60, 15 * 4

// measure finds out by how much a row is shown too late, halving the range of all zones' offsets by nine calls, and whether
// the row exists. The shift is 0 if it is none that a zone has.
func (s *stream) measure(ctx context.Context, row *difyapi.WorkflowLog) (shift time.Duration, exists bool, err error) {
	within := func(from, to int64) (bool, error) {
		return s.isWithin(ctx, row, span{secondOf(row) + from*quarter, secondOf(row) + to*quarter})
	}
	from, to := int64(-maxQuarters), int64(maxQuarters)
	found, err := within(from, to)
	if err == nil && !found { // It is gone, or shown at a time that has nothing to do with its own.
		exists, err = s.isWithin(ctx, row, span{beginning, end})
	}
	if err != nil || !found {
		return 0, exists, err
	}
	for from < to && err == nil {
		middle := from + (to-from)/2
		if found, err = within(from, middle); found {
			to = middle
		} else {
			from = middle + 1
		}
	}
	if err == nil {
		var exact bool
		if exact, err = within(from, from); !exact {
			from = 0
		}
	}
	return time.Duration(-from) * quarter * time.Second, true, err
}

// outOfOrder is the first row of an answer that is newer than the one before it, with that one; nil where there is none. Dify
// sorts by the time that it compares.
func outOfOrder(page *difyapi.LogPage) []*difyapi.WorkflowLog {
	for i := 1; i < len(page.Rows); i++ {
		if page.Rows[i].CreatedAt.After(page.Rows[i-1].CreatedAt) {
			return page.Rows[i-1 : i+1]
		}
	}
	return nil
}

// disordered is the error for rows of which one is shown at a wrong time: by how much, if a look at a few of them tells.
func (s *stream) disordered(ctx context.Context, rows []*difyapi.WorkflowLog) error {
	for _, row := range rows[:min(len(rows), 3)] {
		shift, _, err := s.measure(ctx, row)
		if errors.Is(err, errSpent) {
			break
		} else if err != nil {
			return err
		}
		if shift != 0 {
			return &clockError{Shift: shift}
		}
	}
	return &clockError{}
}
