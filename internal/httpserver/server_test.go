package httpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

const grace = 10 * time.Second

func TestReadinessFollowsTheServer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.want(t, "/healthz", http.StatusOK)
		s.want(t, "/readyz", http.StatusServiceUnavailable)
		s.want(t, "/", http.StatusServiceUnavailable)

		release := s.openWithHeldRequest(t)
		s.want(t, "/readyz", http.StatusOK)

		s.stop()
		synctest.Wait()
		s.want(t, "/healthz", http.StatusOK)
		s.want(t, "/readyz", http.StatusServiceUnavailable)
		s.want(t, "/", http.StatusServiceUnavailable)

		close(release)
		if err := <-s.ended; err != nil {
			t.Errorf("Wait: %v", err)
		}
	})
}

func TestDrainLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		release := s.openWithHeldRequest(t)
		began := time.Now()
		s.stop()
		time.AfterFunc(grace-time.Second, func() { close(release) })
		if status := <-s.held; status != http.StatusOK {
			t.Errorf("the request under way got %d, want 200", status)
		}
		if err := <-s.ended; err != nil {
			t.Errorf("Wait: %v", err)
		}
		if took := time.Since(began); took < grace-time.Second || took > grace {
			t.Errorf("the drain took %v", took)
		}
	})
}

func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.openWithHeldRequest(t)
		began := time.Now()
		s.stop()
		if err := <-s.ended; !errors.Is(err, errCutOff) {
			t.Errorf("Wait: %v, want %v", err, errCutOff)
		}
		if took := time.Since(began); took != grace {
			t.Errorf("the drain took %v, want %v", took, grace)
		}
		if status := <-s.held; status != 0 {
			t.Errorf("the request that never ends got %d, want no answer", status)
		}
	})
}

func TestDrainWithoutRequestsIsImmediate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.NotFoundHandler(), nil)
		began := time.Now()
		s.stop()
		if err := <-s.ended; err != nil || time.Since(began) != 0 {
			t.Errorf("Wait: %v after %v", err, time.Since(began))
		}
	})
}

func TestWaitReportsTheListener(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		_ = s.listener.Close()
		if err := <-s.ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Wait: %v, want %v", err, net.ErrClosed)
		}
	})
}

// testServer is a server in a synctest bubble.
type testServer struct {
	server   *Server
	listener dialer
	client   *http.Client
	stop     context.CancelFunc
	ended    chan error
	held     chan int // the status of the held request, 0 where there was no answer
}

// dialer is a listener that can be reached.
type dialer interface {
	net.Listener
	dial(ctx context.Context, network, address string) (net.Conn, error)
}

func startTestServer(t *testing.T) *testServer {
	t.Helper()
	return startTestServerWith(t, newMemoryListener(), Bounds{})
}

func startTestServerWith(t *testing.T, listener dialer, bounds Bounds) *testServer {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &testServer{
		server: Start(listener, bounds), listener: listener, stop: stop, ended: make(chan error, 1), held: make(chan int, 1),
		// A connection for each request: an idle one would keep its goroutines in the bubble.
		client: &http.Client{Transport: &http.Transport{DialContext: listener.dial, DisableKeepAlives: true}},
	}
	var waits sync.WaitGroup
	waits.Go(func() { s.ended <- s.server.Wait(ctx, grace) })
	t.Cleanup(func() {
		s.server.Close()
		waits.Wait()
	})
	return s
}

// openWithHeldRequest opens the server, and leaves one request under way until the channel is closed or the request ends.
func (s *testServer) openWithHeldRequest(t *testing.T) (release chan struct{}) {
	t.Helper()
	release = make(chan struct{})
	s.server.Put(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		}
	}), nil)
	go func() { s.held <- s.get("/") }()
	synctest.Wait()
	return release
}

func (s *testServer) want(t *testing.T, path string, status int) {
	t.Helper()
	if got := s.get(path); got != status {
		t.Errorf("GET %s: got %d, want %d", path, got, status)
	}
}

func (s *testServer) get(path string) int {
	resp, err := s.client.Get("http://service" + path)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// memoryListener listens within the process: real sockets would hold up the clock of a bubble.
type memoryListener struct {
	connections chan net.Conn
	closed      context.Context
	close       context.CancelFunc
}

func newMemoryListener() *memoryListener {
	closed, cancel := context.WithCancel(context.Background())
	return &memoryListener{connections: make(chan net.Conn), closed: closed, close: cancel}
}

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.close()
	return nil
}

func (*memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }
