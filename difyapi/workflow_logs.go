package difyapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// RunStatus is the state of a run as Dify writes it. Values that this package does not name occur and are kept.
type RunStatus string

// The statuses of Dify 1.14. Succeeded, failed, stopped and partial-succeeded are final. A run whose server crashed, or
// that was stopped before 1.14, can stay at running for good.
const (
	StatusRunning          RunStatus = "running"
	StatusSucceeded        RunStatus = "succeeded"
	StatusFailed           RunStatus = "failed"
	StatusStopped          RunStatus = "stopped"
	StatusPartialSucceeded RunStatus = "partial-succeeded"
	StatusPaused           RunStatus = "paused"
)

var (
	filterable = []RunStatus{StatusSucceeded, StatusFailed, StatusStopped}
	final      = []RunStatus{StatusSucceeded, StatusFailed, StatusStopped, StatusPartialSucceeded}
	known      = []RunStatus{StatusRunning, StatusSucceeded, StatusFailed, StatusStopped, StatusPartialSucceeded, StatusPaused}
)

// Filterable reports whether Dify filters by the status.
func (s RunStatus) Filterable() bool { return slices.Contains(filterable, s) }

// Final reports whether a run that has the status keeps it.
func (s RunStatus) Final() bool { return slices.Contains(final, s) }

// Known reports whether this package names the status.
func (s RunStatus) Known() bool { return slices.Contains(known, s) }

// WorkflowLog is one entry of an app's workflow log: a row of GET /workflows/logs. Rows of a page that is kept are shared:
// they are not to be changed.
type WorkflowLog struct {
	ID uuid.UUID `json:"id"`
	// WorkflowRun is nil where Dify no longer has the run, or does not have it yet.
	WorkflowRun *WorkflowRun `json:"workflow_run"`
	// Details is JSON, usually nil.
	Details jsontext.Value `json:"details"`
	// CreatedFrom is service-api, web-app, installed-app, openapi or a newer value.
	CreatedFrom string `json:"created_from"`
	// CreatedByRole is account, end_user or a newer value.
	CreatedByRole string `json:"created_by_role"`
	// CreatedByAccount and CreatedByEndUser are both nil where the member or end user is gone, whatever the role says.
	CreatedByAccount *Account `json:"created_by_account"`
	CreatedByEndUser *EndUser `json:"created_by_end_user"`
	// CreatedAt is in whole seconds, UTC, by the clock of Dify's database: up to a second later than the run's. It is the
	// run's start from Dify 1.11.0 on, its end before.
	CreatedAt time.Time `json:"created_at"`

	Unreadable Unreadable `json:"-"`

	serial uint64
}

// Serial tells what was read here apart from all else that this process has read, the same entry at another time included: who
// makes something of it can keep that by its number, and need not hold on to the entry. It is 0 where no client has read it.
func (l *WorkflowLog) Serial() uint64 { return l.serial }

// serials is how many entries were read.
var serials atomic.Uint64

// WorkflowRun is a run as an entry of the log shows it.
type WorkflowRun struct {
	ID uuid.UUID `json:"id"`
	// Version is the time when the workflow was published, as text: 2026-11-23 06:22:27.283087.
	Version *string   `json:"version"`
	Status  RunStatus `json:"status"`
	// TriggeredFrom is app-run, webhook, schedule, plugin or a newer value; Dify 1.10.0 or newer.
	TriggeredFrom *string `json:"triggered_from"`
	Error         *string `json:"error"`
	// ElapsedTime is in seconds. Dify writes 0 here and in the next two before it knows: see [WorkflowRun.TimeTaken].
	ElapsedTime *float64 `json:"elapsed_time"`
	TotalTokens *int64   `json:"total_tokens"`
	TotalSteps  *int     `json:"total_steps"`
	// ExceptionsCount is the number of failures that the run went on after; Dify 0.14.0 or newer.
	ExceptionsCount *int       `json:"exceptions_count"`
	CreatedAt       *time.Time `json:"created_at"`
	// FinishedAt is nil until the run ends.
	FinishedAt *time.Time `json:"finished_at"`

	Unreadable Unreadable `json:"-"`
}

// TimeTaken is how many seconds the run took; nil until it is known. Of a run that waits for a human, Dify writes 0.
func (r *WorkflowRun) TimeTaken() *float64 {
	if r.Status == StatusRunning || r.Status == StatusPaused && r.ElapsedTime != nil && *r.ElapsedTime == 0 {
		return nil
	}
	return r.ElapsedTime
}

// TokensUsed is how many tokens the run used, up to where it waits; nil while it runs.
func (r *WorkflowRun) TokensUsed() *int64 {
	if r.Status == StatusRunning {
		return nil
	}
	return r.TotalTokens
}

// StepsTaken is how many nodes the run executed, up to where it waits; nil while it runs.
func (r *WorkflowRun) StepsTaken() *int {
	if r.Status == StatusRunning {
		return nil
	}
	return r.TotalSteps
}

// Account is a member of the workspace.
type Account struct {
	ID    uuid.UUID `json:"id"`
	Name  *string   `json:"name"`
	Email *string   `json:"email"`

	Unreadable Unreadable `json:"-"`
}

// EndUser is a person or system that calls the app from outside the workspace.
type EndUser struct {
	ID uuid.UUID `json:"id"`
	// Type is service-api, browser, trigger, mcp, openapi or a newer value.
	Type string `json:"type"`
	// IsAnonymous is false in every entry, whatever the end user is: Dify tells the truth elsewhere.
	IsAnonymous bool `json:"is_anonymous"`
	// SessionID is what the caller of Dify passed as user.
	SessionID *string `json:"session_id"`

	Unreadable Unreadable `json:"-"`
}

// SessionID is that of the end user who started the run; nil if a member did, or the end user is gone.
func (l *WorkflowLog) SessionID() *string {
	if l.CreatedByEndUser == nil {
		return nil
	}
	return l.CreatedByEndUser.SessionID
}

// normalize irons out how versions of Dify write the same thing. A run or an end user without an id is none that can be shown; a
// member can be shown by the e-mail address.
func (l *WorkflowLog) normalize() {
	if l.WorkflowRun != nil && l.WorkflowRun.ID == uuid.Nil {
		l.WorkflowRun, l.Unreadable = nil, append(l.Unreadable, "workflow_run")
	}
	if l.CreatedByEndUser != nil && l.CreatedByEndUser.ID == uuid.Nil {
		l.CreatedByEndUser, l.Unreadable = nil, append(l.Unreadable, "created_by_end_user")
	}
	if a := l.CreatedByAccount; a != nil && a.ID == uuid.Nil && !a.Unreadable.Has("id") {
		a.Unreadable = append(a.Unreadable, "id")
	}
	l.CreatedAt = l.CreatedAt.Truncate(time.Second)
	l.CreatedFrom = Origin(l.CreatedFrom)
	if l.CreatedByEndUser != nil {
		l.CreatedByEndUser.Type = Origin(l.CreatedByEndUser.Type)
	}
}

// Origin is an origin of entries, or a type of end users, as all versions are made to write it: service_api, the spelling
// before 1.10.0, has a hyphen since.
func Origin(origin string) string {
	if origin == "service_api" {
		return serviceAPI
	}
	return origin
}

const serviceAPI = "service-api"

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
	last := serials.Add(uint64(len(body.Data)))
	for i, row := range body.Data {
		row.normalize()
		row.serial = last - uint64(i)
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
