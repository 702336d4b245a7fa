package difyapi_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

// TestRequestsThatNetHTTPSendsAgainCount: a connection that was kept and is dead makes net/http send a GET again.
func TestRequestsThatNetHTTPSendsAgainCount(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		last     http.HandlerFunc
		answered bool
	}{
		"answer":    {respond(http.StatusOK, emptyPage), true},
		"status":    {respond(http.StatusInternalServerError, ""), false},
		"nonsense":  {respond(http.StatusOK, "[]"), false},
		"no answer": {abort, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var arrived atomic.Int32
			client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				[]http.HandlerFunc{respond(http.StatusOK, emptyPage), abort, test.last}[arrived.Add(1)-1](w, r)
			}))
			if page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil || page.Requests != 1 {
				t.Fatalf("first call: %+v, %v", page, err)
			}
			page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
			if got := requestsOf(page, err); got != 2 || arrived.Load() != 3 || (err == nil) != test.answered {
				t.Errorf("%d requests, %d arrived with the first call's, error %v", got, arrived.Load(), err)
			}
		})
	}
}

// abort closes the connection without an answer.
func abort(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func requestsOf(page *difyapi.LogPage, err error) int {
	if failure, ok := asError(err); ok {
		return failure.Requests
	}
	return page.Requests
}

// TestRequestThatFindsNoServerCounts, whatever stands for the network, and one that was never made does not.
func TestRequestThatFindsNoServerCounts(t *testing.T) {
	t.Parallel()
	unreachable := roundTrip(func(*http.Request) (*http.Response, error) { return nil, net.ErrClosed })
	_, err := newClient(t, difyapi.Options{Transport: unreachable}).WorkflowLogs(t.Context(), difyapi.LogQuery{})
	if got := requestsOf(nil, err); got != 1 {
		t.Errorf("%d requests: %v", got, err)
	}
	old := newClient(t, difyapi.Options{Transport: unreachable, Version: difyapi.ParseVersion("1.12.0")})
	_, err = old.EndUser(t.Context(), "fb47b2e6-5e43-4f90-be01-d5c5a088d156")
	if got := requestsOf(nil, err); got != 0 || !difyapi.IsUnsupported(err) {
		t.Errorf("%d requests: %v", got, err)
	}
}

// TestRequestsOfTimeout: a call that took too long was made.
func TestRequestsOfTimeout(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	client := newClient(t, difyapi.Options{BaseURL: server.URL, Timeout: 1, Transport: difyapi.NewTransport()})
	_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	if got := requestsOf(nil, err); got != 1 || !difyapi.IsTimeout(err) {
		t.Errorf("%d requests: %v", got, err)
	}
}
