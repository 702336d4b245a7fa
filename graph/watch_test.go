package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/config"
)

const watchQuery = `subscription ($app: String, $run: UUID!) {workflowRunEvents(app: $app, uuid: $run) {
	__typename
	... on WorkflowRunStarted {run {uuid status} resumed replayed}
	... on WorkflowNodeStarted {execution {...Execution} replayed}
	... on WorkflowNodeFinished {execution {...Execution inputs outputs processData error} replayed}
	... on WorkflowTextChunk {text fromVariable}
	... on WorkflowRunPaused {run {status} reasons replayed}
	... on WorkflowRunFinished {run {status elapsedTime totalTokens outputs}}
	... on WorkflowRunOtherEvent {name data}
	... on WorkflowRunEventsLimited {limit message}
}}
fragment Execution on WorkflowNodeExecution {id uuid nodeId nodeType title index predecessorNodeId iterationId loopId retryIndex
	status statusText elapsedTime totalTokens totalPrice currency createdAt finishedAt}`

// told is what an event says, in short.
type toldRun struct {
	Type      string `json:"__typename"`
	Execution struct {
		NodeID, Status, Error string
		Index                 int
		Outputs, Inputs       json.RawMessage
	}
	Run struct {
		Status  string
		Outputs json.RawMessage
	}
	Text, Name, Limit string
	Data, Reasons     json.RawMessage
	Replayed, Resumed bool
}

func (e toldRun) String() string {
	text := strings.TrimPrefix(e.Type, "Workflow")
	for _, word := range []string{e.Execution.NodeID, e.Execution.Status, e.Execution.Error, e.Text, e.Name, e.Limit} {
		if word != "" {
			text += " " + word
		}
	}
	if strings.HasPrefix(e.Type, "WorkflowRun") && e.Run.Status != "" {
		text += " " + e.Run.Status
	}
	if e.Replayed {
		text += " replayed"
	}
	return text
}

// runEvents are those that were told by now, with the seconds in which they were.
func (h *heard) runEvents(t *testing.T) (lines []string, over bool) {
	t.Helper()
	events, over := h.events()
	for _, e := range events {
		var data struct{ WorkflowRunEvents toldRun }
		if len(e.Errors) > 0 {
			lines = append(lines, fmt.Sprintf("%v %v %s", e.at.Truncate(time.Second), e.codes(), e.Errors[0].Message))
			continue
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%v %s", e.at.Truncate(time.Second), data.WorkflowRunEvents))
	}
	return lines, over
}

func (h *heard) want(t *testing.T, over bool, want ...string) {
	t.Helper()
	got, isOver := h.runEvents(t)
	if diff := cmp.Diff(want, got); diff != "" || isOver != over {
		t.Errorf("over %t, -want +told:\n%s", isOver, diff)
	}
}

func manySubscriptions(cfg *config.Config) {
	cfg.Limits.Subscriptions, cfg.Limits.SubscriptionsPerCaller = 2000, 2000
}

func (a *liveAPI) watch(run uuid.UUID) *heard {
	a.Helper()
	return a.subscribe(watchQuery, map[string]any{"app": "a", "run": run.String()})
}

// wantCalls are requests to Dify by their routes: one for the entry of the run, some for its details, and streams of its events.
func (a *liveAPI) wantCalls(details, streams int) {
	a.Helper()
	for route, want := range map[string]int{difytest.LogsRoute: 1, difytest.RunRoute: details, difytest.EventsRoute: streams, difytest.InfoRoute: 0} {
		if got := a.dify.Calls(route); got != want {
			a.Errorf("%d requests of %s, want %d: %v", got, route, want, a.dify.Requests())
		}
	}
}

// playedRow is of the end user bob.
func playedRow() difytest.Row {
	return difytest.Row{
		CreatedFrom: "service-api", CreatedByRole: "end_user", EndUser: &difytest.EndUser{Type: "service-api", SessionID: "bob"},
		Run: &difytest.Run{Version: "1", TriggeredFrom: "app-run", Inputs: `{"q": "why", "sys.user_id": "bob"}`},
	}
}

func threeNodes() difytest.Script {
	return difytest.Script{Outputs: `{"answer": "so"}`, Nodes: difytest.Sequence(
		difytest.ScriptNode{NodeID: "start", NodeType: "start", Lasts: time.Second, Outputs: `{"q": "why", "sys.user_id": "bob"}`},
		difytest.ScriptNode{NodeID: "llm", NodeType: "llm", Lasts: 4 * time.Second, Text: []string{"s", "o"}, Tokens: 5},
		difytest.ScriptNode{NodeID: "end", NodeType: "end", Lasts: 5 * time.Second, Outputs: `{"answer": "so"}`},
	)}
}

// TestARunIsToldNodeByNode, first what has happened and then what happens, until its end, which is the subscription's.
func TestARunIsToldNodeByNode(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		row := a.apps["a"].Play(playedRow(), threeNodes())
		pass(1500 * time.Millisecond)
		h := a.watch(row.Run.ID)
		pass(20 * time.Second)
		h.want(t, true,
			"0s RunStarted RUNNING replayed", "0s NodeStarted start RUNNING replayed", "0s NodeFinished start SUCCEEDED replayed",
			"0s NodeStarted llm RUNNING replayed", "0s TextChunk s", "2s TextChunk o", "3s NodeFinished llm SUCCEEDED",
			"3s NodeStarted end RUNNING", "8s NodeFinished end SUCCEEDED", "8s RunFinished SUCCEEDED",
		)
		a.wantCalls(1, 2) // the log, the outputs that are asked for at the end, the stream and another snapshot
		if open := a.dify.OpenStreams(); open != 0 {
			t.Errorf("%d streams are open", open)
		}
	})
}

