package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
)

// TestNothingLetsOneActAndNobodyIsNamed: no event has the token of a form and, without the scope people, anybody's session id; without
// content nothing of what a run is about is told, and no error in its place.
func TestNothingLetsOneActAndNobodyIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		scopes   []viewer.Scope
		has, not []string
	}{
		"all":     {viewer.Scopes(), []string{`sys.user_id`, `bob`, `"why"`, "boom", "TextChunk", "Please say"}, []string{"form_token", "secret-token"}},
		"content": {[]viewer.Scope{viewer.Logs, viewer.Content}, []string{`"why"`, "boom", "TextChunk", "Please say"}, []string{"sys.user_id", "bob", "form_token"}},
		"logs":    {[]viewer.Scope{viewer.Logs}, []string{"human_input_required", "node_retry"}, []string{"sys.user_id", "bob", "why", "boom", "TextChunk", "Please say", "form_token"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t, liveOptions{viewer: &someone{"", []string{"a"}, test.scopes}}, func(a *liveAPI) {
				script := threeNodes()
				script.Nodes[1].Error, script.Nodes[1].Status, script.Nodes[1].Retries = new("boom"), "exception", 1
				script.Pauses = []difytest.ScriptPause{{NodeID: "human", At: 11 * time.Second, Lasts: time.Minute, Content: "Please say"}}
				script.Others = []difytest.ScriptEvent{{At: 2 * time.Second, Name: "iteration_started", Data: `{"inputs": {"sys.user_id": "bob"}, "form_token": "secret-token"}`}}
				query := strings.Replace(watchQuery, "elapsedTime totalTokens outputs", "elapsedTime", 1)
				h := a.subscribe(query, map[string]any{"app": "a", "run": a.apps["a"].Play(playedRow(), script).Run.ID.String()})
				pass(3 * time.Minute)
				events, over := h.events()
				var text strings.Builder
				for _, e := range events {
					text.Write(e.text)
					if len(e.Errors) > 0 {
						t.Errorf("an error: %s", e.text)
					}
				}
				for _, want := range test.has {
					if !strings.Contains(text.String(), want) {
						t.Errorf("%s is missing in %s", want, text.String())
					}
				}
				for _, secret := range test.not {
					if strings.Contains(text.String(), secret) {
						t.Errorf("%s is in %s", secret, text.String())
					}
				}
				if !over {
					t.Error("the subscription goes on")
				}
			})
		})
	}
}

// TestWhatAnEventCosts: 10 at the start, and each event what it shows and calls for; the first answer says so.
func TestWhatAnEventCosts(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		h := a.watch(a.apps["a"].Play(playedRow(), threeNodes()).Run.ID)
		pass(time.Minute)
		events, _ := h.events()
		for i, e := range events {
			var answer struct {
				Extensions struct {
					Cost map[string]int
				}
			}
			if err := json.Unmarshal(e.text, &answer); err != nil {
				t.Fatal(err)
			}
			want := map[string]int(nil)
			if i == 0 {
				want = map[string]int{"price": 2025, "foreseen": 21, "limit": 1_000_000, "spent": 11}
			}
			if diff := cmp.Diff(want, answer.Extensions.Cost); diff != "" {
				t.Errorf("event %d (-want +told): %s", i, diff)
			}
		}
	})
}

// TestErrorsOfEventsHaveTheirPlace in the answer, as those of queries do.
func TestErrorsOfEventsHaveTheirPlace(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{viewer: &someone{"", []string{"a"}, []viewer.Scope{viewer.Logs}}}, func(a *liveAPI) {
		run := a.apps["a"].Play(playedRow(), threeNodes()).Run.ID
		h := a.subscribe(`subscription ($run: UUID!) {x: workflowRunEvents(uuid: $run) {... on WorkflowRunStarted {run {status error}}}}`, map[string]any{"run": run.String()})
		pass(500 * time.Millisecond)
		events, _ := h.events()
		if e := events[0].Errors; len(e) != 1 || fmt.Sprint(e[0].Path) != "[x run error]" || !strings.Contains(string(events[0].Data), "RUNNING") {
			t.Errorf("told %s", events[0].text)
		}
	})
}

// TestWhoCantPayIsToldNoMore.
func TestWhoCantPayIsToldNoMore(t *testing.T) {
	t.Parallel()
	poor := func(cfg *config.Config) {
		cfg.Limits.Price, cfg.Limits.Rate, cfg.Limits.Burst = 30, 10, 40
	}
	inTime(t, liveOptions{change: poor}, func(a *liveAPI) {
		script := difytest.Script{Lasts: time.Minute}
		for range 60 {
			script.Nodes = append(script.Nodes, difytest.ScriptNode{NodeID: "n", Begins: 5 * time.Second, Lasts: time.Second})
		}
		h := a.subscribe(`subscription ($run: UUID!) {workflowRunEvents(app: "a", uuid: $run) {__typename}}`, map[string]any{"run": a.apps["a"].Play(playedRow(), script).Run.ID.String()})
		pass(2 * time.Minute)
		events, over := h.events()
		if last := events[len(events)-1]; !over || len(last.codes()) != 1 || last.codes()[0] != "RATE_LIMITED" {
			t.Errorf("over %t, last told %s", over, last.text)
		}
		if a.dify.OpenStreams() != 0 {
			t.Error("the stream is still open")
		}
	})
}

// TestRecordedEventsAreToldAsTheSchemaSays, of all streams that Difys were recorded with, and nothing in them lets one act.
func TestRecordedEventsAreToldAsTheSchemaSays(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../difyapi/testdata/recordings/*/events-*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		recorded := readEvents(t, file)
		if recorded.Response.Status != http.StatusOK {
			continue
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			inTime(t, liveOptions{viewer: &someone{"", []string{"a"}, []viewer.Scope{viewer.Logs, viewer.Content}}}, func(a *liveAPI) {
				row := playedRow()
				row.Run.ID, row.Run.Status = recorded.run(t), difytest.StatusRunning
				a.apps["a"].Insert(row)
				a.dify.SetFault(func(r *http.Request) *difytest.Fault {
					if !strings.HasSuffix(r.URL.Path, "/events") {
						return nil
					}
					return &difytest.Fault{Status: http.StatusOK, ContentType: "text/event-stream", Body: fmt.Sprint(recorded.Response.Body)}
				})
				h := a.watch(row.Run.ID)
				pass(500 * time.Millisecond)
				events, _ := h.events()
				if len(events) == 0 {
					t.Error("nothing was told")
				}
				for _, e := range events {
					if len(e.Errors) > 0 || strings.Contains(string(e.text), "form_token") || strings.Contains(string(e.text), "sys.user_id") {
						t.Errorf("told %s", e.text)
					}
				}
			})
		})
	}
}

type recordedEvents struct {
	Request  struct{ Path string }
	Response struct {
		Status int
		Body   any // a text where it is a stream
	}
}

func readEvents(t *testing.T, file string) (recorded recordedEvents) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &recorded)
	}
	if err != nil {
		t.Fatal(err)
	}
	return recorded
}

func (r *recordedEvents) run(t *testing.T) uuid.UUID {
	t.Helper()
	id, err := uuid.Parse(strings.TrimSuffix(strings.TrimPrefix(r.Request.Path, "/v1/workflow/"), "/events"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}
