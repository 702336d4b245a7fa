package model

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
)

// WorkflowRun is one execution of a workflow.
type WorkflowRun struct {
	App *DifyApp
	*difyapi.WorkflowRun
	// Listed says that the app's log showed the run, and so all of its fields; else Version, TriggeredFrom and
	// ExceptionsCount are not known yet.
	Listed bool
	// Entry is the log entry that showed the run; nil if it is not known yet.
	Entry *WorkflowLog
}

// IsNode says that the run can be fetched again.
func (*WorkflowRun) IsNode() {}

// ID is the run's id.
func (r *WorkflowRun) ID() string { return r.NodeID().String() }

// NodeID is what the id says.
func (r *WorkflowRun) NodeID() ID { return ID{Kind: KindRun, App: r.App.Key, UUID: r.WorkflowRun.ID} }

// UUID is Dify's own id.
func (r *WorkflowRun) UUID() uuid.UUID { return r.WorkflowRun.ID }

// ErrNoStart is for a run of which Dify does not tell when it started.
var ErrNoStart = code.New(code.UpstreamBadResponse, "Dify does not tell when this run started")

// Error is the text of the failure or stop.
func (r *WorkflowRun) Error(ctx context.Context) (*string, error) {
	return visible(ctx, r.App, r.WorkflowRun.Error, r.Unreadable, "error")
}

// ElapsedTime is in seconds; nil until it is known.
func (r *WorkflowRun) ElapsedTime() (*float64, error) {
	return Readable(r.App, r.TimeTaken(), r.Unreadable, "elapsed_time")
}

// TotalTokens is what the run has used; nil while it is under way.
func (r *WorkflowRun) TotalTokens() (*int64, error) {
	return Readable(r.App, r.TokensUsed(), r.Unreadable, "total_tokens")
}

// TotalSteps is how many nodes ran; nil while the run is under way.
func (r *WorkflowRun) TotalSteps() (*int, error) {
	return Readable(r.App, r.StepsTaken(), r.Unreadable, "total_steps")
}

// CreatedAt is when the run began. Dify always knows.
func (r *WorkflowRun) CreatedAt() (time.Time, error) {
	at, err := Readable(r.App, r.WorkflowRun.CreatedAt, r.Unreadable, "created_at")
	switch {
	case err != nil:
		return time.Time{}, err
	case at == nil:
		return time.Time{}, AtApp(r.App, ErrNoStart)
	}
	return *at, nil
}

// FinishedAt is nil until the run ends.
func (r *WorkflowRun) FinishedAt() (*time.Time, error) {
	return Readable(r.App, r.WorkflowRun.FinishedAt, r.Unreadable, "finished_at")
}

// StatusText is the status as Dify writes it.
func (r *WorkflowRun) StatusText() string { return string(r.Status) }
