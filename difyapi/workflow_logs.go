package difyapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
)

const workflowLogsPath = "/workflows/logs"

// LogPage is one answer of GET /workflows/logs.
type LogPage struct {
	// Rows are as Dify ordered them: CreatedAt descending, those of one second in an order that means nothing.
	Rows []*WorkflowLog
	// Page and Limit are what was asked, defaults filled in.
	Page, Limit int
	// Total is how many rows match, and HasMore whether some of them come after this page. Dify counts in a statement of
	// its own, so neither needs to agree with Rows where rows come or go.
	Total   int
	HasMore bool

	Receipt
}

// WorkflowLogs reads one page of the app's workflow log, newest first: GET /workflows/logs. A query out of range is an
// [ErrInvalidQuery], and nothing is sent. A key of an app that is no workflow gets an empty page.
func (c *Client) WorkflowLogs(ctx context.Context, q LogQuery) (*LogPage, error) {
	q, err := q.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("dify: GET %s: %w", workflowLogsPath, err)
	}
	got, err := c.get(ctx, workflowLogsPath, q.encode())
	if err != nil {
		return nil, err
	}
	return got.logPage(q)
}

// logPageBody is the envelope of a page. Members that Dify always sends are pointers, so that a page without them is told
// from one with zeros.
type logPageBody struct {
	Limit   *int           `json:"limit"`
	Total   *int           `json:"total"`
	HasMore bool           `json:"has_more"`
	Data    []*WorkflowLog `json:"data"`
}

// logPage reads a body as the answer to a query with its defaults filled in.
func (a *answer) logPage(q LogQuery) (*LogPage, error) {
	var body logPageBody
	if err := a.decode(workflowLogsPath, &body, decoding); err != nil {
		return nil, err
	}
	if err := body.fault(q.Limit); err != nil {
		return nil, a.notTheAPI(workflowLogsPath, err)
	}
	for _, row := range body.Data {
		row.normalize()
	}
	return &LogPage{
		Rows: body.Data, Page: q.Page, Limit: q.Limit, Total: *body.Total, HasMore: body.HasMore,
		Receipt: a.receipt(),
	}, nil
}

// fault is the reason why the body is no page of the API, if it is none.
func (b *logPageBody) fault(limit int) error {
	switch {
	case b.Data == nil:
		return errors.New("the page has no data array")
	case b.Total == nil || *b.Total < 0:
		return errors.New("the page has no total")
	case b.Limit != nil && *b.Limit != limit:
		// Whoever takes a page that is short of its limit for the last would lose the rest.
		return fmt.Errorf("the page has a limit of %d, %d was asked for", *b.Limit, limit)
	case len(b.Data) > limit:
		return fmt.Errorf("the page has %d rows, %d were asked for", len(b.Data), limit)
	}
	for i, row := range b.Data {
		if err := row.fault(); err != nil {
			return fmt.Errorf("row %d %w", i, err)
		}
	}
	return nil
}

// fault is the reason why the row is none of the API, if it is none: without ids and time nothing can be done with it.
func (l *WorkflowLog) fault() error {
	switch {
	case l == nil:
		return errors.New("is null")
	case l.ID == uuid.Nil:
		return errors.New("has no id")
	case l.CreatedAt.Unix() <= 0:
		return errors.New("has no created_at")
	case l.WorkflowRun != nil && l.WorkflowRun.ID == uuid.Nil:
		return errors.New("has a run without id")
	case l.CreatedByEndUser != nil && l.CreatedByEndUser.ID == uuid.Nil:
		return errors.New("has an end user without id")
	}
	return nil
}
