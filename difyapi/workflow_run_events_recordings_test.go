package difyapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
)

// watched is what the recorded streams tell, of all versions alike.
var watched = map[string][]string{
	"events-running-snapshot": {
		"run started, replayed", "start started, replayed", "start finished succeeded, replayed", "http started, replayed",
		`text "200" of [http status_code]`, `text "\n" of [end answer]`, `text "{\"temperature\": 21, \"city\": \"Kyoto\"}" of [http body]`,
		"http finished succeeded", "end started", "end finished succeeded", "run finished succeeded",
	},
	"events-running": {
		`text "200" of [http status_code]`, `text "\n" of [end answer]`, `text "{\"temperature\": 21, \"city\": \"Kyoto\"}" of [http body]`,
		"http finished succeeded", "end started", "end finished succeeded", "run finished succeeded",
	},
	"events-paused-snapshot": {
		"run started, replayed", "start started, replayed", "start finished succeeded, replayed",
		"human started, replayed", "human finished paused, replayed", "human_input_required, replayed", "run paused, replayed",
	},
	"events-finished":          {"run finished succeeded"},
	"events-finished-snapshot": {"run finished succeeded"},
	"events-wrong-user":        {"not found"},
	"events-of-another-app":    {"not found"},
	"events-no-user":           {"other"},
	"events-not-a-uuid":        {"unavailable"},
}

// TestRecordedRunEvents replays every recorded stream.
func TestRecordedRunEvents(t *testing.T) {
	t.Parallel()
	recordings := readRecordings(t, "*/events-*.json")
	if len(recordings) != 2*len(watched) {
		t.Errorf("%d recordings, want those of two versions", len(recordings))
	}
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{Transport: besideInfo(r.transport())})
			var told []string
			for event, err := range client.WorkflowRunEvents(t.Context(), r.runEventsQuery()) {
				if err != nil {
					told = append(told, outcome(err))
				} else {
					told = append(told, describe(event))
				}
			}
			if diff := cmp.Diff(watched[strings.TrimSuffix(path.Base(r.name), ".json")], told); diff != "" {
				t.Errorf("(-want +told):\n%s", diff)
			}
		})
	}
}

// runEventsQuery asks as was asked; where no run or user was named, as for one that could be.
func (r recording) runEventsQuery() difyapi.RunEventsQuery {
	query := difyapi.RunEventsQuery{
		RunID:    strings.TrimSuffix(strings.TrimPrefix(r.Request.Path, "/v1/workflow/"), "/events"),
		EndUser:  &difyapi.EndUser{Type: "service-api", SessionID: new("bob")},
		Snapshot: strings.Contains(r.Request.Query, "include_state_snapshot=true"),
	}
	if query.RunID == "not-a-uuid" {
		query.RunID = runID
	}
	return query
}

func describe(event difyapi.RunEvent) string {
	var text string
	switch e := event.(type) {
	case *difyapi.RunStarted:
		text = "run started"
		if e.Resumed {
			text = "run resumed"
		}
	case *difyapi.NodeStarted:
		text = e.Execution.NodeID + " started"
	case *difyapi.NodeFinished:
		text = fmt.Sprint(e.Execution.NodeID, " finished ", e.Execution.Status)
	case *difyapi.NodeRetried:
		text = fmt.Sprint(e.Execution.NodeID, " retried ", *e.Execution.RetryIndex)
	case *difyapi.TextChunk:
		text = fmt.Sprintf("text %q of %v", e.Text, e.FromVariable)
	case *difyapi.RunPaused:
		text = "run paused"
	case *difyapi.RunFinished:
		text = fmt.Sprint("run finished ", e.Run.Status)
	case *difyapi.OtherRunEvent:
		text = e.Name
	}
	if event.IsReplayed() {
		text += ", replayed"
	}
	return text
}

// TestRecordedRunEventsLoseNothingElse holds each event's values against what was recorded: all is there but what is withheld.
func TestRecordedRunEventsLoseNothingElse(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t, "*/events-*.json") {
		if r.Response.Status != http.StatusOK {
			continue
		}
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{Transport: r.transport()})
			recorded := recordedEvents(t, r.text())
			for event, err := range client.WorkflowRunEvents(t.Context(), r.runEventsQuery()) {
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(recorded[0], dataAsDifyWrites(t, event)); diff != "" {
					t.Errorf("%s (-recorded +read):\n%s", describe(event), diff)
				}
				recorded = recorded[1:]
			}
			if len(recorded) != 0 {
				t.Errorf("%d events were not told", len(recorded))
			}
		})
	}
}

// notRead are members of events that no type has: they are withheld, or another event or the stream says them.
var notRead = []string{
	"form_token", "form_id", "index", "extras", "files", "agent_strategy", "inputs_truncated", "process_data_truncated",
	"outputs_truncated", "reason", "created_by", "workflow_run_id", "paused_nodes",
}

// recordedEvents are the data of a stream's events, without what is not read and without nulls.
func recordedEvents(t *testing.T, stream string) (events []map[string]any) {
	t.Helper()
	for line := range strings.Lines(stream) {
		text, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var event struct{ Data map[string]any }
		if err := json.Unmarshal([]byte(text), &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, without(event.Data, notRead...).(map[string]any))
	}
	return events
}

// without takes members out at any depth; and nulls at the top.
func without(value any, names ...string) any {
	switch v := value.(type) {
	case map[string]any:
		for _, name := range names {
			delete(v, name)
		}
		for name, member := range v {
			if v[name] = without(member, names...); member == nil {
				delete(v, name)
			}
		}
	case []any:
		for i := range v {
			v[i] = without(v[i], names...)
		}
	}
	return value
}

// dataAsDifyWrites writes an event again in Dify's names.
func dataAsDifyWrites(t *testing.T, event difyapi.RunEvent) map[string]any {
	t.Helper()
	var m map[string]any
	switch e := event.(type) {
	case *difyapi.RunStarted:
		m = detailAsDifyWrites(t, e.Run)
		delete(m, "status")
	case *difyapi.NodeStarted:
		m = executionAsDifyWrites(t, e.Execution)
		delete(m, "status")
	case *difyapi.NodeFinished:
		m = executionAsDifyWrites(t, e.Execution)
	case *difyapi.TextChunk:
		m = object("text", e.Text, "from_variable_selector", anyOf(e.FromVariable))
	case *difyapi.RunPaused:
		m = detailAsDifyWrites(t, e.Run)
		delete(m, "id")
		m["reasons"] = decoded(t, e.Reasons)
	case *difyapi.RunFinished:
		m = detailAsDifyWrites(t, e.Run)
	case *difyapi.OtherRunEvent:
		m = decoded(t, e.Data).(map[string]any)
	}
	return without(m, notRead...).(map[string]any)
}

func detailAsDifyWrites(t *testing.T, run *difyapi.WorkflowRunDetail) map[string]any {
	t.Helper()
	m := object("id", run.ID.String(), "status", string(run.Status), "inputs", variablesAsJSON(t, run.Inputs),
		"outputs", variablesAsJSON(t, run.Outputs), "created_at", unixOrNil(run.CreatedAt), "finished_at", unixOrNil(run.FinishedAt))
	if run.WorkflowID != nil {
		m["workflow_id"] = run.WorkflowID.String()
	}
	if run.ElapsedTime != nil {
		m["elapsed_time"], m["total_tokens"], m["total_steps"] = *run.ElapsedTime, float64(*run.TotalTokens), float64(*run.TotalSteps)
	}
	if run.ExceptionsCount != nil {
		m["exceptions_count"] = float64(*run.ExceptionsCount)
	}
	return m
}

func executionAsDifyWrites(t *testing.T, e *difyapi.NodeExecution) map[string]any {
	t.Helper()
	m := object("id", e.ID.String(), "node_id", e.NodeID, "node_type", e.NodeType, "title", e.Title, "status", string(e.Status),
		"inputs", variablesAsJSON(t, e.Inputs), "process_data", variablesAsJSON(t, e.ProcessData), "outputs", variablesAsJSON(t, e.Outputs),
		"error", orNil(e.Error), "created_at", unixOrNil(e.CreatedAt), "finished_at", unixOrNil(e.FinishedAt))
	if e.ElapsedTime != nil {
		m["elapsed_time"] = *e.ElapsedTime
	}
	return m
}

func decoded(t *testing.T, text []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func anyOf(texts []string) []any {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	return list
}

// TestNothingRecordedLetsOneAct searches all that is told of the recorded streams, and of one that has it in odd places, for what
// would let its reader answer a form, stop a run or call Dify.
func TestNothingRecordedLetsOneAct(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t, "*/events-*.json") {
		for line := range strings.Lines(r.text()) {
			for _, name := range []string{"form_token", "form_id", "task_id"} {
				_, rest, found := strings.Cut(line, `"`+name+`":"`)
				secret, _, _ := strings.Cut(rest, `"`)
				if found && secret != r.runEventsQuery().RunID {
					r.searchEvents(t, secret)
				}
			}
		}
	}
}

func (r recording) searchEvents(t *testing.T, secret string) {
	t.Helper()
	client := newClient(t, difyapi.Options{Transport: r.transport()})
	for event, err := range client.WorkflowRunEvents(t.Context(), r.runEventsQuery()) {
		if text := shown(t, event); err != nil || bytes.Contains(text, []byte(secret)) {
			t.Errorf("%s: %v; it tells %s: %s", r.name, err, secret, text)
		}
	}
}

// shown is all that an event has, as text.
func shown(t *testing.T, event difyapi.RunEvent) []byte {
	t.Helper()
	text, err := json.Marshal([]any{event, dataAsDifyWrites(t, event)})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
