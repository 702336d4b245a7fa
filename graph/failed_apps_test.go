package graph_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/model"
)

const failedQuery = `{workflowLogs(onAppFailure: PARTIAL) {scan {failedApps {app {id key name mode difyVersion}}}}}`

// TestFailedAppsAreNamed: while an app is down, a list's report shows what Dify said of it last, and asks for nothing.
func TestFailedAppsAreNamed(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, apart: map[string]apart{"b": {dify: &difytest.Options{}, app: difytest.AppOptions{Name: "Bee", Mode: "workflow"}}}})
	a.get(t, `{difyApps {name}}`, nil, new(any))
	a.difys["b"].socket.Close()
	checkData(t, a, failedQuery, `{"workflowLogs": {"scan": {"failedApps": [{"app": {"id": "`+model.ID{Kind: model.KindApp, App: "b"}.String()+`", "key": "b", "name": "Bee", "mode": "workflow", "difyVersion": "1.14.2"}}]}}}`)
	checkFailures(t, a.post(t, `{difyApp(key: "b") {name}}`, nil), map[string]string{"difyApp.name": "UPSTREAM_UNAVAILABLE"})
}

// TestHungAppIsNotWaitedForTwice: one of which nothing is known, and that did not answer the list, is not asked for its name.
func TestHungAppIsNotWaitedForTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		answer, took := serveSlowB(t, time.Hour).post(t, `{workflowLogs(onAppFailure: PARTIAL, appTimeout: 1) {scan {failedApps {app {key name}}}}}`)
		checkAnswer(t, answer, `{"workflowLogs": {"scan": {"failedApps": [{"app": {"key": "b", "name": null}}]}}}`,
			map[string]string{"workflowLogs.scan.failedApps.0.app.name": "UPSTREAM_TIMEOUT"})
		if took > time.Second+2*listWait {
			t.Errorf("took %v", took)
		}
	})
}
