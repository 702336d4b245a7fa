package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// serveSlowB serves apps a and b without a network, each with three runs a minute apart. Calls to b take longer.
func serveSlowB(t *testing.T, takes time.Duration) *pacedAPI {
	t.Helper()
	dify := difytest.New(difytest.Options{})
	apps := make(map[string]difyapi.Options)
	for _, key := range []string{"a", "b"} {
		app := dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
		app.Insert(runsOf(map[int]int{0: 1, 60: 1, 120: 1})...)
		apps[key] = difyapi.Options{
			BaseURL: "http://dify.test/v1", APIKey: "app-secret-" + key,
			Transport: paced{dify, func(r *http.Request) time.Duration {
				if strings.HasSuffix(r.Header.Get("Authorization"), "-b") {
					return takes
				}
				return latency
			}},
		}
	}
	return &pacedAPI{dify: dify, handler: newServer(t, options{keys: []string{"a", "b"}}, apps)}
}

// TestAppTimeout: the list waits no longer for an app that hangs, and an app that has answered in time stays.
func TestAppTimeout(t *testing.T) {
	t.Parallel()
	const query = `{workflowLogs(%s) {totalCount nodes {app {key}} scan {complete failedApps {app {key} code}}}}`
	nodes := strings.TrimSuffix(strings.Repeat(`{"app": {"key": "a"}}, `, 3), ", ")
	without := `{"workflowLogs": {"totalCount": 3, "nodes": [` + nodes + `],
		"scan": {"complete": false, "failedApps": [{"app": {"key": "b"}, "code": "UPSTREAM_TIMEOUT"}]}}}`
	for name, test := range map[string]struct {
		arguments string
		takes     time.Duration
		data      string // of both apps where empty
		failures  map[string]string
		took      time.Duration
	}{
		"hangs":               {"onAppFailure: PARTIAL, appTimeout: 0.5", time.Hour, without, none, 500 * time.Millisecond},
		"hangs, by pages":     {"onAppFailure: PARTIAL, appTimeout: 0.5, first: 3", time.Hour, without, none, 500 * time.Millisecond},
		"is slow, and waited": {"onAppFailure: PARTIAL, appTimeout: 0.5", 300 * time.Millisecond, "", none, 300 * time.Millisecond},
		"fails the list":      {"appTimeout: 0.25", time.Hour, `{"workflowLogs": null}`, map[string]string{"workflowLogs": "UPSTREAM_TIMEOUT"}, 250 * time.Millisecond},
		"left out":            {"onAppFailure: PARTIAL", time.Hour, without, none, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := serveSlowB(t, test.takes)
				answer, took := api.post(t, fmt.Sprintf(query, test.arguments))
				if test.data != "" {
					checkAnswer(t, answer, test.data, test.failures)
				} else if !strings.Contains(string(answer.Data), `"totalCount":6`) {
					t.Errorf("%s", answer.text)
				}
				if took < test.took || took > test.took+2*listWait {
					t.Errorf("took %v, want %v", took, test.took)
				}
			})
		})
	}
}

// TestBadPatience: what is out of range is refused, and said to be what is allowed.
func TestBadPatience(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, scanCalls: 7})
	for arguments, says := range map[string]string{
		"appTimeout: 0":     "appTimeout: must be from 0.001 to 30 seconds, not 0",
		"appTimeout: -1.5":  "not -1.5",
		"appTimeout: 30.01": "not 30.01",
		"scanCalls: 0":      "scanCalls: must be from 1 to 7, not 0",
		"scanCalls: 8":      "must be from 1 to 7, not 8",
	} {
		argument, _, _ := strings.Cut(arguments, ":")
		answer := a.post(t, `{workflowLogs(`+arguments+`) {nodes {uuid}}}`, nil)
		checkAnswer(t, answer, `{"workflowLogs": null}`, map[string]string{"workflowLogs": "BAD_USER_INPUT"})
		if e := answer.Errors[0]; !strings.Contains(e.Message, says) || e.Extensions["argument"] != argument {
			t.Errorf("%s: %s %v", arguments, e.Message, e.Extensions)
		}
	}
	checkSpent(t, a, spent{})
}

// TestScanCallsOfAList: a list may take fewer calls than are configured, and is priced by them.
func TestScanCallsOfAList(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, scanCalls: 7})
	counts := map[int]int{}
	for second := range 500 {
		counts[60*second] = 1
	}
	a.apps["a"].Insert(runsOf(counts)...)
	for scanCalls, price := range map[int]string{1: `"foreseen":31,`, 3: `"foreseen":51,`} {
		a.dify.ResetRequests()
		answer := a.post(t, fmt.Sprintf(`{workflowLogs(first: 20, scanCalls: %d, filter: {hasError: true}) {nodes {uuid} scan {reasons upstreamCalls}}}`, scanCalls), nil)
		if n := a.listCalls(); n != scanCalls || !strings.Contains(string(answer.text), "SCAN_BUDGET") || !strings.Contains(string(answer.text), price) {
			t.Errorf("%d calls, want %d: %s", n, scanCalls, answer.text)
		}
	}
}
