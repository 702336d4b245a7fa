package difytest_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestRecordedStreams plays what was recorded, and wants the same events.
func TestRecordedStreams(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.14.2", "1.16.1"} {
		for _, name := range []string{"running", "running-snapshot", "paused-snapshot", "finished", "finished-snapshot"} {
			t.Run(version+"/"+name, func(t *testing.T) {
				t.Parallel()
				var exchange recording
				readJSON(t, recordings+"/"+version+"/events-"+name+".json", &exchange)
				recorded := eventsOf(t, exchange)
				synctest.Test(t, func(t *testing.T) {
					dify, app := newApp(difytest.Options{Version: version})
					run := playAgain(t, app, version)
					if name == "paused-snapshot" {
						run = playPause(t, app, recorded)
					}
					time.Sleep(time.Second)
					if strings.HasPrefix(name, "finished") {
						time.Sleep(time.Minute)
					}
					got := watchRun(t.Context(), dify, run, exchange.Request.Query)
					if diff := gocmp.Diff(alike(recorded), alike(got.events)); diff != "" {
						t.Errorf("(-recorded +played):\n%s", diff)
					}
					compareHeaders(t, exchange, got.ResponseRecorder)
				})
			})
		}
	}
}

func eventsOf(t *testing.T, exchange recording) (events []told) {
	t.Helper()
	var text string
	if err := json.Unmarshal(exchange.Response.Body, &text); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(text) {
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			var event told
			if err := json.Unmarshal([]byte(data), &event); err != nil {
				t.Fatal(err)
			}
			events = append(events, event)
		}
	}
	return events
}

func compareHeaders(t *testing.T, exchange recording, got *httptest.ResponseRecorder) {
	t.Helper()
	for name, value := range exchange.Response.Headers {
		if got.Header().Get(name) != value {
			t.Errorf("header %s is %q, recorded %q", name, got.Header().Get(name), value)
		}
	}
}

// playAgain plays the run that was recorded while it went on.
func playAgain(t *testing.T, app *difytest.App, version string) uuid.UUID {
	t.Helper()
	var exchange recording
	readJSON(t, recordings+"/"+version+"/events-running-snapshot.json", &exchange)
	var script difytest.Script
	run := &difytest.Run{}
	var user uuid.UUID
	for _, event := range eventsOf(t, exchange) {
		text := func(name string) string { return string(must(json.Marshal(event.Data[name]))) }
		switch event.Event {
		case "workflow_started":
			run.ID, run.WorkflowID, run.Inputs = event.Run, uuid.MustParse(event.Data["workflow_id"].(string)), text("inputs")
		case "text_chunk":
			script.Others = append(script.Others, difytest.ScriptEvent{At: 19 * time.Second, Name: event.Event, Data: string(must(json.Marshal(event.Data)))})
		case "node_finished":
			node := difytest.ScriptNode{
				ID: uuid.MustParse(event.Data["id"].(string)), NodeID: event.Data["node_id"].(string), NodeType: event.Data["node_type"].(string),
				Title: event.Data["title"].(string), Inputs: text("inputs"), Outputs: text("outputs"), ProcessData: text("process_data"),
			}
			if node.NodeID == "http" {
				node.Lasts = 20 * time.Second
			}
			script.Nodes = difytest.Sequence(append(script.Nodes, node)...)
		case "workflow_finished":
			script.Outputs = text("outputs")
			user = uuid.MustParse(event.Data["created_by"].(map[string]any)["id"].(string))
		}
	}
	app.Play(difytest.Row{EndUser: &difytest.EndUser{ID: user, Type: "service-api", SessionID: "bob"}, Run: run}, script)
	return run.ID
}

// playPause plays the run that was recorded while it was paused.
func playPause(t *testing.T, app *difytest.App, recorded []told) uuid.UUID {
	t.Helper()
	id := func(i int) uuid.UUID { return uuid.MustParse(recorded[i].Data["id"].(string)) }
	run := &difytest.Run{
		ID: id(0), WorkflowID: uuid.MustParse(recorded[0].Data["workflow_id"].(string)), Inputs: string(must(json.Marshal(recorded[0].Data["inputs"]))),
	}
	app.Play(difytest.Row{EndUser: &difytest.EndUser{Type: "service-api", SessionID: "carol"}, Run: run}, difytest.Script{
		Nodes: []difytest.ScriptNode{{ID: id(1), NodeID: "start", NodeType: "start", Title: "Start"}},
		Pauses: []difytest.ScriptPause{{
			ID: id(3), NodeID: "human", Title: "Ask a person", Lasts: time.Hour, Content: recorded[5].Data["form_content"].(string),
		}},
	})
	return run.ID
}

// alike are events without what differs from run to run, and without what
// newer servers add.
func alike(events []told) []told {
	compared := make([]told, len(events))
	for i, event := range events {
		event.After = 0
		if event.Task != event.Run {
			event.Task = uuid.Max
		}
		event.Data = anonymous(event.Data).(map[string]any)
		compared[i] = event
	}
	return compared
}

func anonymous(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for name, member := range v {
			switch name {
			case "created_at", "finished_at", "elapsed_time", "expiration_time", "form_id", "form_token":
				kept[name] = fmt.Sprintf("%T", member)
			case "approval_channels":
			default:
				kept[name] = anonymous(member)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(v))
		for i := range v {
			kept[i] = anonymous(v[i])
		}
		return kept
	default:
		return value
	}
}
