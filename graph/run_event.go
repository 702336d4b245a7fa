package graph

import (
	"context"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/live"
	"github.com/difygraph/difygraph/graph/live/progress"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// runEvent is an event as the schema has it; nil for one that the viewer is not told of.
func runEvent(ctx context.Context, app *model.DifyApp, event difyapi.RunEvent) model.WorkflowRunEvent {
	switch e := event.(type) {
	case *difyapi.RunStarted:
		return &model.WorkflowRunStarted{Run: runTold(app, e.Run), Resumed: e.Resumed, Replayed: e.Replayed}
	case *progress.ExecutionStarted:
		return &model.WorkflowNodeStarted{Execution: execution(app, e.Execution), Replayed: e.Replayed}
	case *progress.ExecutionFinished:
		return &model.WorkflowNodeFinished{Execution: execution(app, e.Execution), Replayed: e.Replayed}
	case *difyapi.NodeRetried:
		return &model.WorkflowRunOtherEvent{Name: "node_retry", Told: retryData(e.Execution)}
	case *difyapi.TextChunk:
		if viewer.Needs(ctx, viewer.Content) == nil {
			return &model.WorkflowTextChunk{Text: e.Text, FromVariable: append([]string{}, e.FromVariable...)}
		}
		return nil
	case *difyapi.RunPaused:
		return &model.WorkflowRunPaused{Run: runTold(app, e.Run), Told: e.Reasons, Replayed: e.Replayed}
	case *difyapi.RunFinished:
		return &model.WorkflowRunFinished{Run: runTold(app, e.Run)}
	case *difyapi.OtherRunEvent:
		return &model.WorkflowRunOtherEvent{Name: e.Name, Told: e.Data}
	case *live.Limited:
		return &model.WorkflowRunEventsLimited{Limit: e.Limit, Message: e.Limit.Message()}
	default:
		return nil // there is no other
	}
}

func runTold(app *model.DifyApp, run *runDetail) *model.WorkflowRun {
	return &model.WorkflowRun{App: app, WorkflowRun: &run.WorkflowRun}
}

func execution(app *model.DifyApp, e progress.Execution) *model.WorkflowNodeExecution {
	return &model.WorkflowNodeExecution{App: app, NodeExecution: e.NodeExecution, Index: e.Index, Lost: e.Lost}
}

// retryData is what Dify's node_retry has, by Dify's names.
func retryData(e *difyapi.NodeExecution) jsontext.Value {
	data, err := json.Marshal(map[string]any{
		"id": e.ID, "node_id": e.NodeID, "node_type": e.NodeType, "title": e.Title, "predecessor_node_id": e.PredecessorNodeID,
		"iteration_id": e.IterationID, "loop_id": e.LoopID, "retry_index": e.RetryIndex, "status": e.Status, "error": e.Error,
		"inputs": legible(e.Inputs), "process_data": legible(e.ProcessData), "outputs": legible(e.Outputs),
		"elapsed_time": e.ElapsedTime, "created_at": e.CreatedAt, "finished_at": e.FinishedAt,
	}, json.Deterministic(true))
	if err != nil {
		return nil // there is no such value
	}
	return data
}

// legible is nil for what can't be read.
func legible(v difyapi.Variables) jsontext.Value {
	value, err := v.Value()
	if err != nil {
		return nil
	}
	return value
}

// ofExecution is one of the variables of an execution.
func ofExecution(ctx context.Context, e *model.WorkflowNodeExecution, v *difyapi.Variables) (jsontext.Value, error) {
	value, err := v.Value()
	if err != nil && viewer.Needs(ctx, viewer.Content) == nil {
		return nil, atApp(e.App, err)
	}
	return content(ctx, v, value)
}

// content is what Dify tells within an event, for who may see it: others are told of each event, and would have an error in each. of is
// what tells it from others.
func content(ctx context.Context, of any, value jsontext.Value) (jsontext.Value, error) {
	if viewer.Needs(ctx, viewer.Content) != nil {
		return nil, nil //nolint:nilerr // It is left out, without an error.
	}
	return shown(ctx, of, value, viewer.Needs(ctx, viewer.People) != nil)
}
