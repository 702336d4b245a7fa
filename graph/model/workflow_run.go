package model

import (
	"context"
	"time"

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
	return visible(ctx, viewer.Content, r.App, r.WorkflowRun.Error, r.Unreadable, "error")
}

// ElapsedTime is in seconds.
func (r *WorkflowRun) ElapsedTime() (*float64, error) {
	return Readable(r.App, r.WorkflowRun.ElapsedTime, r.Unreadable, "elapsed_time")
}

// TotalTokens is what the run has used.
func (r *WorkflowRun) TotalTokens() (*int64, error) {
	return Readable(r.App, r.WorkflowRun.TotalTokens, r.Unreadable, "total_tokens")
}

// TotalSteps is how many nodes ran.
func (r *WorkflowRun) TotalSteps() (*int, error) {
	return Readable(r.App, r.WorkflowRun.TotalSteps, r.Unreadable, "total_steps")
}

// CreatedAt is when the run began.
func (r *WorkflowRun) CreatedAt() (*time.Time, error) {
	return Readable(r.App, r.WorkflowRun.CreatedAt, r.Unreadable, "created_at")
}

// FinishedAt is nil until the run ends.
func (r *WorkflowRun) FinishedAt() (*time.Time, error) {
	return Readable(r.App, r.WorkflowRun.FinishedAt, r.Unreadable, "finished_at")
}

// StatusText is the status as Dify writes it.
func (r *WorkflowRun) StatusText() string { return string(r.Status) }
