package httpserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// TestNoRequestIsLost replaces the handler a thousand times under requests. None may meet a handler that has been closed.
func TestNoRequestIsLost(t *testing.T) {
	t.Parallel()
	const swaps, clients = 1000, 8
	var closings atomic.Int64
	next := func() *generation {
		var closed atomic.Bool
		serve := func(w http.ResponseWriter, _ *http.Request) {
			if closed.Load() {
				t.Error("a request came after the end of its handler")
			}
			w.WriteHeader(http.StatusNoContent)
			if closed.Load() {
				t.Error("a handler ended before its request")
			}
		}
		return &generation{http.HandlerFunc(serve), func() {
			if closed.Swap(true) {
				t.Error("a handler ended twice")
			}
			closings.Add(1)
		}}
	}
	h := newGate()
	h.put(next())
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	var done atomic.Bool
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			for !done.Load() {
				wantStatus(t, server, http.StatusNoContent)
			}
		})
	}
	for range swaps {
		wantStatus(t, server, http.StatusNoContent)
		h.put(next())
	}
	done.Store(true)
	asking.Wait()
	h.put(nil)
	if got := closings.Load(); got != swaps+1 {
		t.Errorf("%d of %d handlers were closed", got, swaps+1)
	}
}

func wantStatus(t *testing.T, server *httptest.Server, status int) {
	t.Helper()
	response, err := server.Client().Get(server.URL)
	if err != nil {
		t.Error(err)
		return
	}
	if _ = response.Body.Close(); response.StatusCode != status {
		t.Errorf("got %d, want %d", response.StatusCode, status)
	}
}

// TestRequestsKeepTheirHandler: the old one serves what it began, and ends after the last of it.
func TestRequestsKeepTheirHandler(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var closed atomic.Int64
		h := newGate()
		h.put(&generation{held("old", release), func() { closed.Add(1) }})
		first, second := begin(h), begin(h)
		h.put(&generation{answering("new"), func() {}})
		if got := <-begin(h); got != "new" {
			t.Errorf("a new request got %q", got)
		}
		release <- struct{}{}
		synctest.Wait()
		if closed.Load() != 0 {
			t.Error("the old handler ended with a request under way")
		}
		release <- struct{}{}
		if one, other := <-first, <-second; one != "old" || other != "old" {
			t.Errorf("old requests got %q and %q", one, other)
		}
		synctest.Wait()
		if closed.Load() != 1 {
			t.Errorf("the old handler was closed %d times", closed.Load())
		}
	})
}

// TestDrainWaitsForEveryGeneration, not for the one in force alone.
func TestDrainWaitsForEveryGeneration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		release := s.openWithHeldRequest(t)
		closed := false
		s.server.Put(http.NotFoundHandler(), func() { closed = true })
		s.want(t, "/", http.StatusNotFound)
		s.stop()
		synctest.Wait()
		select {
		case err := <-s.ended:
			t.Fatalf("the drain ended with a request of the handler before under way: %v", err)
		default:
		}
		close(release)
		if err, status := <-s.ended, <-s.held; err != nil || status != http.StatusOK || !closed {
			t.Errorf("Wait: %v, the request got %d, the handler in force closed: %t", err, status, closed)
		}
	})
}

func TestUnusedHandlersEndAtOnce(t *testing.T) {
	t.Parallel()
	var closed []int
	h := newGate()
	h.put(&generation{answering("0"), func() { closed = append(closed, 0) }})
	h.put(&generation{answering("1"), func() { closed = append(closed, 1) }})
	h.put(nil)
	h.put(nil)
	if fmt.Sprint(closed) != "[0 1]" {
		t.Errorf("closed %v", closed)
	}
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("got %d after the end", w.Code)
	}
}

// TestPanicsAreCounted: a request that panics has ended, too.
func TestPanicsAreCounted(t *testing.T) {
	t.Parallel()
	closed := false
	h := newGate()
	h.put(&generation{http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }), func() { closed = true }})
	func() {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	if h.put(nil); !closed {
		t.Error("the handler waits for a request that has ended")
	}
}

func answering(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
}

func held(text string, release chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		fmt.Fprint(w, text)
	})
}

// begin sends a request, waits until it is under way or done, and returns where its answer will be.
func begin(h *gate) chan string {
	answer := make(chan string, 1)
	go func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		answer <- w.Body.String()
	}()
	synctest.Wait()
	return answer
}
