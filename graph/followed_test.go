package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/config"
)

const followQuery = `subscription ($apps: [String!], $filter: WorkflowLogFilter, $after: String, $since: DateTime) {
	workflowLogEvents(apps: $apps, filter: $filter, after: $after, since: $since) {
		__typename
		... on WorkflowLogAdded {cursor edge {cursor node {id uuid app {key} workflowRun {status}}}}
		... on WorkflowLogUpdated {cursor node {id uuid app {key} workflowRun {status outputs}} previousStatus matches}
		... on WorkflowLogsSkipped {cursor newest oldest count}
		... on DifyAppStatusChanged {cursor app {key} failure {code app {key}}}
	}
}`

type toldLog struct {
	Type   string `json:"__typename"`
	Cursor string
	Edge   struct {
		Cursor string
		Node   toldNode
	}
	Node           toldNode
	PreviousStatus string
	Matches        bool
	App            struct{ Key string }
	Failure        *struct{ Code string }
}

type toldNode struct {
	ID          string
	App         struct{ Key string }
	WorkflowRun struct {
		Status  string
		Outputs json.RawMessage
	}
}

func (e toldLog) String() string {
	switch e.Type {
	case "WorkflowLogAdded":
		return fmt.Sprint("added ", e.Edge.Node.App.Key, " ", e.Edge.Node.WorkflowRun.Status)
	case "WorkflowLogUpdated":
		text := fmt.Sprint("updated ", e.Node.App.Key, " ", e.PreviousStatus, " ", e.Node.WorkflowRun.Status, " ", string(e.Node.WorkflowRun.Outputs))
		if !e.Matches {
			text += " no more"
		}
		return text
	case "DifyAppStatusChanged":
		if e.Failure != nil {
			return fmt.Sprint(e.App.Key, " ", e.Failure.Code)
		}
		return e.App.Key + " is back"
	default:
		return e.Type
	}
}

func (h *heard) logs(t *testing.T) (told []toldLog) {
	t.Helper()
	events, _ := h.events()
	for _, e := range events {
		var data struct{ WorkflowLogEvents toldLog }
		if err := json.Unmarshal(e.Data, &data); err != nil || len(e.Errors) > 0 {
			t.Fatalf("%v: %s", err, e.text)
		}
		told = append(told, data.WorkflowLogEvents)
	}
	return told
}

func (h *heard) wantLogs(t *testing.T, want ...string) []toldLog {
	t.Helper()
	var got []string
	told := h.logs(t)
	for _, e := range told {
		got = append(got, strings.TrimSpace(e.String()))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +told:\n%s", diff)
	}
	return told
}

func (a *liveAPI) follow(variables map[string]any) *heard {
	a.Helper()
	h := a.subscribe(followQuery, variables)
	pass(5 * time.Second) // until the first reading is done
	return h
}

// TestRunsAreToldAsTheyHappen: that they appear, at their place in the list, and what becomes of them, with the id that lists give them.
func TestRunsAreToldAsTheyHappen(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		h := a.follow(nil)
		a.apps["a"].Play(playedRow(), threeNodes())
		pass(30 * time.Second)
		told := h.wantLogs(t, "added a RUNNING", `updated a RUNNING SUCCEEDED {"answer":"so"}`)
		var list struct {
			WorkflowLogs struct {
				Edges []struct {
					Cursor string
					Node   toldNode
				}
			}
		}
		a.get(`{workflowLogs {edges {cursor node {id}}}}`, &list)
		if edge := list.WorkflowLogs.Edges[0]; edge.Node.ID != told[0].Edge.Node.ID || edge.Node.ID != told[1].Node.ID {
			t.Errorf("ids differ: %s", edge.Node.ID)
		}
		a.get(`{workflowLogs(after: "`+told[0].Edge.Cursor+`") {edges {cursor node {id}}}}`, &list)
		if len(list.WorkflowLogs.Edges) != 0 {
			t.Error("the event's edge is not the last of the list")
		}
	})
}

