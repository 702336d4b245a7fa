package difytest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// moment is an event of a run that is played, when it happens.
type moment struct {
	at        time.Duration
	name      string
	execution uuid.UUID // of events of nodes
	data      any
	order     int // among those of one time
}

// The order of what happens at one time: executions end before others begin.
const (
	whenResuming = iota
	whenEnding
	whenBeginning
	whenOther
	whenPausing
	whenFinished
)

// teller writes the events of one run.
type teller struct {
	*play
	server *Server
	row    Row
}

func (t teller) seconds(after time.Duration) int64 {
	return shownIn(t.server.options.Zone, t.row.Run.CreatedAt.Add(after)).Unix()
}

// moments are all events of the run from its first node on, in order.
func (t teller) moments() []moment {
	var all []moment
	for _, node := range t.script.Nodes {
		all = append(all, t.momentsOfNode(node)...)
	}
	for _, pause := range t.script.Pauses {
		all = append(all, t.momentsOfPause(pause)...)
	}
	for _, other := range t.script.Others {
		all = append(all, moment{other.At, other.Name, uuid.Nil, json.RawMessage(other.Data), whenOther})
	}
	all = append(all, moment{t.script.Lasts, "workflow_finished", uuid.Nil, t.finished(), whenFinished})
	slices.SortStableFunc(all, func(a, b moment) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.order, b.order))
	})
	return all
}

func (t teller) momentsOfNode(n ScriptNode) []moment {
	all := []moment{{n.Begins, "node_started", n.ID, t.live(n).started(), whenBeginning}}
	for i := range n.Retries {
		at := n.Begins + n.Lasts*time.Duration(i+1)/time.Duration(n.Retries+1)
		data := t.live(n).finished(at, "retry")
		data.RetryIndex = i + 1
		all = append(all, moment{at, "node_retry", n.ID, data, whenOther})
	}
	for i, text := range n.Text {
		at := n.Begins + n.Lasts*time.Duration(i+1)/time.Duration(len(n.Text)+1)
		chunk := map[string]any{"text": text, "from_variable_selector": []string{n.NodeID, "text"}}
		all = append(all, moment{at, "text_chunk", uuid.Nil, chunk, whenOther})
	}
	order := whenEnding
	if n.Lasts == 0 {
		order = whenBeginning // right after its own beginning
	}
	return append(all, moment{n.Begins + n.Lasts, "node_finished", n.ID, t.live(n).finished(n.Begins+n.Lasts, n.Status), order})
}

func (t teller) momentsOfPause(p ScriptPause) []moment {
	node := p.node()
	filled := map[string]any{
		"node_id": p.NodeID, "node_title": p.Title, "rendered_content": p.Content, "action_id": "approve", "action_text": "Approve",
	}
	end := p.At + p.Lasts
	return []moment{
		{p.At, "node_started", p.ID, t.live(node).started(), whenBeginning},
		{p.At, "human_input_required", uuid.Nil, t.form(p), whenPausing},
		{p.At, "workflow_paused", uuid.Nil, t.paused(p), whenPausing},
		{end, "workflow_started", uuid.Nil, t.started("resumption"), whenResuming},
		{end, "human_input_form_filled", uuid.Nil, filled, whenResuming},
		{end, "node_started", p.ID, t.live(node).started(), whenResuming}, // the same execution, once more
		{end, "node_finished", p.ID, t.live(node).finished(end, StatusSucceeded), whenEnding},
	}
}

func (p ScriptPause) node() ScriptNode {
	return ScriptNode{ID: p.ID, NodeID: p.NodeID, NodeType: humanInput, Title: p.Title, Begins: p.At, Lasts: p.Lasts}
}

