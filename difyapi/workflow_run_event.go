package difyapi

import (
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// RunEvent is something that happens inside a run: a [*RunStarted], [*NodeStarted], [*NodeFinished], [*NodeRetried], [*TextChunk],
// [*RunPaused], [*RunFinished] or [*OtherRunEvent]. It has nothing in it that would let its reader act, such as the token of a form,
// and is not to be changed.
type RunEvent interface {
	// IsReplayed tells whether it happened before the stream began, as far as Dify lets one know.
	IsReplayed() bool
}

// RunStarted says that a run has begun, or that it goes on after a pause. Run has an id, the inputs and when it was created.
type RunStarted struct {
	Run      *WorkflowRunDetail
	Resumed  bool
	Replayed bool
}

// NodeStarted says that the execution of a node has begun. In a snapshot it comes for each execution, with nothing but what is
// known at its start.
type NodeStarted struct {
	Execution *NodeExecution
	Replayed  bool
}

// NodeFinished says that the execution of a node has ended; or, in a snapshot, that it has a status: see [NodeStatus.IsFinal].
type NodeFinished struct {
	Execution *NodeExecution
	Replayed  bool
}

// NodeRetried says that an execution has failed, and is tried again.
type NodeRetried struct {
	Execution *NodeExecution
}

// TextChunk is a piece of the text that a node streams.
type TextChunk struct {
	Text string
	// FromVariable is the path of the variable whose text it is: a node's id and names.
	FromVariable []string
}

// RunPaused says that a run waits for a human's input.
type RunPaused struct {
	Run *WorkflowRunDetail
	// Reasons is a list of objects; nil where Dify has none.
	Reasons  jsontext.Value
	Replayed bool
}

// RunFinished says that a run has ended. It is the last event.
type RunFinished struct {
	Run *WorkflowRunDetail
}

// OtherRunEvent is any other event, as of iterations, loops, agents and human input.
type OtherRunEvent struct {
	// Name is Dify's, such as iteration_started.
	Name string
	// Data is Dify's; nil where it can't be read.
	Data     jsontext.Value
	Replayed bool
}

// IsReplayed is Replayed.
func (e *RunStarted) IsReplayed() bool { return e.Replayed }

// IsReplayed is Replayed.
func (e *NodeStarted) IsReplayed() bool { return e.Replayed }

// IsReplayed is Replayed.
func (e *NodeFinished) IsReplayed() bool { return e.Replayed }

// IsReplayed is false: no snapshot has such.
func (e *NodeRetried) IsReplayed() bool { return false }

// IsReplayed is false: text that was streamed before is not told again.
func (e *TextChunk) IsReplayed() bool { return false }

// IsReplayed is Replayed.
func (e *RunPaused) IsReplayed() bool { return e.Replayed }

// IsReplayed is false: a run that has ended has no snapshot.
func (e *RunFinished) IsReplayed() bool { return false }

// IsReplayed is Replayed.
func (e *OtherRunEvent) IsReplayed() bool { return e.Replayed }

// NodeStatus is how an execution stands, in Dify's words. There may be more than these.
type NodeStatus string

// The statuses of executions.
const (
	NodeRunning   NodeStatus = "running"
	NodeSucceeded NodeStatus = "succeeded"
	NodeFailed    NodeStatus = "failed"
	NodeException NodeStatus = "exception" // failed, and the run goes on
	NodeStopped   NodeStatus = "stopped"
	NodePaused    NodeStatus = "paused"
	NodeRetry     NodeStatus = "retry"
)

// IsFinal tells whether an execution of this status has ended. A snapshot tells of those that wait, for a human or for another try,
// as of others.
func (s NodeStatus) IsFinal() bool {
	switch s {
	case NodeRunning, NodePaused, NodeRetry, "pending", "":
		return false
	default:
		return true
	}
}

// NodeExecution is the execution of one node of a workflow. All but ID and Status may be missing; a snapshot never has inputs,
// outputs and errors.
type NodeExecution struct {
	ID uuid.UUID `json:"id"`
	// NodeID and NodeType are names: start, llm, http-request and others.
	NodeID            string  `json:"node_id"`
	NodeType          string  `json:"node_type"`
	Title             string  `json:"title"`
	PredecessorNodeID *string `json:"predecessor_node_id"`
	IterationID       *string `json:"iteration_id"`
	LoopID            *string `json:"loop_id"`
	// RetryIndex counts tries from 1; nil before the second.
	RetryIndex  *int       `json:"retry_index"`
	Status      NodeStatus `json:"status"`
	Inputs      Variables  `json:"inputs"`
	ProcessData Variables  `json:"process_data"`
	Outputs     Variables  `json:"outputs"`
	Error       *string    `json:"error"`
	// ElapsedTime is in seconds; nil while it runs.
	ElapsedTime *float64               `json:"elapsed_time"`
	Metadata    *NodeExecutionMetadata `json:"execution_metadata"`
	CreatedAt   *time.Time             `json:"created_at"`
	FinishedAt  *time.Time             `json:"finished_at"`

	Unreadable Unreadable `json:"-"`
}

// NodeExecutionMetadata is what an execution has used.
type NodeExecutionMetadata struct {
	TotalTokens *int64 `json:"total_tokens"`
	// TotalPrice is a decimal number as text, in Currency.
	TotalPrice *string `json:"total_price"`
	Currency   *string `json:"currency"`
}
