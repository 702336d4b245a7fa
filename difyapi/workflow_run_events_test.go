package difyapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
)

const eventsType = "text/event-stream; charset=utf-8"

// bob is somebody whose runs can be watched.
func bob() *difyapi.EndUser { return &difyapi.EndUser{Type: "service-api", SessionID: new("bob")} }

func watch(ctx context.Context, client *difyapi.Client) (told []string, err error) {
	for event, err := range client.WorkflowRunEvents(ctx, difyapi.RunEventsQuery{RunID: runID, EndUser: bob(), Snapshot: true}) {
		if err != nil {
			return told, err
		}
		told = append(told, describe(event))
	}
	return told, nil
}

// dataOf writes an event as Dify does.
func dataOf(name, data string) string {
	return fmt.Sprintf("data: {\"event\":%q,\"workflow_run_id\":%q,\"task_id\":\"t\",\"data\":%s}\n\n", name, runID, data)
}

const (
	finishedRun = `{"id":"` + runID + `","status":"succeeded"}`
	pinged      = "event: ping\n\n"
)

// TestRunEventsAsksAsDifyWants holds the request, for each query.
func TestRunEventsAsksAsDifyWants(t *testing.T) {
	t.Parallel()
	for want, query := range map[string]difyapi.RunEventsQuery{
		"user=bob":                             {},
		"include_state_snapshot=true&user=bob": {Snapshot: true},
		"continue_on_pause=true&include_state_snapshot=true&user=bob": {Snapshot: true, ContinueOnPause: true},
	} {
		query.RunID, query.EndUser = runID, bob()
		var asked *http.Request
		client := newClient(t, difyapi.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = r
			return response(r, http.StatusOK, dataOf("workflow_finished", finishedRun), "Content-Type", eventsType), nil
		})})
		for _, err := range client.WorkflowRunEvents(t.Context(), query) {
			if err != nil {
				t.Error(err)
			}
		}
		got := []string{asked.Method, asked.URL.Path, asked.URL.RawQuery, asked.Header.Get("Accept"), asked.Header.Get("Authorization")}
		if diff := cmp.Diff([]string{"GET", "/v1/workflow/" + runID + "/events", want, "text/event-stream", "Bearer " + testKey}, got); diff != "" {
			t.Errorf("(-want +asked):\n%s", diff)
		}
	}
}

// TestRunEventsThatMustNotBeAskedFor are refused before anything is sent: Dify would fail, make an end user, or change one.
func TestRunEventsThatMustNotBeAskedFor(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.ErrUnsupported
	})})
	old := newClient(t, difyapi.Options{Version: difyapi.ParseVersion("1.13.3"), Transport: answering(http.StatusTeapot, "")})
	for name, test := range map[string]struct {
		client *difyapi.Client
		query  difyapi.RunEventsQuery
		is     func(error) bool
	}{
		"no UUID":        {client, difyapi.RunEventsQuery{RunID: "x", EndUser: bob()}, isError(difyapi.ErrNotUUID)},
		"a member's":     {client, difyapi.RunEventsQuery{RunID: runID}, isError(difyapi.ErrEndUserUnknown)},
		"no session":     {client, difyapi.RunEventsQuery{RunID: runID, EndUser: &difyapi.EndUser{Type: "service-api"}}, isError(difyapi.ErrEndUserUnknown)},
		"empty session":  {client, difyapi.RunEventsQuery{RunID: runID, EndUser: &difyapi.EndUser{Type: "service-api", SessionID: new("")}}, isError(difyapi.ErrEndUserUnknown)},
		"of a browser":   {client, difyapi.RunEventsQuery{RunID: runID, EndUser: &difyapi.EndUser{Type: "browser", SessionID: new("bob")}}, isError(difyapi.ErrEndUserWouldChange)},
		"of a trigger":   {client, difyapi.RunEventsQuery{RunID: runID, EndUser: &difyapi.EndUser{Type: "trigger", SessionID: new("bob")}}, isError(difyapi.ErrEndUserWouldChange)},
		"too old a Dify": {old, difyapi.RunEventsQuery{RunID: runID, EndUser: bob()}, difyapi.IsUnsupported},
	} {
		count := 0
		for event, err := range test.client.WorkflowRunEvents(t.Context(), test.query) {
			if count++; event != nil || !test.is(err) {
				t.Errorf("%s: %v, %v", name, event, err)
			}
		}
		if count != 1 {
			t.Errorf("%s: told %d times", name, count)
		}
	}
}

func isError(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// TestRunEventsThatAreNone is what comes in the place of a stream, or is wrong with one.
func TestRunEventsThatAreNone(t *testing.T) {
	t.Parallel()
	started := dataOf("node_started", `{"id":"7564e10c-6c67-42f2-9f55-4149dcb51d76","node_id":"n"}`)
	whole := func(text string) roundTrip { return answering(http.StatusOK, text, "Content-Type", eventsType) }
	for name, test := range map[string]struct {
		answer roundTrip
		told   int
		is     func(error) bool
	}{
		"no stream":            {answering(http.StatusOK, `{}`), 0, difyapi.IsBadResponse},
		"a login page":         {answering(http.StatusOK, `<html>`, "Content-Type", "text/html"), 0, difyapi.IsBadResponse},
		"an old server":        {answering(http.StatusNotFound, `<html>`, "Content-Type", "text/html"), 0, difyapi.IsUnsupported},
		"a proxy":              {answering(http.StatusBadGateway, `<html>`, "Content-Type", "text/html"), 0, difyapi.IsUnavailable},
		"a refused key":        {answering(http.StatusUnauthorized, `{"code":"unauthorized","message":"Access token is invalid"}`), 0, difyapi.IsUnauthorized},
		"nothing":              {whole(""), 0, difyapi.IsNotWhole},
		"an early end":         {whole(pinged + started), 1, difyapi.IsNotWhole},
		"cut in an event":      {whole(started + strings.TrimSpace(started)), 1, difyapi.IsNotWhole},
		"cut in the last line": {whole(started + started[:len(started)-1]), 1, difyapi.IsNotWhole},
		"too large an event":   {whole(started + "data: " + strings.Repeat("x", 16<<20)), 1, difyapi.IsNotWhole},
		"endless":              {whole(strings.Repeat(pinged, 100_001)), 0, difyapi.IsNotWhole},
		"no JSON":              {whole("data: oops\n\n"), 0, difyapi.IsBadResponse},
		"no event":             {whole("data: {\"data\":{}}\n\n"), 0, difyapi.IsBadResponse},
		"of another run":       {whole(strings.ReplaceAll(started, runID, "7564e10c-6c67-42f2-9f55-4149dcb51d77")), 0, difyapi.IsBadResponse},
	} {
		told, err := watch(t.Context(), newClient(t, difyapi.Options{Transport: besideInfo(test.answer)}))
		if len(told) != test.told || !test.is(err) {
			t.Errorf("%s: %v, then %v", name, told, err)
		}
	}
}

// TestNothingThatLetsOneActIsPassedOn, wherever it stands and however it is written; nor the app's key, which a node may have sent.
func TestNothingThatLetsOneActIsPassedOn(t *testing.T) {
	t.Parallel()
	const secret = "5eCr3t"
	stream := dataOf("workflow_started", `{"inputs":{"a":[{"form_token":"`+secret+`"}],"text":"{\"Form_Token\":\"`+secret+`\"}"}}`) +
		dataOf("node_finished", `{"id":"7564e10c-6c67-42f2-9f55-4149dcb51d76","node_id":"n","status":"failed","title":"`+testKey+`",
			"error":"{\"form_token\":\"`+secret+`\"} `+testKey+`","outputs":"{\"form\\u005ftoken\":\"`+secret+`\"}",
			"process_data":{"request":"Authorization: Bearer `+testKey+`"},"inputs":{"`+testKey+`":1}}`) +
		dataOf("human_input_required", `{"FORM_TOKEN":"`+secret+`","form_id":"`+secret+`","x":{"resume_token":"`+secret+`","key":"`+testKey+`"}}`) +
		`data: {"event":"odd","form_token":"` + secret + `","audio":"{\"task_id\":\"` + secret + `\"}"}` + "\n\n" +
		`data: {"event":"` + testKey + `","data":"{\"form_token\":\"` + secret + `\"}"}` + "\n\n" +
		dataOf("text_chunk", `{"text":"`+testKey+`","from_variable_selector":["n","x"]}`) +
		dataOf("workflow_paused", `{"reasons":[{"TYPE":"human_input_required","form_token":"`+secret+`"}]}`)
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, strings.ReplaceAll(stream, "\t\t\t", "data: "), "Content-Type", eventsType)})
	count := 0
	for event, err := range client.WorkflowRunEvents(t.Context(), difyapi.RunEventsQuery{RunID: runID, EndUser: bob(), Snapshot: true}) {
		if err != nil {
			t.Fatal(err)
		}
		count++
		if text := allOf(t, event); strings.Contains(text, secret) || strings.Contains(text, testKey) {
			t.Errorf("it tells what it must not: %s", text)
		}
	}
	if count != 7 {
		t.Errorf("%d events, want 7", count)
	}
}

