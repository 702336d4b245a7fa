package progress_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/live/progress"
)

// told takes events, and describes what is told.
func told(run *progress.Run, events ...difyapi.RunEvent) (all []string) {
	for _, event := range events {
		for _, news := range run.Take(event) {
			all = append(all, describe(news))
		}
	}
	return all
}

func describe(event difyapi.RunEvent) string {
	var text string
	switch e := event.(type) {
	case *progress.ExecutionStarted:
		text = fmt.Sprintf("%d %s began %s", e.Execution.Index, e.Execution.NodeID, e.Execution.Status)
	case *progress.ExecutionFinished:
		text = fmt.Sprintf("%d %s ended %s", e.Execution.Index, e.Execution.NodeID, e.Execution.Status)
		if e.Execution.Lost {
			text += ", lost"
		}
	case *difyapi.RunStarted:
		text = "run began"
		if e.Resumed {
			text = "run goes on"
		}
	case *difyapi.OtherRunEvent:
		text = e.Name
	default:
		text = strings.TrimPrefix(fmt.Sprintf("%T", event), "*difyapi.")
	}
	if event.IsReplayed() {
		text += ", replayed"
	}
	return text
}

// TestWhatOnlyOneEventHasIsKept: an end has what its beginning alone knew, and not the other way round.
func TestWhatOnlyOneEventHasIsKept(t *testing.T) {
	t.Parallel()
	var run progress.Run
	id, at := uuid.New(), time.Unix(1, 0)
	run.Take(&difyapi.NodeStarted{Execution: &difyapi.NodeExecution{
		ID: id, NodeID: "n", NodeType: "llm", Title: "N", PredecessorNodeID: new("p"), IterationID: new("i"), LoopID: new("l"), CreatedAt: &at,
	}})
	run.Take(&difyapi.NodeRetried{Execution: &difyapi.NodeExecution{ID: id, RetryIndex: new(1), Error: new("first")}})
	news := run.Take(&difyapi.NodeFinished{Execution: &difyapi.NodeExecution{ID: id, Status: difyapi.NodeFailed, Error: new("second")}})
	want := progress.Execution{Index: 1, NodeExecution: &difyapi.NodeExecution{
		ID: id, NodeID: "n", NodeType: "llm", Title: "N", PredecessorNodeID: new("p"), IterationID: new("i"), LoopID: new("l"), CreatedAt: &at,
		RetryIndex: new(1), Error: new("second"), Status: difyapi.NodeFailed,
	}}
	variables := cmp.Transformer("text", func(v difyapi.Variables) string { value, err := v.Value(); return fmt.Sprint(value, err) })
	if diff := cmp.Diff(want, news[0].(*progress.ExecutionFinished).Execution, variables); diff != "" {
		t.Errorf("(-want +told):\n%s", diff)
	}
	began := run.Replay()[0].(*progress.ExecutionStarted).Execution
	if began.Status != difyapi.NodeRunning || began.Error != nil || began.RetryIndex != nil || began.FinishedAt != nil {
		t.Errorf("replayed as begun: %+v", began)
	}
}

// TestFormsAreToldOncePerPause, and to those who come later while it lasts.
func TestFormsAreToldOncePerPause(t *testing.T) {
	t.Parallel()
	form := func(replayed bool) difyapi.RunEvent {
		return &difyapi.OtherRunEvent{Name: "human_input_required", Data: []byte(`{"node_id":"h"}`), Replayed: replayed}
	}
	var run progress.Run
	got := told(&run, &difyapi.RunStarted{Replayed: true}, form(true), &difyapi.RunPaused{Replayed: true}, &difyapi.RunStarted{Replayed: true}, form(true))
	if diff := cmp.Diff([]string{"run began, replayed", "human_input_required, replayed", "RunPaused, replayed"}, got); diff != "" {
		t.Errorf("the first pause (-want +told):\n%s", diff)
	}
	if diff := cmp.Diff(got, replayed(&run)); diff != "" || !run.Paused() {
		t.Errorf("while it lasts (-told +replayed):\n%s", diff)
	}
	got = told(&run, &difyapi.RunStarted{Resumed: true}, form(false), &difyapi.RunPaused{}, &difyapi.OtherRunEvent{Name: "human_input_form_filled"})
	if diff := cmp.Diff([]string{"run goes on", "human_input_required", "RunPaused", "run goes on", "human_input_form_filled"}, got); diff != "" {
		t.Errorf("the second (-want +told):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"run began, replayed"}, replayed(&run)); diff != "" || run.Paused() {
		t.Errorf("after it (-want +replayed):\n%s", diff)
	}
	if got := told(&run, &difyapi.RunFinished{}, form(false)); len(got) != 1 || len(replayed(&run)) != 2 {
		t.Errorf("at the end %v, then %v", got, replayed(&run))
	}
}

func replayed(run *progress.Run) (all []string) {
	for _, event := range run.Replay() {
		all = append(all, describe(event))
	}
	return all
}

// TestRecordedStreamsMakeExecutions of each recorded stream.
func TestRecordedStreamsMakeExecutions(t *testing.T) {
	t.Parallel()
	texts := []string{"TextChunk", "TextChunk", "TextChunk"}
	want := map[string][]string{
		"events-running-snapshot": append(append([]string{
			"run began, replayed", "1 start began running, replayed", "1 start ended succeeded, replayed", "2 http began running, replayed",
		}, texts...), "2 http ended succeeded", "3 end began running", "3 end ended succeeded", "RunFinished"),
		"events-running": append(append([]string{}, texts...),
			"1 http began running", "1 http ended succeeded", "2 end began running", "2 end ended succeeded", "RunFinished"),
		"events-paused-snapshot": {
			"run began, replayed", "1 start began running, replayed", "1 start ended succeeded, replayed", "2 human began running, replayed",
			"human_input_required, replayed", "RunPaused, replayed",
		},
		"events-finished":          {"RunFinished"},
		"events-finished-snapshot": {"RunFinished"},
	}
	files, _ := filepath.Glob("../../../difyapi/testdata/recordings/*/events-*.json")
	count := 0
	for _, file := range files {
		r := readRecording(t, file)
		if r.Response.Status != http.StatusOK {
			continue
		}
		count++
		var run progress.Run
		if diff := cmp.Diff(want[strings.TrimSuffix(path.Base(file), ".json")], told(&run, r.events(t)...)); diff != "" {
			t.Errorf("%s (-want +told):\n%s", file, diff)
		}
	}
	if count != 2*len(want) {
		t.Errorf("%d recordings, want %d", count, 2*len(want))
	}
}

type recording struct {
	Request  struct{ Path, Query string }
	Response struct {
		Status int
		Body   json.RawMessage
	}
}

func readRecording(t *testing.T, file string) (r recording) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// RoundTrip answers as was recorded.
func (r recording) RoundTrip(req *http.Request) (*http.Response, error) {
	var body string
	if err := json.Unmarshal(r.Response.Body, &body); err != nil {
		return nil, err
	}
	text := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body
	return http.ReadResponse(bufio.NewReader(strings.NewReader(text)), req)
}

func (r recording) events(t *testing.T) (all []difyapi.RunEvent) {
	t.Helper()
	client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-key", Transport: r})
	if err != nil {
		t.Fatal(err)
	}
	query := difyapi.RunEventsQuery{
		RunID:    strings.Split(r.Request.Path, "/")[3],
		EndUser:  &difyapi.EndUser{Type: "service-api", SessionID: new("bob")},
		Snapshot: strings.Contains(r.Request.Query, "snapshot"),
	}
	for event, err := range client.WorkflowRunEvents(t.Context(), query) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}