// TestFiltersAreLookedAtWithEachChange: a run that comes to match is added, and one that ceases to is told to.
func TestFiltersAreLookedAtWithEachChange(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		filter map[string]any
		want   []string
	}{
		"status it begins with":  {map[string]any{"status": "RUNNING"}, []string{"added a RUNNING", `updated a RUNNING SUCCEEDED {"answer":"so"} no more`}},
		"status it ends with":    {map[string]any{"status": "SUCCEEDED"}, []string{"added a SUCCEEDED"}},
		"status it never has":    {map[string]any{"status": "FAILED"}, nil},
		"session":                {map[string]any{"endUserSessionId": "bob"}, []string{"added a RUNNING", `updated a RUNNING SUCCEEDED {"answer":"so"}`}},
		"another's session":      {map[string]any{"endUserSessionId": "eve"}, nil},
		"time before":            {map[string]any{"createdAt": map[string]any{"until": "2000-01-01T00:00:00Z"}}, nil},
		"time taken":             {map[string]any{"elapsedTime": map[string]any{"min": 5}}, []string{"added a SUCCEEDED"}},
		"keyword of the inputs":  {map[string]any{"keyword": "why"}, []string{"added a RUNNING", `updated a RUNNING SUCCEEDED {"answer":"so"}`}},
		"keyword of the outputs": {map[string]any{"keyword": "answer"}, []string{"added a SUCCEEDED"}},
		"keyword of neither":     {map[string]any{"keyword": "nowhere"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTime(t, liveOptions{}, func(a *liveAPI) {
				h := a.follow(map[string]any{"filter": test.filter})
				a.apps["a"].Play(playedRow(), threeNodes())
				pass(30 * time.Second)
				h.wantLogs(t, test.want...)
			})
		})
	}
}

// TestNothingIsLostBetweenSubscriptions: with the cursor of an event, and with a list's asOf, what has happened since is told first.
func TestNothingIsLostBetweenSubscriptions(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		var list struct {
			WorkflowLogs struct{ Scan struct{ AsOf string } }
		}
		a.get(`{workflowLogs {scan {asOf}}}`, &list)
		h := a.follow(nil)
		a.apps["a"].Play(playedRow(), threeNodes())
		pass(5 * time.Second)
		told := h.wantLogs(t, "added a RUNNING")
		h.leave()
		pass(time.Minute)
		a.apps["b"].Play(playedRow(), threeNodes())
		again := a.follow(map[string]any{"after": told[0].Cursor})
		pass(30 * time.Second)
		if got := again.logs(t); len(got) != 3 || got[0].String() == got[1].String() {
			t.Errorf("told %v, want the end of the first and both of the second", got)
		}
		since := a.follow(map[string]any{"since": list.WorkflowLogs.Scan.AsOf})
		since.wantLogs(t, "added a SUCCEEDED", "added b SUCCEEDED")
	})
}

// TestAnAppThatFailsIsToldOnce, and the subscription lives.
func TestAnAppThatFailsIsToldOnce(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		h := a.follow(map[string]any{"apps": []string{"a"}})
		a.apps["a"].SetState(difytest.AppState(1))
		pass(5 * time.Minute)
		a.apps["a"].SetState(difytest.AppState(0))
		pass(5 * time.Minute)
		if _, over := h.events(); over {
			t.Error("the subscription has ended")
		}
		h.wantLogs(t, "a UPSTREAM_UNAUTHORIZED", "a is back")
	})
}

// TestManyFollowersCostWhatOneDoes, and none costs nothing.
func TestManyFollowersCostWhatOneDoes(t *testing.T) {
	t.Parallel()
	calls := map[int]int{}
	for _, n := range []int{0, 1, 50} {
		inTime(t, liveOptions{change: manySubscriptions}, func(a *liveAPI) {
			for range n {
				a.subscribe(`subscription {workflowLogEvents(apps: "a", filter: {keyword: "why"}) {__typename}}`, nil)
			}
			pass(5 * time.Second)
			a.apps["a"].Play(playedRow(), threeNodes())
			pass(time.Minute)
			calls[n] = a.dify.Calls(difytest.LogsRoute) + a.dify.Calls(difytest.RunRoute)
		})
	}
	if calls[0] != 0 || calls[1] == 0 || calls[50] != calls[1] {
		t.Errorf("requests by followers: %v", calls)
	}
}

