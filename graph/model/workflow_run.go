package model

import (
	"context"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/viewer"
)

// WorkflowRun is one execution of a workflow.
type WorkflowRun struct {
	App *DifyApp
	*difyapi.WorkflowRun
	// Listed says that the app's log showed the run, and so all of its fields; else Version, TriggeredFrom and
	// ExceptionsCount are not known yet.
	Listed bool
}

// IsNode says that the run can be fetched again.
func (*WorkflowRun) IsNode() {}

// ID is the run's id.
func (r *WorkflowRun) ID() string {
	return ID{Kind: KindRun, App: r.App.Key, UUID: r.WorkflowRun.ID}.String()
}

// UUID is Dify's own id.
func (r *WorkflowRun) UUID() uuid.UUID { return r.WorkflowRun.ID }

// Error is the text of the failure or stop.
func (r *WorkflowRun) Error(ctx context.Context) (*string, error) {
	return viewer.Only(ctx, viewer.Content, r.WorkflowRun.Error)
}

// StatusText is the status as Dify writes it.
func (r *WorkflowRun) StatusText() string { return string(r.Status) }