// allOf is all text that an event has.
func allOf(t *testing.T, event difyapi.RunEvent) string {
	t.Helper()
	text := describe(event)
	switch e := event.(type) {
	case *difyapi.RunStarted:
		return text + fmt.Sprint(variablesAsJSON(t, e.Run.Inputs))
	case *difyapi.NodeFinished:
		x := e.Execution
		return text + x.Title + *x.Error + fmt.Sprint(variablesAsJSON(t, x.Inputs), variablesAsJSON(t, x.ProcessData), variablesAsJSON(t, x.Outputs))
	case *difyapi.RunPaused:
		return text + string(e.Reasons)
	case *difyapi.OtherRunEvent:
		return text + string(e.Data)
	default:
		return text
	}
}

// TestOddValuesOfRunEventsCostThemselves and not the stream.
func TestOddValuesOfRunEventsCostThemselves(t *testing.T) {
	t.Parallel()
	stream := dataOf("node_finished", `{"id":"7564e10c-6c67-42f2-9f55-4149dcb51d76","node_id":1,"status":"succeeded","elapsed_time":"fast",
data: "outputs":{"x":NaN},"execution_metadata":{"total_tokens":7,"total_price":0.25,"currency":"USD"}}`) +
		dataOf("node_started", `{"id":"first"}`) + dataOf("node_started", `[]`) + dataOf("loop_next", `{"index":2,"x":`+strings.Repeat("[", 600)+strings.Repeat("]", 600)+`}`) +
		dataOf("workflow_finished", `{"status":"succeeded","outputs":{"a":"`+"\xff"+`"}}`)
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, stream, "Content-Type", eventsType)})
	var told []difyapi.RunEvent
	for event, err := range client.WorkflowRunEvents(t.Context(), difyapi.RunEventsQuery{RunID: runID, EndUser: bob()}) {
		if err != nil {
			t.Fatal(err)
		}
		told = append(told, event)
	}
	if len(told) != 5 {
		t.Fatalf("%d events", len(told))
	}
	node := told[0].(*difyapi.NodeFinished).Execution
	_, err := node.Outputs.Value()
	if !errors.Is(err, difyapi.ErrVariablesNotJSON) || node.NodeID != "1" || node.ElapsedTime != nil || !node.Unreadable.Has("elapsed_time") {
		t.Errorf("%+v, %v", node, err)
	}
	if m := node.Metadata; *m.TotalTokens != 7 || *m.TotalPrice != "0.25" || *m.Currency != "USD" {
		t.Errorf("%+v", m)
	}
	for i, want := range map[int]string{1: `{"id":"first"}`, 2: `[]`, 3: ``} {
		if other := told[i].(*difyapi.OtherRunEvent); string(other.Data) != want {
			t.Errorf("%s: %s, want %s", other.Name, other.Data, want)
		}
	}
}

