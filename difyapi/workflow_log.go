package difyapi

import (
	"slices"
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
}

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

// normalize irons out how versions of Dify write the same thing. A run or an end user without an id is none that can be shown.
func (l *WorkflowLog) normalize() {
	if l.WorkflowRun != nil && l.WorkflowRun.ID == uuid.Nil {
		l.WorkflowRun, l.Unreadable = nil, append(l.Unreadable, "workflow_run")
	}
	if l.CreatedByEndUser != nil && l.CreatedByEndUser.ID == uuid.Nil {
		l.CreatedByEndUser, l.Unreadable = nil, append(l.Unreadable, "created_by_end_user")
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
		return "service-api"
	}
	return origin
}
