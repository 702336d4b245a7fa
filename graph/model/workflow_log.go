package model

import (
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// WorkflowLog is an entry of an app's log.
type WorkflowLog struct {
	App *DifyApp
	*difyapi.WorkflowLog
	// Named is the run in the old id by which the entry was fetched, which stays its id in that answer; else zero.
	Named uuid.UUID
}

// IsNode says that the entry can be fetched again.
func (*WorkflowLog) IsNode() {}

// ID is the entry's id.
func (l *WorkflowLog) ID() string { return l.NodeID().String() }

// NodeID carries the second, because Dify has no way to ask for an entry by its own id. It is the same for good: the run is not
// part of it, which Dify can write late or delete.
func (l *WorkflowLog) NodeID() ID {
	return ID{Kind: KindLog, App: l.App.Key, UUID: l.WorkflowLog.ID, Second: l.CreatedAt.Unix(), Run: l.Named}
}

// UUID is Dify's own id.
func (l *WorkflowLog) UUID() uuid.UUID { return l.WorkflowLog.ID }

// WorkflowRun is nil where Dify no longer has the run.
func (l *WorkflowLog) WorkflowRun() (*WorkflowRun, error) {
	if l.WorkflowLog.WorkflowRun == nil {
		return Readable(l.App, (*WorkflowRun)(nil), l.Unreadable, "workflow_run")
	}
	return &WorkflowRun{App: l.App, WorkflowRun: l.WorkflowLog.WorkflowRun, Listed: true, Entry: l}, nil
}

// CreatedByAccount is nil where no member of the workspace started the run, or Dify no longer knows it.
func (l *WorkflowLog) CreatedByAccount() (*DifyAccount, error) {
	if l.WorkflowLog.CreatedByAccount == nil {
		return Readable(l.App, (*DifyAccount)(nil), l.Unreadable, "created_by_account")
	}
	return &DifyAccount{App: l.App, Account: l.WorkflowLog.CreatedByAccount}, nil
}

// CreatedByEndUser is nil where no end user started the run, or Dify no longer knows it.
func (l *WorkflowLog) CreatedByEndUser() (*EndUser, error) {
	if l.WorkflowLog.CreatedByEndUser == nil {
		return Readable(l.App, (*EndUser)(nil), l.Unreadable, "created_by_end_user")
	}
	return &EndUser{App: l.App, EndUser: l.WorkflowLog.CreatedByEndUser}, nil
}
