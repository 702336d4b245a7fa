package difyapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

const workflowLogsPath = "/workflows/logs"

// LogPage is one answer of GET /workflows/logs.
type LogPage struct {
	// Rows are as Dify ordered them: CreatedAt descending, those of one second in an order that means nothing.
	Rows []*WorkflowLog
	// Page and Limit are what was asked, defaults filled in. Limit is less where the server says that it gives no more: then
	// Page counts pages of that many rows.
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

// Last reports whether nothing comes after the page, by all that Dify says of it: it is short of its limit, and its counts say
// no other. Where they do, because a proxy cuts answers or Dify counts what it does not show, rows may come.
func (p *LogPage) Last() bool { return len(p.Rows) < p.Limit && !p.Contradicts() }

// Contradicts reports whether the page is short of its limit although Dify's counts say that more rows come. That happens where
// rows go between the statements of an answer, and not twice by chance.
func (p *LogPage) Contradicts() bool {
	return len(p.Rows) < p.Limit && (p.HasMore || p.Total > (p.Page-1)*p.Limit+len(p.Rows))
}

// logPageBody is the envelope of a page. Members that Dify always sends are pointers, so that a page without them is told
// from one with zeros.
type logPageBody struct {
	Page    *int           `json:"page"`
	Limit   *int           `json:"limit"`
	Total   *int           `json:"total"`
	HasMore bool           `json:"has_more"`
	Data    []*WorkflowLog `json:"data"`
}

// readLogPage reads the body as fast as can be, or in all the forms that values can have.
func (a *answer) readLogPage() (*logPageBody, []jsontext.Pointer, error) {
	if body, ok := readPage(a.body); ok {
		return body, nil, nil
	}
	return decode[logPageBody](a, workflowLogsPath)
}

// logPage reads a body as the answer to a query with its defaults filled in.
func (a *answer) logPage(q LogQuery) (*LogPage, error) {
	body, unreadable, err := a.readLogPage()
	if err != nil {
		return nil, err
	}
	if body.Limit == nil {
		body.Limit = &q.Limit
	}
	if fault := body.fault(q); fault != nil {
		return nil, a.notTheAPI(workflowLogsPath, fault)
	}
	body.mark(unreadable)
	for _, row := range body.Data {
		row.normalize()
	}
	return &LogPage{
		Rows: body.Data, Page: q.Page, Limit: *body.Limit, Total: *body.Total, HasMore: body.HasMore,
		Receipt: a.receipt(unreadable),
	}, nil
}

// mark tells the rows which of their members could not be read.
func (b *logPageBody) mark(unreadable []jsontext.Pointer) {
	for _, at := range unreadable {
		path := slices.Collect(at.Tokens())
		if len(path) < 2 || path[0] != "data" {
			continue
		}
		if row, err := strconv.Atoi(path[1]); err == nil {
			b.Data[row].mark(path[2:])
		}
	}
}

// fault is the reason why the body is no answer to the query, if it is none.
func (b *logPageBody) fault(q LogQuery) *fault {
	switch {
	case b.Data == nil:
		return &fault{"data", "is no array"}
	case b.Total == nil || *b.Total < 0:
		return &fault{"total", "is no number of rows"}
	case b.Page != nil && *b.Page != q.Page:
		return &fault{"page", fmt.Sprintf("is %d, %d was asked for", *b.Page, q.Page)}
	case *b.Limit > q.Limit || *b.Limit < 1:
		// A smaller one is the server's own: whoever goes by it loses no row.
		return &fault{"limit", fmt.Sprintf("is %d, %d was asked for", *b.Limit, q.Limit)}
	case len(b.Data) > *b.Limit:
		return &fault{"data", fmt.Sprintf("has %d rows, %d were asked for", len(b.Data), *b.Limit)}
	}
	return b.faultOfRows()
}

func (b *logPageBody) faultOfRows() *fault {
	seen := make(map[uuid.UUID]time.Time, len(b.Data))
	for i, row := range b.Data {
		if row == nil {
			return &fault{fmt.Sprintf("data[%d]", i), "is no object"}
		}
		if member := row.lacks(); member != "" {
			return &fault{fmt.Sprintf("data[%d].%s", i, member), "is missing or can't be read"}
		}
		if at, again := seen[row.ID]; again && !at.Equal(row.CreatedAt) {
			return &fault{fmt.Sprintf("data[%d].id", i), "is that of a row of another time"}
		}
		seen[row.ID] = row.CreatedAt
	}
	return nil
}

// lacks is the member without which nothing can be done with the row, if it lacks one.
func (l *WorkflowLog) lacks() string {
	switch {
	case l.ID == uuid.Nil:
		return "id"
	case l.CreatedAt.Unix() <= 0:
		return "created_at"
	default:
		return ""
	}
}
