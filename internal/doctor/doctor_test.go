package doctor_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/doctor"
)

const key = "app-planted-key"

// appAt is an app at a base URL, whose log is read by one call.
func appAt(t *testing.T, baseURL string) doctor.App {
	t.Helper()
	at := func(baseURL string) (*difyapi.Client, error) {
		return difyapi.New(difyapi.Options{BaseURL: baseURL, APIKey: key})
	}
	client, err := at(baseURL)
	if err != nil {
		t.Fatal(err)
	}
	log := func(ctx context.Context, client *difyapi.Client) error {
		_, err := client.WorkflowLogs(ctx, difyapi.LogQuery{Limit: 1})
		return err
	}
	return doctor.App{App: "echo", BaseURL: baseURL, Client: client, Log: log, At: at, Connections: 4}
}

func startDify(t *testing.T, o difytest.AppOptions) (dify *difytest.Server, url string) {
	t.Helper()
	dify = difytest.New(difytest.Options{})
	o.Name, o.APIKey = "Echo", key
	dify.AddApp(o)
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	return dify, socket.URL
}

// TestAppThatIsWell is asked for its description and its log, and no more.
func TestAppThatIsWell(t *testing.T) {
	t.Parallel()
	dify, url := startDify(t, difytest.AppOptions{Mode: "workflow"})
	got := doctor.Examine(t.Context(), appAt(t, url+"/v1/"))
	want := doctor.Finding{App: "echo", Asked: []string{url + "/v1/info", url + "/v1/workflows/logs"}, Answers: true, Version: "1.14.2", Mode: "workflow"}
	if diff := cmp.Diff(want, got); diff != "" || dify.Calls("/v1/info") != 1 || dify.Calls("/v1/workflows/logs") != 1 {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestHints say what to do: of a base URL without or with /v1, of an app that records no logs, of more connections than a Dify has.
func TestHints(t *testing.T) {
	t.Parallel()
	_, url := startDify(t, difytest.AppOptions{Mode: "workflow"})
	_, chat := startDify(t, difytest.AppOptions{Mode: "chat"})
	crowd := appAt(t, url+"/v1")
	crowd.Connections = 10
	bare := http.NewServeMux() // a proxy that takes /v1 away
	bare.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"name": "Echo", "tags": []}`))
	})
	proxy := httptest.NewServer(bare)
	t.Cleanup(proxy.Close)
	for name, test := range map[string]struct {
		app     doctor.App
		answers bool
		hint    string
	}{
		"without /v1": {appAt(t, url), false, "Dify answers at " + url + "/v1: did you mean that baseURL?"},
		"with /v1":    {appAt(t, proxy.URL+"/v1"), false, "Dify answers at " + proxy.URL + ": did you mean that baseURL?"},
		"mode":        {appAt(t, chat+"/v1"), true, "apps of mode chat"},
		"connections": {crowd, true, "SERVER_WORKER_CLASS=gevent"},
	} {
		got := doctor.Examine(t.Context(), test.app)
		if got.Answers != test.answers || len(got.Hints) != 1 || !strings.Contains(got.Hints[0], test.hint) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestReport: one app that hangs is given up in time, costs the others nothing, and makes the verdict. No key is shown.
func TestReport(t *testing.T) {
	t.Parallel()
	_, url := startDify(t, difytest.AppOptions{Mode: "workflow"})
	hung, hungURL := startDify(t, difytest.AppOptions{})
	hung.SetFault(func(*http.Request) *difytest.Fault { return difytest.Hang() })
	r := doctor.ExamineAll(t.Context(), []doctor.App{appAt(t, hungURL+"/v1"), appAt(t, url+"/v1")}, 500*time.Millisecond)
	if r.Apps[0].Answers || r.Apps[0].Error == "" || !r.Apps[1].Answers || !errors.Is(r.Verdict(), doctor.ErrFailing) {
		t.Errorf("%+v", r)
	}
	if err := (doctor.Report{Apps: r.Apps[1:]}).Verdict(); err != nil {
		t.Error(err)
	}
	var table bytes.Buffer
	if err := r.Print(&table); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if shown := table.String() + string(text); strings.Contains(shown, key) || !strings.Contains(shown, "asked    "+url+"/v1/info, ") {
		t.Errorf("%s", shown)
	}
}

// TestInTurnOneAppOfAServerAtATime: a server has one look at a time, however many apps it has; one that hangs keeps those of another
// server from nothing.
func TestInTurnOneAppOfAServerAtATime(t *testing.T) {
	t.Parallel()
	dify, url := startDify(t, difytest.AppOptions{Mode: "workflow"})
	var atOnce, most atomic.Int32
	dify.SetFault(func(*http.Request) *difytest.Fault {
		most.Store(max(most.Load(), atOnce.Add(1)))
		return nil
	})
	hung, hungURL := startDify(t, difytest.AppOptions{})
	hung.SetFault(func(*http.Request) *difytest.Fault { return difytest.Hang() })
	apps := []doctor.App{appAt(t, hungURL+"/v1")}
	for range 5 {
		p := appAt(t, url+"/v1")
		look := p.Log
		p.Log = func(ctx context.Context, client *difyapi.Client) error {
			defer atOnce.Add(-2) // GET /info, and this
			return look(ctx, client)
		}
		apps = append(apps, p)
	}
	ctx, stop := context.WithCancel(t.Context())
	var answering atomic.Int32
	doctor.ExamineInTurn(ctx, apps, time.Minute, func(f doctor.Finding) {
		if !f.Answers {
			t.Errorf("%+v", f)
		}
		if answering.Add(1) == 5 {
			stop() // which ends the look at the one that hangs, of which nothing is told
		}
	})
	if most.Load() > 2 || answering.Load() != 5 {
		t.Errorf("%d calls of one server's looks at once; %d apps answer", most.Load()-1, answering.Load())
	}
}
