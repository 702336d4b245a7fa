package model

import "github.com/difygraph/difygraph/difyapi"

// WorkflowLogEvent is what happens in the logs of apps, as the schema has it.
type WorkflowLogEvent interface{ IsWorkflowLogEvent() }

// Bookmark says how far each app has been told once the event is.
type Bookmark func() string

// Cursor is made where it is asked for alone: it names all runs that are under way.
func (b Bookmark) Cursor() string { return b() }

// WorkflowLogAdded says that a run matches that did not.
type WorkflowLogAdded struct {
	Bookmark

	Edge *WorkflowLogEdge
}

// WorkflowLogUpdated says that a run has changed.
type WorkflowLogUpdated struct {
	Bookmark

	Node           *WorkflowLog
	PreviousStatus *difyapi.RunStatus
	Matches        bool
}

// WorkflowLogsSkipped says between which cursors more has happened than is told.
type WorkflowLogsSkipped struct {
	Bookmark

	Newest, Oldest *string
	Count          *int
}

// DifyAppStatusChanged says that an app can't be read, or can be again.
type DifyAppStatusChanged struct {
	Bookmark

	App     *DifyApp
	Failure *AppFailure
}

// IsWorkflowLogEvent says that it is one.
func (*WorkflowLogAdded) IsWorkflowLogEvent() {}

// IsWorkflowLogEvent says that it is one.
func (*WorkflowLogUpdated) IsWorkflowLogEvent() {}

// IsWorkflowLogEvent says that it is one.
func (*WorkflowLogsSkipped) IsWorkflowLogEvent() {}

// IsWorkflowLogEvent says that it is one.
func (*DifyAppStatusChanged) IsWorkflowLogEvent() {}
