package progress

import (
	"cmp"

	"github.com/go-json-experiment/json"

	"github.com/difygraph/difygraph/difyapi"
)

// formRequired is the name of the event by which Dify asks for a human's input.
const formRequired = "human_input_required"

func isForm(event difyapi.RunEvent) bool {
	other, ok := event.(*difyapi.OtherRunEvent)
	return ok && other.Name == formRequired
}

// nodeOf is the node of an event about a form; empty where it has none.
func nodeOf(e *difyapi.OtherRunEvent) string {
	var data struct {
		NodeID string `json:"node_id"`
	}
	if json.Unmarshal(e.Data, &data) != nil {
		return ""
	}
	return data.NodeID
}

func (r *Run) hasForm(node string) bool {
	for _, form := range r.forms {
		if nodeOf(form) == node {
			return true
		}
	}
	return false
}

// outline is an execution without what may be large, to be kept.
func outline(node *difyapi.NodeExecution) *difyapi.NodeExecution {
	kept := *node
	kept.Inputs, kept.ProcessData, kept.Outputs = difyapi.Variables{}, difyapi.Variables{}, difyapi.Variables{}
	kept.Error = nil
	return &kept
}

// beginning is what was known of an execution when it began.
func beginning(node *difyapi.NodeExecution) *difyapi.NodeExecution {
	known := outline(node)
	known.Status, known.RetryIndex, known.ElapsedTime, known.FinishedAt, known.Metadata = difyapi.NodeRunning, nil, nil, nil, nil
	return known
}

// atStart is the execution as it is to be told of as begun: as it stands, while it has not ended.
func (e *execution) atStart() Execution {
	if !e.finished {
		return e.known
	}
	return Execution{NodeExecution: beginning(e.known.NodeExecution), Index: e.known.Index}
}

// complete is the newer state of an execution, with what only an older one has.
func (e *execution) complete(newer *difyapi.NodeExecution) *difyapi.NodeExecution {
	older, whole := e.known.NodeExecution, *newer
	whole.NodeID, whole.NodeType = cmp.Or(newer.NodeID, older.NodeID), cmp.Or(newer.NodeType, older.NodeType)
	whole.Title = cmp.Or(newer.Title, older.Title)
	whole.PredecessorNodeID = cmp.Or(newer.PredecessorNodeID, older.PredecessorNodeID)
	whole.IterationID, whole.LoopID = cmp.Or(newer.IterationID, older.IterationID), cmp.Or(newer.LoopID, older.LoopID)
	whole.RetryIndex = cmp.Or(newer.RetryIndex, older.RetryIndex)
	whole.CreatedAt = cmp.Or(newer.CreatedAt, older.CreatedAt)
	return &whole
}
