package feed

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// This file asks Dify on behalf of a stream, within what the page and its operation may ask.

// askCounted asks at the expense of the budget, and once more where the answer contradicts itself: rows may go between two of
// Dify's statements, but hardly twice.
func (s *stream) askCounted(ctx context.Context, w span, page, limit int, fresh bool) (*difyapi.LogPage, error) {
	answer, err := s.askOnce(ctx, w, page, limit, fresh)
	if err == nil && answer.Contradicts() && !s.distrusts {
		answer, err = s.askOnce(ctx, w, page, limit, true)
		s.distrusts = err == nil && answer.Contradicts()
	}
	return answer, err
}

func (s *stream) askOnce(ctx context.Context, w span, page, limit int, fresh bool) (*difyapi.LogPage, error) {
	if s.budget > 0 && s.moved() && (s.counted >= s.budget || !s.scans.take()) {
		return nil, errSpent
	}
	s.counted++
	return s.ask(ctx, w, page, limit, fresh)
}

// ask asks Dify for one page of a window. A window that takes several answers is asked for afresh.
func (s *stream) ask(ctx context.Context, w span, page, limit int, fresh bool) (*difyapi.LogPage, error) {
	if err := s.ensureSupported(ctx); err != nil {
		return nil, err
	}
	answer, err := s.logs(ctx, bounded(s.query, w, page, limit), fresh)
	if err != nil {
		return nil, err
	}
	if err := s.check(ctx, answer, w); err != nil {
		return nil, err
	}
	s.keepSample(answer)
	s.version = answer.Version
	s.scan.add(tally{rows: len(answer.Rows), asOf: answer.SentAt})
	if w == s.bounds && page == 1 {
		s.total = answer.Total
	}
	return answer, nil
}

func (s *stream) mayAsk() bool {
	s.foreseen--
	return s.foreseen >= 0 || s.together.take() || s.source.Extra()
}

// logs is one call. It is counted among those that were foreseen as long as some are left, and then among the operation's extra ones.
func (s *stream) logs(ctx context.Context, q difyapi.LogQuery, fresh bool) (*difyapi.LogPage, error) {
	if !s.mayAsk() {
		return nil, errSpent
	}
	answer, sent, err := s.askWider(ctx, q, fresh)
	if answer == nil && err == nil {
		if s.scan.calls += sent; sent > 0 && !s.mayAsk() {
			return nil, errSpent
		}
		s.compared = true
		answer, sent, err = s.source.Logs(ctx, s.app, q, fresh)
	}
	s.scan.calls += sent
	if errors.Is(err, difyapi.ErrAllowanceSpent) {
		err = errSpent
	}
	return answer, err
}

// bounded is the query for one page of a window. The end of a window is the end of its last second, which is right on
// servers with and without fractions.
func bounded(q difyapi.LogQuery, w span, page, limit int) difyapi.LogQuery {
	q.Page, q.Limit = page, limit
	if w.from != beginning {
		q.CreatedAfter = time.Unix(w.from, 0).UTC()
	}
	if w.to != end {
		q.CreatedBefore = endOf(w.to)
	}
	return q
}

// endOf is the last moment of a second.
func endOf(second int64) time.Time { return time.Unix(second, 999_999_000).UTC() }

// keepSample keeps a row to hold the app's clock against: one with a run if there is one, since its run's id finds it.
func (s *stream) keepSample(page *difyapi.LogPage) {
	if s.sample != nil && s.sample.WorkflowRun != nil || len(page.Rows) == 0 {
		return
	}
	s.sample = page.Rows[max(0, slices.IndexFunc(page.Rows, func(row *difyapi.WorkflowLog) bool { return row.WorkflowRun != nil }))]
}

// check holds the answer against the question: a server may ignore what it does not know, or show other times than those that
// it compares.
func (s *stream) check(ctx context.Context, page *difyapi.LogPage, w span) error {
	if err := s.supported(w, page.Version); err != nil {
		return err
	}
	if err := s.checkTimes(ctx, page, w); err != nil {
		return err
	}
	q := bounded(s.query, w, 0, 0)
	for _, row := range page.Rows {
		if filter := contradiction(q, row); filter != "" {
			return &unsupportedError{Filter: filter, Has: page.Version}
		}
		if s.filter.TriggeredFrom != nil && page.Version.IsZero() && lacksTrigger(row) {
			return noTriggers(page.Version)
		}
	}
	return nil
}
