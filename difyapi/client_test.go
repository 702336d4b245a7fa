package difyapi_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// TestConnectionsAreReused makes hundreds of calls at once, round after round: the first round may connect for each of
// them, the others find idle connections.
func TestConnectionsAreReused(t *testing.T) {
	t.Parallel()
	const atOnce, rounds = 200, 5
	var connections atomic.Int32
	server := httptest.NewUnstartedServer(nil)
	gate := newBarrier(atOnce)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		gate.wait()
		respond(http.StatusOK, emptyPage)(w, req)
	})
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := newClient(t, difyapi.Options{BaseURL: server.URL, Transport: transport, MaxInFlight: atOnce, ConnectionsPerServer: atOnce})
	for range rounds {
		callAtOnce(t, client, atOnce)
	}
	// A connection that is being set up when another falls idle is one too many for its call, but stays for later ones.
	if got := connections.Load(); got > atOnce+atOnce/10 {
		t.Errorf("%d connections for %d calls, %d at once", got, atOnce*rounds, atOnce)
	}
}

// TestConnectionSurvivesErrors holds that answers which are not read as data do not cost their connection.
func TestConnectionSurvivesErrors(t *testing.T) {
	t.Parallel()
	answers := []http.HandlerFunc{
		respond(404, htmlPage, "Content-Type", "text/html"), respond(500, ``), respond(200, htmlPage, "Content-Type", "text/html"),
		respond(302, htmlPage, "Location", "/"), respond(200, `[]`), respond(429, `{"code":"x"}`),
	}
	var connections, calls atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answers[int(calls.Add(1)-1)%len(answers)](w, req)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	client := newClient(t, difyapi.Options{BaseURL: server.URL, Transport: transport})
	for range 5 * len(answers) {
		if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err == nil {
			t.Error("no error")
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections for calls one after another", got)
	}
}

// TestMaxInFlight holds that exactly as many calls as allowed are under way, and that waiting is no part of the timeout.
func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			var now, most atomic.Int32
			client := newClient(t, difyapi.Options{MaxInFlight: limit, ConnectionsPerServer: 100, Timeout: 2 * time.Second, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(time.Second)
				now.Add(-1)
				return response(req, http.StatusOK, emptyPage), nil
			})})
			start := time.Now()
			callAtOnce(t, client, 24)
			want := int32(limit)
			if limit == 0 {
				want = 8
			}
			if got := most.Load(); got != want {
				t.Errorf("%d calls at once, limit %d", got, limit)
			}
			if got := time.Since(start); got != time.Duration(24/want)*time.Second {
				t.Errorf("24 calls took %v", got)
			}
		})
	}
}

// TestSlotIsFreedByFailures holds that no kind of failure keeps its slot.
func TestSlotIsFreedByFailures(t *testing.T) {
	t.Parallel()
	failures := []roundTrip{
		answering(http.StatusOK, `[]`), answering(http.StatusInternalServerError, ``),
		func(*http.Request) (*http.Response, error) { return nil, errors.New("no network") },
	}
	calls := 0
	client := newClient(t, difyapi.Options{MaxInFlight: 1, Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
		calls++
		return failures[calls%len(failures)](req)
	})})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		_, _ = client.WorkflowLogs(gone, difyapi.LogQuery{})
		_, _ = client.WorkflowLogs(t.Context(), difyapi.LogQuery{})
	}
	if calls != 10 {
		t.Errorf("%d calls, want 10: one per live context", calls)
	}
}

func callAtOnce(t *testing.T, client *difyapi.Client, n int) {
	t.Helper()
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			if _, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

// barrier lets calls go on in groups of n, so that n are under way at once for certain.
type barrier struct {
	mu      sync.Mutex
	n       int
	waiting int
	open    chan struct{}
}

func newBarrier(n int) *barrier {
	return &barrier{n: n, open: make(chan struct{})}
}

func (b *barrier) wait() {
	b.mu.Lock()
	open := b.open
	b.waiting++
	if b.waiting == b.n {
		close(b.open)
		b.waiting, b.open = 0, make(chan struct{})
	}
	b.mu.Unlock()
	<-open
}