// TestManyWatchersCostWhatOneDoes, whenever they come: Dify has one stream, and each hears all.
func TestManyWatchersCostWhatOneDoes(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{change: manySubscriptions}, func(a *liveAPI) {
		row := a.apps["a"].Play(playedRow(), threeNodes())
		first := a.watch(row.Run.ID)
		pass(2 * time.Second)
		others := make([]*heard, 99)
		for i := range others {
			others[i] = a.watch(row.Run.ID)
		}
		pass(20 * time.Second)
		told, _ := first.runEvents(t)
		for _, h := range others {
			got, over := h.runEvents(t)
			if n := len(got); !over || n != len(told) || got[n-1] != "8s RunFinished SUCCEEDED" {
				t.Fatalf("over %t, told %v", over, got)
			}
		}
		a.wantCalls(1, 2)
	})
}

// TestNobodyWatchingCostsNothing: a stream that nobody watches any more is closed at once.
func TestNobodyWatchingCostsNothing(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		row := a.apps["a"].Play(playedRow(), threeNodes())
		one, other := a.watch(row.Run.ID), a.watch(row.Run.ID)
		pass(4 * time.Second)
		one.leave()
		pass(100 * time.Millisecond)
		if open := a.dify.OpenStreams(); open != 1 {
			t.Errorf("%d streams are open while somebody watches", open)
		}
		other.leave()
		pass(100 * time.Millisecond)
		if open := a.dify.OpenStreams(); open != 0 {
			t.Errorf("%d streams are open while nobody watches", open)
		}
		pass(time.Minute)
		a.wantCalls(0, 2)
	})
}

// TestARunThatHasEndedIsToldToHave, and nothing else: nothing inside can be told.
func TestARunThatHasEndedIsToldToHave(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		row := a.apps["a"].Play(playedRow(), threeNodes())
		pass(time.Minute)
		h := a.watch(row.Run.ID)
		pass(time.Second)
		h.want(t, true, "0s RunFinished SUCCEEDED")
		a.wantCalls(1, 0)
	})
}

// TestARunThatThereIsNotIsAnError that says so, and names the argument.
func TestARunThatThereIsNotIsAnError(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		a.apps["b"].Play(playedRow(), threeNodes())
		h := a.watch(uuid.New())
		pass(time.Second)
		h.want(t, true, "0s [BAD_USER_INPUT] uuid: the app has no such run; take the `uuid` of a WorkflowRun")
		for name, variables := range map[string]map[string]any{
			"no app": {"run": uuid.New().String()}, "an unknown app": {"app": "c", "run": uuid.New().String()}, "no UUID": {"app": "a", "run": "x"},
		} {
			h := a.subscribe(watchQuery, variables)
			pass(time.Second)
			events, over := h.events()
			if len(events) != 1 || !over || len(events[0].codes()) != 1 || events[0].codes()[0] != "BAD_USER_INPUT" {
				t.Errorf("%s: over %t, told %v", name, over, events)
			}
		}
	})
}

