package difytest

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Row is an entry of an app's workflow log, with what it refers to.
type Row struct {
	ID            uuid.UUID // zero: [App.Insert] makes one
	CreatedAt     time.Time // whole seconds; zero: the server's clock at the time of insertion
	CreatedFrom   string    // service-api, web-app, installed-app, openapi
	CreatedByRole string    // account, end_user
	Account       *Account  // nil, like EndUser, where the creator is gone
	EndUser       *EndUser
	Run           *Run // nil where the run is gone or not written yet
}

// Account is a member of the workspace.
type Account struct {
	ID    uuid.UUID
	Name  string
	Email string
}

// EndUser is somebody who uses an app from outside. Rows show id, type and
// session id; the rest stands in the profile alone, of which each app keeps its
// own: see [App.Insert] and [App.SetEndUser].
type EndUser struct {
	ID             uuid.UUID // zero: derived from the app and the session id
	Type           string    // service-api, browser, trigger, mcp, openapi
	IsAnonymous    bool      // of the profile; the list always says false
	SessionID      string
	ExternalUserID *string   // nil: null, as of old end users
	Name           *string   // nil: null
	CreatedAt      time.Time // zero: that of the row that comes with it, or the server's clock
	UpdatedAt      time.Time // zero: CreatedAt; a fraction of a second is told in microseconds
}

// Run is the execution of a workflow.
type Run struct {
	ID              uuid.UUID // zero: [App.Insert] makes one
	WorkflowID      uuid.UUID // of the published version; zero: derived from the app and Version
	Version         string    // when the workflow was published, as text
	Status          string    // one of the Status constants
	TriggeredFrom   string    // app-run, webhook, schedule, plugin
	Error           *string
	ElapsedTime     float64 // seconds; 0 until finished
	TotalTokens     int64
	TotalSteps      int
	ExceptionsCount int
	CreatedAt       time.Time
	FinishedAt      time.Time // zero until finished: null in answers
	Inputs          string    // JSON text as Dify stores it: ASCII, see [StoredText]; empty: null
	Outputs         string    // likewise; any other text is stored as well, and shown by the run's detail
}

// The states of a run. The list's filter knows only succeeded, failed and
// stopped.
const (
	StatusRunning          = "running"
	StatusSucceeded        = "succeeded"
	StatusFailed           = "failed"
	StatusStopped          = "stopped"
	StatusPartialSucceeded = "partial-succeeded"
	StatusPaused           = "paused"
)

var (
	endedStatuses      = []string{StatusSucceeded, StatusFailed, StatusStopped, StatusPartialSucceeded}
	filterableStatuses = []string{StatusSucceeded, StatusFailed, StatusStopped}
)

// Ended says whether the run's status is final.
func (r *Run) Ended() bool {
	return r != nil && slices.Contains(endedStatuses, r.Status)
}

// clone copies a row with all that it points to.
func (r Row) clone() *Row {
	r.Account = clonePointer(r.Account)
	r.EndUser = r.EndUser.clone()
	r.Run = clonePointer(r.Run)
	if r.Run != nil {
		r.Run.Error = clonePointer(r.Run.Error)
	}
	return &r
}

func (u *EndUser) clone() *EndUser {
	copied := clonePointer(u)
	if copied != nil {
		copied.ExternalUserID, copied.Name = clonePointer(u.ExternalUserID), clonePointer(u.Name)
	}
	return copied
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}

// person returns the id of whoever started the run, or zero.
func (r *Row) person() uuid.UUID {
	switch {
	case r.Account != nil:
		return r.Account.ID
	case r.EndUser != nil:
		return r.EndUser.ID
	default:
		return uuid.UUID{}
	}
}
