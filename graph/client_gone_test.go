package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// watch makes Dify hang, and tells of each request that arrives and of each whose client has left.
func (a *api) watch(t *testing.T) (arrived, left chan string) {
	t.Helper()
	t.Cleanup(a.difys["a"].socket.CloseClientConnections) // requests that did not end would keep the socket open
	arrived, left = make(chan string, 100), make(chan string, 100)
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		context.AfterFunc(r.Context(), func() { left <- r.URL.Path })
		arrived <- r.URL.Path
		return difytest.Hang()
	})
	return arrived, left
}

// await takes n texts from a channel, and fails a test that would wait for good.
func await(t *testing.T, what string, texts chan string, n int) {
	t.Helper()
	for range n {
		select {
		case <-texts:
		case <-time.After(20 * time.Second):
			t.Fatalf("no request has %s", what)
		}
	}
}

// start sends an operation and returns how to leave before its answer. left is closed once the client is gone.
func (a *api) start(t *testing.T, query string) (leave func(), left chan struct{}) {
	t.Helper()
	body, err := json.Marshal(vars{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	left = make(chan struct{})
	go func() {
		defer close(left)
		if answer, err := http.DefaultClient.Do(request); err == nil {
			answer.Body.Close()
			t.Error("Dify hangs, and yet there is an answer")
		}
	}()
	return cancel, left
}

// TestClientGone: nothing is asked of Dify for a client that is gone.
func TestClientGone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		query string
		calls int
	}{
		"list":     {`{workflowLogs(first: 5) {nodes {uuid}}}`, 2},
		"partial":  {`{workflowLogs(first: 5, onAppFailure: PARTIAL) {nodes {uuid}}}`, 2},
		"backward": {`{workflowLogs(apps: ["a"], last: 5) {nodes {uuid}}}`, 1},
		"total":    {`{workflowLogs {totalCount}}`, 2},
		"version":  {`{workflowLogs(filter: {endUserSessionId: "x"}) {nodes {uuid}}}`, 2},
		"info":     {`{difyApps {name}}`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a", "b"}})
			arrived, ended := a.watch(t)
			leave, left := a.start(t, test.query)
			await(t, "arrived", arrived, test.calls)
			leave()
			<-left
			await(t, "ended", ended, test.calls)
		})
	}
}