// TestWhatCantBeToldInside: the reason, start and end are told, and nothing is changed at Dify.
func TestWhatCantBeToldInside(t *testing.T) {
	t.Parallel()
	for limit, test := range map[string]struct {
		options difytest.Options
		change  func(*difytest.Row)
	}{
		"OLD_SERVER":             {difytest.Options{Version: "1.13.3"}, func(*difytest.Row) {}},
		"STARTED_BY_MEMBER":      {difytest.Options{}, func(r *difytest.Row) { r.EndUser, r.CreatedByRole, r.Account = nil, "account", &accounts[0] }},
		"END_USER_NOT_WATCHABLE": {difytest.Options{}, func(r *difytest.Row) { r.EndUser.Type = "browser" }},
		"END_USER_UNKNOWN":       {difytest.Options{}, func(r *difytest.Row) { r.EndUser = nil }},
	} {
		t.Run(limit, func(t *testing.T) {
			t.Parallel()
			inTime(t, liveOptions{dify: test.options}, func(a *liveAPI) {
				row := playedRow()
				test.change(&row)
				row = a.apps["a"].Play(row, threeNodes())
				users := a.apps["a"].EndUsers()
				h := a.watch(row.Run.ID)
				pass(time.Minute)
				h.want(t, true, "0s RunEventsLimited "+limit, "0s RunStarted RUNNING replayed", "10s RunFinished SUCCEEDED")
				if diff := cmp.Diff(users, a.apps["a"].EndUsers()); diff != "" {
					t.Errorf("end users were changed: %s", diff)
				}
				if got := a.dify.Calls(difytest.EventsRoute); got > 0 && limit != "OLD_SERVER" {
					t.Errorf("%d streams", got)
				}
			})
		})
	}
}

// TestWatchAllWatchesBrowsersToo, where who runs the server has said so.
func TestWatchAllWatchesBrowsersToo(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{change: func(cfg *config.Config) { cfg.Live.WatchAll = true }}, func(a *liveAPI) {
		row := playedRow()
		row.EndUser.Type = "browser"
		h := a.watch(a.apps["a"].Play(row, threeNodes()).Run.ID)
		pass(1500 * time.Millisecond)
		h.want(t, false, "0s RunStarted RUNNING replayed", "0s NodeStarted start RUNNING replayed", "1s NodeFinished start SUCCEEDED", "1s NodeStarted llm RUNNING")
	})
}

// TestMoreIsToldOnceThereIsRoom: of more runs than may be watched at a Dify, start and end are told, and all once another is over.
func TestMoreIsToldOnceThereIsRoom(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{change: func(cfg *config.Config) { cfg.Live.StreamsPerServer = 1 }}, func(a *liveAPI) {
		short, long := threeNodes(), threeNodes()
		long.Nodes[2].Lasts = time.Hour
		first := a.watch(a.apps["a"].Play(playedRow(), short).Run.ID)
		pass(time.Second)
		run := a.apps["a"].Play(playedRow(), long).Run.ID
		third := a.watch(run)
		late := a.watch(run)
		pass(time.Second)
		third.want(t, false, "0s RunEventsLimited STREAMS_IN_USE", "0s RunStarted RUNNING replayed")
		late.want(t, false, "0s RunEventsLimited STREAMS_IN_USE", "0s RunStarted RUNNING replayed")
		pass(20 * time.Second)
		if _, over := first.runEvents(t); !over {
			t.Error("the first run is not over")
		}
		got, _ := third.runEvents(t)
		if len(got) != 7 || got[6] != "10s NodeStarted end RUNNING" {
			t.Errorf("told %q", got)
		}
	})
}

// TestARunGoesOnAfterSilence: Dify ends a stream in which nothing has happened for five minutes, and a new one goes on where it was.
func TestARunGoesOnAfterSilence(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		script := threeNodes()
		script.Nodes[2].Lasts = 12 * time.Minute
		h := a.watch(a.apps["a"].Play(playedRow(), script).Run.ID)
		pass(20 * time.Minute)
		h.want(t, true,
			"0s RunStarted RUNNING replayed", "0s NodeStarted start RUNNING replayed", "1s NodeFinished start SUCCEEDED", "1s NodeStarted llm RUNNING",
			"2s TextChunk s", "3s TextChunk o", "5s NodeFinished llm SUCCEEDED", "5s NodeStarted end RUNNING", "12m5s NodeFinished end SUCCEEDED",
			"12m5s RunFinished SUCCEEDED",
		)
		a.wantCalls(1, 6) // three streams, and another snapshot beside each
	})
}

// TestACutStreamGoesOn, as does one that a server that is down does not begin.
func TestACutStreamGoesOn(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		a.dify.FailNext(nil, difytest.CutEvents(3), difytest.BadGateway(), difytest.BadGateway())
		h := a.watch(a.apps["a"].Play(playedRow(), threeNodes()).Run.ID)
		pass(time.Minute)
		got, over := h.runEvents(t)
		for _, want := range []string{"NodeFinished start SUCCEEDED", "NodeFinished llm SUCCEEDED", "NodeFinished end SUCCEEDED", "RunFinished SUCCEEDED"} {
			if n := strings.Count(strings.Join(got, "\n"), want); n != 1 || !over {
				t.Errorf("%s was told %d times, over %t: %q", want, n, over, got)
			}
		}
	})
}