// snapshot are the events of a snapshot at a time.
func (t teller) snapshot(now time.Duration) []moment {
	all := []moment{{name: "workflow_started", data: t.started("initial")}}
	pause := t.pauseAt(now)
	for i, n := range t.script.executions() {
		if n.Begins > now {
			continue
		}
		node := nodeTeller{teller: t, node: n, index: i + 1}
		all = append(all, moment{name: "node_started", execution: n.ID, data: node.started()})
		if status := n.statusAt(now, pause); status != StatusRunning {
			all = append(all, moment{name: "node_finished", execution: n.ID, data: node.finished(now, status)})
		}
	}
	if pause != nil {
		all = append(all, moment{name: "human_input_required", data: t.form(*pause)}, moment{name: "workflow_paused", data: t.paused(*pause)})
	}
	return all
}

// statusAt is what the database has of an execution that has begun.
func (n ScriptNode) statusAt(now time.Duration, pause *ScriptPause) string {
	switch {
	case n.Begins+n.Lasts <= now:
		return n.Status
	case pause != nil && pause.ID == n.ID:
		return StatusPaused
	case n.Retries > 0 && now >= n.Begins+n.Lasts/time.Duration(n.Retries+1):
		return "retry"
	default:
		return StatusRunning
	}
}

// pauseAt is the pause at a time, or nil.
func (t teller) pauseAt(now time.Duration) *ScriptPause {
	for i, p := range t.script.Pauses {
		if p.At <= now && now < p.At+p.Lasts {
			return &t.script.Pauses[i]
		}
	}
	return nil
}

// taskOfSnapshot is the run's own id, until it has paused.
func (t teller) taskOfSnapshot(now time.Duration) uuid.UUID {
	for _, p := range t.script.Pauses {
		if p.At <= now {
			return t.task
		}
	}
	return t.row.Run.ID
}

func (t teller) started(reason string) any {
	return struct {
		ID         uuid.UUID       `json:"id"`
		WorkflowID uuid.UUID       `json:"workflow_id"`
		Inputs     json.RawMessage `json:"inputs"`
		CreatedAt  int64           `json:"created_at"`
		Reason     string          `json:"reason"`
	}{t.row.Run.ID, t.row.Run.WorkflowID, orNull(t.row.Run.Inputs), t.seconds(0), reason}
}

// form is what a human is asked for, and what lets one answer.
func (t teller) form(p ScriptPause) map[string]any {
	return map[string]any{
		"form_id": uuid.NewSHA1(p.ID, []byte("form")), "node_id": p.NodeID, "node_title": p.Title, "form_content": p.Content,
		"inputs": []any{}, "actions": []any{button("approve", "Approve", "primary"), button("reject", "Reject", "default")},
		"display_in_ui": true, "form_token": "token-of-" + p.ID.String(), "resolved_default_values": map[string]any{},
		"expiration_time": t.seconds(36 * time.Hour),
	}
}

func button(id, title, style string) map[string]string {
	return map[string]string{"id": id, "title": title, "button_style": style}
}

func (t teller) paused(p ScriptPause) any {
	reason := t.form(p)
	reason["TYPE"] = "human_input_required"
	delete(reason, "display_in_ui")
	return map[string]any{
		"workflow_run_id": t.row.Run.ID, "paused_nodes": []string{p.NodeID}, "outputs": struct{}{}, "reasons": []any{reason},
		"status": StatusPaused, "created_at": t.seconds(0), "elapsed_time": 0.0, "total_tokens": 0, "total_steps": t.script.steps(),
	}
}

// finished is the end, as the script has it.
func (t teller) finished() any {
	run := *t.row.Run
	run.Status, run.Outputs, run.ElapsedTime = t.script.Status, t.script.Outputs, t.script.Lasts.Seconds()
	run.TotalTokens, run.TotalSteps, run.FinishedAt = t.script.tokens(), t.script.steps(), run.CreatedAt.Add(t.script.Lasts)
	return t.server.finishedRun(&run, t.row.EndUser)
}

// finishedRun is the data of a run that has ended.
func (s *Server) finishedRun(run *Run, user *EndUser) any {
	return map[string]any{
		"id": run.ID, "workflow_id": run.WorkflowID, "status": run.Status, "outputs": orNull(run.Outputs), "error": run.Error,
		"elapsed_time": run.ElapsedTime, "total_tokens": run.TotalTokens, "total_steps": run.TotalSteps,
		"created_by": map[string]any{"id": user.ID, "user": user.SessionID},
		"created_at": shownIn(s.options.Zone, run.CreatedAt).Unix(), "finished_at": shownIn(s.options.Zone, run.FinishedAt).Unix(),
		"exceptions_count": run.ExceptionsCount, "files": []any{},
	}
}