// TestWhatCantBeFollowed is an error before Dify is asked, as of a list.
func TestWhatCantBeFollowed(t *testing.T) {
	t.Parallel()
	inTime(t, liveOptions{}, func(a *liveAPI) {
		h := a.follow(map[string]any{"apps": []string{"a"}})
		a.apps["a"].Play(playedRow(), threeNodes())
		pass(time.Minute)
		cursor := h.logs(t)[0].Cursor
		h.leave()
		pass(time.Second)
		a.dify.ResetRequests()
		for name, test := range map[string]struct {
			variables map[string]any
			code      string
		}{
			"an unknown app":           {map[string]any{"apps": []string{"c"}}, "BAD_USER_INPUT"},
			"no app":                   {map[string]any{"apps": []string{}}, "BAD_USER_INPUT"},
			"an empty filter list":     {map[string]any{"filter": map[string]any{"status": []string{}}}, "BAD_USER_INPUT"},
			"no cursor":                {map[string]any{"after": "x"}, "INVALID_CURSOR"},
			"another filter's cursor":  {map[string]any{"apps": []string{"a"}, "after": cursor, "filter": map[string]any{"status": "FAILED"}}, "INVALID_CURSOR"},
			"another app's cursor":     {map[string]any{"apps": []string{"b"}, "after": cursor}, "INVALID_CURSOR"},
			"a cursor and a time":      {map[string]any{"apps": []string{"a"}, "after": cursor, "since": "2000-01-01T00:00:00Z"}, "BAD_USER_INPUT"},
			"a time that is yet to be": {map[string]any{"since": "2100-01-01T00:00:00Z"}, "BAD_USER_INPUT"},
		} {
			h := a.subscribe(followQuery, test.variables)
			pass(time.Second)
			events, over := h.events()
			if len(events) != 1 || !over || len(events[0].codes()) != 1 || events[0].codes()[0] != test.code {
				t.Errorf("%s: over %t, told %v", name, over, events)
			}
		}
		if n := a.dify.Calls(difytest.LogsRoute); n > 0 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestWhoCantPayGoesOnFromTheCursor of the error, and has missed nothing.
func TestWhoCantPayGoesOnFromTheCursor(t *testing.T) {
	t.Parallel()
	poor := func(cfg *config.Config) { cfg.Limits.Price, cfg.Limits.Rate, cfg.Limits.Burst = 40, 10, 40 }
	inTime(t, liveOptions{change: poor}, func(a *liveAPI) {
		query := `subscription ($after: String) {workflowLogEvents(apps: "a", after: $after) {__typename ... on WorkflowLogAdded {edge {node {uuid}}}}}`
		h := a.subscribe(query, nil)
		pass(5 * time.Second)
		const runs = 90
		for range runs {
			a.apps["a"].Insert(playedRow())
		}
		seen, after := map[string]bool{}, ""
		for range 20 {
			pass(30 * time.Second)
			events, over := h.events()
			for _, e := range events {
				var data struct {
					WorkflowLogEvents struct {
						Edge struct{ Node struct{ UUID string } }
					}
				}
				if len(e.Errors) > 0 {
					if e.codes()[0] != "RATE_LIMITED" {
						t.Fatalf("%s", e.text)
					}
					after, _ = e.Errors[0].Extensions["cursor"].(string)
					continue
				}
				if err := json.Unmarshal(e.Data, &data); err != nil {
					t.Fatal(err)
				}
				seen[data.WorkflowLogEvents.Edge.Node.UUID] = true
			}
			if !over {
				break
			}
			h = a.subscribe(query, map[string]any{"after": after})
		}
		if len(seen) < runs || after == "" {
			t.Errorf("%d runs were told of, the cursor is %q", len(seen), after)
		}
	})
}
