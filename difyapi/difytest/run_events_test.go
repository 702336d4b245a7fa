package difytest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// told is an event as it came, with when.
type told struct {
	After time.Duration `json:"-"`
	Event string
	Task  uuid.UUID `json:"task_id"`
	Run   uuid.UUID `json:"workflow_run_id"`
	Data  map[string]any
}

// stream is what a watcher got.
type stream struct {
	*httptest.ResponseRecorder
	begin  time.Time
	events []told
	broken bool
}

// Write notes each event when it comes.
func (s *stream) Write(b []byte) (int, error) {
	if text, ok := strings.CutPrefix(string(b), "data: "); ok {
		event := told{After: time.Since(s.begin)}
		if json.Unmarshal([]byte(text), &event) == nil {
			s.events = append(s.events, event)
		}
	}
	return s.ResponseRecorder.Write(b)
}

func (s *stream) names() []string {
	names := make([]string, len(s.events))
	for i, event := range s.events {
		names[i] = event.Event
	}
	return names
}

func (s *stream) pings() int { return strings.Count(s.Body.String(), "event: ping\n\n") }

// watchRun reads a stream to its end.
func watchRun(ctx context.Context, dify *difytest.Server, run uuid.UUID, query string) (s *stream) {
	s = &stream{ResponseRecorder: httptest.NewRecorder(), begin: time.Now()}
	defer func() {
		if thrown := recover(); thrown != nil {
			err, _ := thrown.(error)
			s.broken = errors.Is(err, http.ErrAbortHandler)
		}
	}()
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/workflow/"+run.String()+"/events?"+query, nil)
	r.Header.Set("Authorization", "Bearer app-test")
	dify.ServeHTTP(s, r)
	return s
}

func bobsRow() difytest.Row {
	return difytest.Row{EndUser: &difytest.EndUser{Type: "service-api", SessionID: "bob"}, Run: &difytest.Run{Inputs: `{"a":1}`}}
}

func steps(lasts ...time.Duration) []difytest.ScriptNode {
	nodes := make([]difytest.ScriptNode, len(lasts))
	for i, each := range lasts {
		nodes[i] = difytest.ScriptNode{NodeID: fmt.Sprint("n", i+1), NodeType: "code", Lasts: each}
	}
	return difytest.Sequence(nodes...)
}

// TestPlayedRunIsToldInTime: the snapshot at once, and each event when it happens.
func TestPlayedRunIsToldInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify, app := newApp(difytest.Options{})
		nodes := steps(time.Second, 20*time.Second)
		nodes[1].Text, nodes[1].Retries, nodes[1].Tokens = []string{"a"}, 1, 7
		row := app.Play(bobsRow(), difytest.Script{Nodes: nodes, Others: []difytest.ScriptEvent{{At: 3 * time.Second, Name: "agent_log", Data: `{"label":"x"}`}}})
		time.Sleep(2 * time.Second)
		if app.Rows()[0].Run.Status != difytest.StatusRunning {
			t.Error("the run is not running")
		}
		s := watchRun(t.Context(), dify, row.Run.ID, "user=bob&include_state_snapshot=true")
		want := []string{
			"workflow_started 0s own", "node_started 0s own", "node_finished 0s own", "node_started 0s own",
			"agent_log 1s task", "node_retry 9s task", "text_chunk 9s task", "node_finished 19s task", "workflow_finished 19s task",
		}
		var got []string
		for _, e := range s.events {
			task := "task"
			if e.Task == row.Run.ID {
				task = "own"
			}
			got = append(got, fmt.Sprint(e.Event, " ", e.After, " ", task))
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +told):\n%s", diff)
		}
		if run := app.Rows()[0].Run; run.Status != difytest.StatusSucceeded || run.ElapsedTime != 21 || run.TotalTokens != 7 || run.TotalSteps != 2 {
			t.Errorf("the run ended as %+v", run)
		}
		after := watchRun(t.Context(), dify, row.Run.ID, "user=bob&include_state_snapshot=true")
		if diff := gocmp.Diff([]string{"workflow_finished"}, after.names()); diff != "" || after.pings() != 0 || after.events[0].Task != row.Run.ID {
			t.Errorf("after its end %v, %d pings", after.names(), after.pings())
		}
	})
}

// TestPausesAreTold with all that Dify's parameters change.
func TestPausesAreTold(t *testing.T) {
	t.Parallel()
	began := []string{"workflow_started", "node_started", "node_finished", "node_started", "node_finished", "human_input_required", "workflow_paused"}
	ended := []string{"workflow_started", "human_input_form_filled", "node_started", "node_finished", "workflow_finished"}
	for query, test := range map[string]struct {
		names []string
		lasts time.Duration
	}{
		"user=bob":                             {nil, 300 * time.Second},
		"user=bob&include_state_snapshot=true": {began, 0},
		"user=bob&include_state_snapshot=true&continue_on_pause=true": {slices.Concat(began, ended), 100 * time.Second},
		"user=bob&continue_on_pause=true":                             {ended, 400 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			dify, app := newApp(difytest.Options{})
			row := app.Play(bobsRow(), difytest.Script{
				Nodes: steps(time.Second), Pauses: []difytest.ScriptPause{{NodeID: "human", At: time.Second, Lasts: 101 * time.Second}},
			})
			run := row.Run.ID
			if query == "user=bob" { // of one that stays paused
				run = app.Insert(difytest.Row{EndUser: row.EndUser, Run: &difytest.Run{Status: difytest.StatusPaused}})[0].Run.ID
			}
			time.Sleep(2 * time.Second)
			s := watchRun(t.Context(), dify, run, query)
			if got := time.Since(s.begin); !slices.Equal(s.names(), test.names) || got != test.lasts {
				t.Errorf("%s: %v in %v", query, s.names(), got)
			}
		})
	}
}