// TestRunEventsWithoutEnd holds how long a stream is read that brings nothing, and how each of its ends is told.
func TestRunEventsWithoutEnd(t *testing.T) {
	t.Parallel()
	pings := func(w http.ResponseWriter, r *http.Request, until time.Duration) {
		for range int(until / (10 * time.Second)) {
			_, _ = w.Write([]byte(pinged))
			_ = http.NewResponseController(w).Flush()
			select {
			case <-time.After(10 * time.Second):
			case <-r.Context().Done():
			}
		}
	}
	for name, test := range map[string]struct {
		handler func(http.ResponseWriter, *http.Request)
		after   time.Duration
		is      func(error) bool
	}{
		"Dify ends it after 300 s":  {func(w http.ResponseWriter, r *http.Request) { pings(w, r, 5*time.Minute) }, 5 * time.Minute, difyapi.IsSilent},
		"something ends it before":  {func(w http.ResponseWriter, r *http.Request) { pings(w, r, time.Minute) }, time.Minute, difyapi.IsNotWhole},
		"no end":                    {func(w http.ResponseWriter, r *http.Request) { pings(w, r, 2*time.Hour) }, time.Hour, difyapi.IsTimeout},
		"no answer":                 {hang, 5 * time.Second, difyapi.IsTimeout},
		"not even pings after some": {func(w http.ResponseWriter, r *http.Request) { pings(w, r, 20*time.Second); hang(w, r) }, 70 * time.Second, difyapi.IsTimeout},
		"cut": {func(w http.ResponseWriter, r *http.Request) {
			pings(w, r, 20*time.Second)
			panic(http.ErrAbortHandler)
		}, 20 * time.Second, difyapi.IsNotWhole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := serveInMemory(t, func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", eventsType)
					test.handler(w, r)
				}, difyapi.Options{Timeout: 5 * time.Second})
				start := time.Now()
				told, err := watch(t.Context(), client)
				if got := time.Since(start); len(told) > 0 || !test.is(err) || got != test.after {
					t.Errorf("%v, then %v after %v", told, err, got)
				}
			})
		})
	}
}

// TestRunEventsEndWithTheirReader, however it leaves.
func TestRunEventsEndWithTheirReader(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := serveInMemory(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", eventsType)
			_, _ = w.Write([]byte(dataOf("text_chunk", `{"text":"a"}`)))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, difyapi.Options{ConnectionsPerServer: 2, MaxInFlight: 2})
		for range 5 { // each has the only place for a stream
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			for _, err := range client.WorkflowRunEvents(ctx, difyapi.RunEventsQuery{RunID: runID, EndUser: bob()}) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if told, err := watch(ctx, client); len(told) != 1 || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v, then %v", told, err)
			}
			cancel()
		}
	})
}

// FuzzRunEvents has streams of any bytes read: no panic, nothing after an error, and nothing that lets one act.
func FuzzRunEvents(f *testing.F) {
	for _, r := range readRecordings(f, "*/events-*.json") {
		f.Add(r.text(), true)
	}
	f.Add(dataOf("node_finished", `{"id":"`+runID+`","outputs":{"x":NaN,"form_token":"t0k"}}`), false)
	f.Add("event: ping\r\n\r\ndata: {}\r\r", true)
	f.Fuzz(func(t *testing.T, stream string, snapshot bool) {
		client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, stream, "Content-Type", eventsType)})
		failed, ended := false, false
		for event, err := range client.WorkflowRunEvents(t.Context(), difyapi.RunEventsQuery{RunID: runID, EndUser: bob(), Snapshot: snapshot}) {
			if failed || ended || (err == nil) != (event != nil) {
				t.Fatalf("%v, %v after the end", event, err)
			}
			failed = err != nil
			switch e := event.(type) {
			case *difyapi.RunFinished, *difyapi.RunPaused:
				ended = true
			case *difyapi.OtherRunEvent:
				if strings.Contains(strings.ToLower(string(e.Data)), `"form_token":`) {
					t.Errorf("%s", e.Data)
				}
			}
		}
		if !failed && !ended {
			t.Error("the iteration ended without a word")
		}
	})
}

// TestRunEventsErrorsTellNoUser: neither text nor log shows who watches, or which run.
func TestRunEventsErrorsTellNoUser(t *testing.T) {
	t.Parallel()
	query := difyapi.RunEventsQuery{RunID: runID, EndUser: &difyapi.EndUser{Type: "service-api", SessionID: new("ann@example.com")}}
	client := newClient(t, difyapi.Options{Transport: besideInfo(answering(http.StatusBadGateway, ""))})
	for _, err := range client.WorkflowRunEvents(t.Context(), query) {
		failure, ok := asError(err)
		if !ok || strings.Contains(err.Error(), "ann") || strings.Contains(err.Error(), url.QueryEscape("@")) {
			t.Errorf("%v", err)
		}
		if log := fmt.Sprint(failure.LogValue()); strings.Contains(log, runID) || !strings.Contains(log, "/workflow/{id}/events") {
			t.Errorf("logged as %s", log)
		}
	}
}
