package difyapi

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// runEventReader reads the events of one stream, in order.
type runEventReader struct {
	run      uuid.UUID
	path     string
	seam     seam
	redactor *redactor
}

func newRunEventReader(run uuid.UUID, path string, snapshot bool, key apiKey) *runEventReader {
	return &runEventReader{run: run, path: path, seam: seam{over: !snapshot}, redactor: newRedactor(key)}
}

// envelope is around the data of every event.
type envelope struct {
	Event  string         `json:"event"`
	TaskID string         `json:"task_id"`
	RunID  *uuid.UUID     `json:"workflow_run_id"`
	Data   jsontext.Value `json:"data"`
}

// event reads the data as a T.
type event[T any] struct {
	Data *T `json:"data"`
}

// The data of events, beside what callers get to see.
type (
	runData struct {
		*WorkflowRunDetail
		Reason  string         `json:"reason"`
		Reasons jsontext.Value `json:"reasons"`
	}
	nodeData struct {
		*NodeExecution
		// InputsTruncated is in live events alone.
		InputsTruncated *bool `json:"inputs_truncated"`
	}
	textData struct {
		Text         string   `json:"text"`
		FromVariable []string `json:"from_variable_selector"`
	}
)

// read makes an event of its text. What is odd in it costs itself: an event that can't be read as what its name says is told as
// another one. An error ends the stream: what stands there is not Dify's, or is of another run.
func (r *runEventReader) read(text string) (RunEvent, error) {
	body := []byte(text)
	head, err := read[envelope](&bodyReader{body: body, redactor: r.redactor})
	switch {
	case err != nil:
		return nil, notTheAPI(r.path, decodeFault(err))
	case head.Event == "":
		return nil, notTheAPI(r.path, &fault{"event", "is missing"})
	case head.RunID != nil && *head.RunID != r.run:
		return nil, notTheAPI(r.path, &fault{"workflow_run_id", "is not that of the run that was asked for"})
	}
	if event := r.typed(head, body); event != nil {
		return event, nil
	}
	return &OtherRunEvent{Name: head.Event, Data: r.other(head, body), Replayed: r.seam.replays(head, false)}, nil
}

// typed is nil for an event that is none of those with a type.
func (r *runEventReader) typed(head *envelope, body []byte) RunEvent {
	switch head.Event {
	case "workflow_started", "workflow_paused", "workflow_finished":
		return r.ofRun(head, body)
	case "node_started", "node_finished", "node_retry":
		return r.ofNode(head, body)
	case "text_chunk":
		if data, _ := readData[textData](r, body); data != nil {
			r.seam.replays(head, true)
			return &TextChunk{data.Text, data.FromVariable}
		}
	}
	return nil
}

func (r *runEventReader) ofRun(head *envelope, body []byte) RunEvent {
	data, unreadable := readData[runData](r, body)
	if data == nil {
		return nil
	}
	if data.WorkflowRunDetail == nil {
		data.WorkflowRunDetail = new(WorkflowRunDetail)
	}
	run := data.WorkflowRunDetail
	run.ID, run.Unreadable = r.run, unreadable
	replayed := r.seam.replays(head, false)
	switch head.Event {
	case "workflow_started":
		run.Status = StatusRunning
		return &RunStarted{Run: run, Resumed: data.Reason != "" && data.Reason != "initial", Replayed: replayed}
	case "workflow_paused":
		run.Status = StatusPaused
		return &RunPaused{Run: run, Reasons: data.Reasons, Replayed: replayed}
	default:
		return &RunFinished{Run: run}
	}
}

func (r *runEventReader) ofNode(head *envelope, body []byte) RunEvent {
	data, unreadable := readData[nodeData](r, body)
	if data == nil || data.NodeExecution == nil || data.ID == uuid.Nil {
		return nil
	}
	node := data.NodeExecution
	node.Unreadable = unreadable
	replayed := r.seam.replays(head, data.InputsTruncated != nil)
	switch head.Event {
	case "node_started":
		node.Status = NodeRunning
		return &NodeStarted{node, replayed}
	case "node_retry":
		node.Status = NodeRetry
		return &NodeRetried{node}
	default:
		return &NodeFinished{node, replayed}
	}
}

// readData reads an event's data; nil where they are no object. It tells which of their members can't be read.
func readData[T any](r *runEventReader, body []byte) (*T, Unreadable) {
	in := &bodyReader{body: body, redactor: r.redactor}
	got, err := read[event[T]](in, object[T](in), object[NodeExecutionMetadata](in), member(in, nodeStatus))
	if err != nil || got.Data == nil {
		return nil, nil
	}
	return got.Data, topLevel(in.unreadable)
}

func nodeStatus(v value) (NodeStatus, bool) { return NodeStatus(v.text), true }

// other is what an event without a type has to tell: its data, or what stands in the place of data.
func (r *runEventReader) other(head *envelope, body []byte) jsontext.Value {
	if head.Data != nil {
		return head.Data
	}
	var members map[string]jsontext.Value
	if json.Unmarshal(body, &members, decoding) != nil {
		return nil
	}
	for _, name := range []string{"event", "task_id", "workflow_run_id", "data"} {
		delete(members, name)
	}
	rest, err := json.Marshal(members, json.Deterministic(true), variablesSyntax)
	if err != nil || len(members) == 0 || depth(rest) > maxDepth {
		return nil
	}
	return r.redactor.value(rest)
}

// seam tells the snapshot, with which a stream begins, from what follows. Dify does not mark it. The events of a snapshot are of
// few kinds, have one task id, which is the run's own unless the run has paused before, and have fewer members than live ones.
type seam struct {
	over, begun bool
	task        string
}

// snapshotEvents are all that a snapshot has after its first event.
var snapshotEvents = map[string]bool{"node_started": true, "node_finished": true, "human_input_required": true, "workflow_paused": true}

// replays tells whether the stream's next event is one of the snapshot. live says that its form is not that of one.
func (s *seam) replays(head *envelope, live bool) bool {
	if !s.begun {
		s.begun, s.task = true, head.TaskID
		s.over = s.over || head.Event != "workflow_started"
	} else {
		s.over = s.over || live || head.TaskID != s.task || !snapshotEvents[head.Event]
	}
	return !s.over
}