// TestSilenceEndsAStream: 300 s without an event, in which it pings.
func TestSilenceEndsAStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify, app := newApp(difytest.Options{})
		row := app.Play(bobsRow(), difytest.Script{Nodes: steps(time.Second, time.Hour)})
		s := watchRun(t.Context(), dify, row.Run.ID, "user=bob")
		if got := time.Since(s.begin); got != 301*time.Second || s.broken || s.pings() < 29 || !slices.Equal(s.names(), []string{"node_finished", "node_started"}) {
			t.Errorf("%v and %d pings in %v", s.names(), s.pings(), got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if s := watchRun(ctx, dify, row.Run.ID, "user=bob"); time.Since(s.begin) != time.Minute || dify.OpenStreams() != 0 {
			t.Errorf("its client left, and it went on for %v", time.Since(s.begin))
		}
	})
}

// TestWatchingIsForTheRunsOwnUser, and changes others.
func TestWatchingIsForTheRunsOwnUser(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	ended := &difytest.Run{Status: difytest.StatusSucceeded}
	bobs := app.Insert(difytest.Row{EndUser: &difytest.EndUser{Type: "service-api", SessionID: "bob"}, Run: ended})[0]
	web := app.Insert(difytest.Row{EndUser: &difytest.EndUser{Type: "browser", SessionID: "web"}, Run: ended})[0]
	members := app.Insert(difytest.Row{Account: &difytest.Account{ID: uuid.New(), Email: "m@example.com"}, Run: ended})[0]
	for _, test := range []struct {
		run    uuid.UUID
		query  string
		status int
	}{
		{bobs.Run.ID, "user=bob", 200},
		{bobs.Run.ID, "", 400},
		{bobs.Run.ID, "user=web", 404},
		{bobs.Run.ID, "user=" + bobs.EndUser.ID.String(), 404},
		{members.Run.ID, "user=bob", 404},
		{uuid.New(), "user=bob", 404},
		{web.Run.ID, "user=web", 200},
	} {
		if s := watchRun(t.Context(), dify, test.run, test.query); s.Code != test.status {
			t.Errorf("%s of %v: %d, want %d", test.query, test.run, s.Code, test.status)
		}
	}
	types := map[string]string{}
	for _, user := range app.EndUsers() {
		types[user.SessionID] = user.Type
	}
	want := map[string]string{"bob": "service-api", "web": "service-api", bobs.EndUser.ID.String(): "service-api"}
	if diff := gocmp.Diff(want, types); diff != "" {
		t.Errorf("end users (-want +got):\n%s", diff)
	}
	for _, row := range app.Rows() {
		if row.EndUser != nil && row.EndUser.Type != "service-api" {
			t.Errorf("the log shows %s as %s", row.EndUser.SessionID, row.EndUser.Type)
		}
	}
	old, _ := newApp(difytest.Options{Version: "1.13.3"})
	if s := watchRun(t.Context(), old, bobs.Run.ID, "user=bob"); s.Code != 404 || !strings.HasPrefix(s.Header().Get("Content-Type"), "text/html") {
		t.Errorf("an old server: %d", s.Code)
	}
}

// TestOneWatcherInFourLosesAnEvent at the seam, and no more.
func TestOneWatcherInFourLosesAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dify, app := newApp(difytest.Options{LoseAtSeam: 4})
		row := app.Play(bobsRow(), difytest.Script{Nodes: steps(100*time.Millisecond, 100*time.Millisecond)})
		for i := range 4 {
			go func() {
				want := 6
				if i == 3 {
					want = 5
				}
				if s := watchRun(t.Context(), dify, row.Run.ID, "user=bob&include_state_snapshot=true"); len(s.events) != want {
					t.Errorf("watcher %d was told %v", i, s.names())
				}
			}()
			synctest.Wait()
		}
		time.Sleep(time.Second)
		want := []difytest.Lost{{Run: row.Run.ID, Execution: app.Executions(row.Run.ID)[0].ID, Event: "node_finished"}}
		if diff := gocmp.Diff(want, dify.LostAtSeam()); diff != "" {
			t.Errorf("lost (-want +got):\n%s", diff)
		}
	})
}

func TestFaultsOfStreams(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  *difytest.Fault
		lasts  time.Duration
		broken bool
	}{
		"cut":   {difytest.CutEvents(1), 2 * time.Second, true},
		"end":   {difytest.EndEvents(1), 2 * time.Second, false},
		"stall": {difytest.StallEvents(1), time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dify, app := newApp(difytest.Options{})
				row := app.Play(bobsRow(), difytest.Script{Nodes: steps(time.Second, time.Second, time.Hour), Others: []difytest.ScriptEvent{{At: time.Minute, Name: "x", Data: "{}"}}})
				dify.FailNext(test.fault)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				time.Sleep(time.Nanosecond)
				s := watchRun(ctx, dify, row.Run.ID, "user=bob")
				if got := time.Since(s.begin).Round(time.Second); len(s.events) != 1 || s.broken != test.broken || got > test.lasts {
					t.Errorf("%v in %v, broken %t", s.names(), got, s.broken)
				}
			})
		})
	}
}
