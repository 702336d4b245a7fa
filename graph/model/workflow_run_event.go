package model

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/live"
	"github.com/difygraph/difygraph/graph/viewer"
)

// WorkflowRunEvent is what happens inside a run, as the schema has it.
type WorkflowRunEvent interface{ IsWorkflowRunEvent() }

// WorkflowRunStarted says that a run has begun, or goes on.
type WorkflowRunStarted struct {
	Run               *WorkflowRun
	Resumed, Replayed bool
}

// WorkflowNodeStarted says that an execution has begun.
type WorkflowNodeStarted struct {
	Execution *WorkflowNodeExecution
	Replayed  bool
}

// WorkflowNodeFinished says that an execution has ended.
type WorkflowNodeFinished struct {
	Execution *WorkflowNodeExecution
	Replayed  bool
}

// WorkflowTextChunk is a piece of text.
type WorkflowTextChunk struct {
	Text         string
	FromVariable []string
}

// WorkflowRunPaused says that a run waits.
type WorkflowRunPaused struct {
	Run      *WorkflowRun
	Told     jsontext.Value // Dify's reasons
	Replayed bool
}

// WorkflowRunFinished says that a run has ended.
type WorkflowRunFinished struct{ Run *WorkflowRun }

// WorkflowRunOtherEvent is any other event.
type WorkflowRunOtherEvent struct {
	Name string
	Told jsontext.Value // Dify's data
}

// WorkflowRunEventsLimited says that what happens inside can't be told.
type WorkflowRunEventsLimited struct {
	Limit   live.Limit
	Message string
}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowRunStarted) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowNodeStarted) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowNodeFinished) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowTextChunk) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowRunPaused) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowRunFinished) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowRunOtherEvent) IsWorkflowRunEvent() {}

// IsWorkflowRunEvent says that it is one.
func (*WorkflowRunEventsLimited) IsWorkflowRunEvent() {}

// WorkflowNodeExecution is the execution of a node.
type WorkflowNodeExecution struct {
	App *DifyApp
	*difyapi.NodeExecution
	Index int
	// Lost says that its run has ended, and that Dify has not told how the execution did.
	Lost bool
}

// ID is the execution's id, which names no object that could be fetched.
func (e *WorkflowNodeExecution) ID() string {
	return ID{Kind: KindExecution, App: e.App.Key, UUID: e.NodeExecution.ID}.String()
}

// UUID is Dify's own id.
func (e *WorkflowNodeExecution) UUID() uuid.UUID { return e.NodeExecution.ID }

// Status is the empty one where it is not known how the execution ended.
func (e *WorkflowNodeExecution) Status() difyapi.NodeStatus {
	if e.Lost {
		return ""
	}
	return e.NodeExecution.Status
}

// StatusText is the status as Dify writes it.
func (e *WorkflowNodeExecution) StatusText() string { return string(e.NodeExecution.Status) }

// RetryIndex counts further tries.
func (e *WorkflowNodeExecution) RetryIndex() (*int, error) {
	return readableOf(e, e.NodeExecution.RetryIndex, "retry_index")
}

// Error is nil for who may not read it: in each event an error of its own would tell nobody anything.
func (e *WorkflowNodeExecution) Error(ctx context.Context) (*string, error) {
	if viewer.Needs(ctx, viewer.Content) != nil {
		return nil, nil //nolint:nilerr // It is left out, without an error.
	}
	return readableOf(e, e.NodeExecution.Error, "error")
}

// ElapsedTime is in seconds; nil until it is known.
func (e *WorkflowNodeExecution) ElapsedTime() (*float64, error) {
	return readableOf(e, e.NodeExecution.ElapsedTime, "elapsed_time")
}

// TotalTokens is what the execution has used.
func (e *WorkflowNodeExecution) TotalTokens() (*int64, error) {
	return readableOf(e, e.used().TotalTokens, "execution_metadata")
}

// TotalPrice is a decimal number as text.
func (e *WorkflowNodeExecution) TotalPrice() (*string, error) {
	return readableOf(e, e.used().TotalPrice, "execution_metadata")
}

// Currency is that of the price.
func (e *WorkflowNodeExecution) Currency() (*string, error) {
	return readableOf(e, e.used().Currency, "execution_metadata")
}

func (e *WorkflowNodeExecution) used() difyapi.NodeExecutionMetadata {
	if e.Metadata == nil {
		return difyapi.NodeExecutionMetadata{}
	}
	return *e.Metadata
}

// CreatedAt is when the execution began.
func (e *WorkflowNodeExecution) CreatedAt() (*time.Time, error) {
	return readableOf(e, e.NodeExecution.CreatedAt, "created_at")
}

// FinishedAt is nil until the execution ends.
func (e *WorkflowNodeExecution) FinishedAt() (*time.Time, error) {
	return readableOf(e, e.NodeExecution.FinishedAt, "finished_at")
}

func readableOf[T any](e *WorkflowNodeExecution, value T, member string) (T, error) {
	return Readable(e.App, value, e.Unreadable, member)
}
