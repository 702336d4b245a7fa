package model

import (
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// WorkflowLog is an entry of an app's log.
type WorkflowLog struct {
	App *DifyApp
	*difyapi.WorkflowLog
}

// IsNode says that the entry can be fetched again.
func (*WorkflowLog) IsNode() {}

// ID carries the second and the run, because Dify has no way to ask for an entry by its own id.
func (l *WorkflowLog) ID() string {
	id := newID(kindLog, l.App).second(l.CreatedAt.Unix()).uuid(l.WorkflowLog.ID)
	if run := l.WorkflowLog.WorkflowRun; run != nil {
		id = id.uuid(run.ID)
	}
	return id.String()
}

// UUID is Dify's own id.
func (l *WorkflowLog) UUID() uuid.UUID { return l.WorkflowLog.ID }

// WorkflowRun is nil where Dify no longer has the run.
func (l *WorkflowLog) WorkflowRun() *WorkflowRun {
	if l.WorkflowLog.WorkflowRun == nil {
		return nil
	}
	return &WorkflowRun{App: l.App, WorkflowRun: l.WorkflowLog.WorkflowRun}
}

// CreatedByAccount is nil where no member of the workspace started the run, or Dify no longer knows it.
func (l *WorkflowLog) CreatedByAccount() *DifyAccount {
	if l.WorkflowLog.CreatedByAccount == nil {
		return nil
	}
	return &DifyAccount{app: l.App, Account: l.WorkflowLog.CreatedByAccount}
}

// CreatedByEndUser is nil where no end user started the run, or Dify no longer knows it.
func (l *WorkflowLog) CreatedByEndUser() *EndUser {
	if l.WorkflowLog.CreatedByEndUser == nil {
		return nil
	}
	return &EndUser{App: l.App, EndUser: l.WorkflowLog.CreatedByEndUser}
}