// nodeTeller writes the events of an execution, in a snapshot without what went
// in and what came out.
type nodeTeller struct {
	teller
	node  ScriptNode
	index int
	whole bool
}

func (t teller) live(n ScriptNode) nodeTeller { return nodeTeller{t, n, 1, true} }

// nodeEvent is the data of an event of a node. Members that are null where a
// snapshot or a start has none are left out there, as Dify does.
type nodeEvent struct {
	ID                uuid.UUID       `json:"id"`
	NodeID            string          `json:"node_id"`
	NodeType          string          `json:"node_type"`
	Title             string          `json:"title"`
	Index             int             `json:"index"`
	Predecessor       *string         `json:"predecessor_node_id"`
	Inputs            json.RawMessage `json:"inputs"`
	InputsTruncated   *bool           `json:"inputs_truncated,omitempty"`
	ProcessData       json.RawMessage `json:"process_data,omitempty"`
	ProcessTruncated  *bool           `json:"process_data_truncated,omitempty"`
	Outputs           json.RawMessage `json:"outputs,omitempty"`
	OutputsTruncated  *bool           `json:"outputs_truncated,omitempty"`
	Status            string          `json:"status,omitempty"`
	Error             json.RawMessage `json:"error,omitempty"`
	ElapsedTime       *float64        `json:"elapsed_time,omitempty"`
	ExecutionMetadata json.RawMessage `json:"execution_metadata,omitempty"`
	CreatedAt         int64           `json:"created_at"`
	FinishedAt        *int64          `json:"finished_at,omitempty"`
	Extras            json.RawMessage `json:"extras,omitempty"`
	Files             json.RawMessage `json:"files,omitempty"`
	IterationID       *string         `json:"iteration_id"`
	LoopID            *string         `json:"loop_id"`
	AgentStrategy     json.RawMessage `json:"agent_strategy,omitempty"`
	RetryIndex        int             `json:"retry_index,omitempty"`
}

var null = json.RawMessage("null")

func (t nodeTeller) base() nodeEvent {
	e := nodeEvent{
		ID: t.node.ID, NodeID: t.node.NodeID, NodeType: t.node.NodeType, Title: t.node.Title, Index: t.index,
		Inputs: null, CreatedAt: t.seconds(t.node.Begins),
	}
	if t.whole {
		e.InputsTruncated = new(false)
	}
	return e
}

func (t nodeTeller) started() nodeEvent {
	e := t.base()
	e.Extras = json.RawMessage("{}")
	if t.whole {
		e.AgentStrategy = null
	}
	return e
}

func (t nodeTeller) finished(at time.Duration, status string) nodeEvent {
	e := t.base()
	at = min(at, t.node.Begins+t.node.Lasts)
	e.ProcessData, e.Outputs, e.Error, e.ExecutionMetadata = null, null, null, null
	e.Status, e.Files = status, json.RawMessage("[]")
	e.ElapsedTime, e.FinishedAt = new((at - t.node.Begins).Seconds()), new(t.seconds(at))
	if !t.whole {
		return e
	}
	e.ProcessTruncated, e.OutputsTruncated = new(false), new(false)
	e.Inputs, e.Outputs = orNull(t.node.Inputs), orNull(t.node.Outputs)
	e.ProcessData = json.RawMessage(cmp.Or(t.node.ProcessData, "{}"))
	if t.node.Error != nil {
		e.Error = appendString(nil, *t.node.Error)
	}
	if t.node.Tokens > 0 {
		e.ExecutionMetadata = fmt.Appendf(nil, `{"total_tokens":%d,"total_price":"0.0021","currency":"USD"}`, t.node.Tokens)
	}
	return e
}

func orNull(text string) json.RawMessage {
	if text == "" {
		return null
	}
	return json.RawMessage(text)
}
