package httpserver

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// promptly is how long an end may take that waits for nothing: net/http looks again after some milliseconds.
const promptly = 100 * time.Millisecond

func TestDrainCutsFreshConnections(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"silent": "", "within the header": "GET / HTT"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := startTestServer(t)
				s.server.Put(http.NotFoundHandler(), nil)
				connection := s.connect(t)
				if _, err := io.WriteString(connection, sent); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				s.wantPromptEnd(t)
				wantCut(t, connection)
			})
		})
	}
}

func TestDrainCutsIdleConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.NotFoundHandler(), nil)
		idle := s.connect(t)
		ask(t, idle, "/")
		s.openWithHeldRequest(t) // which ends with the drain's time, long after
		s.stop()
		synctest.Wait()
		wantCut(t, idle)
	})
}

// TestDrainAnswersNewConnections: as long as requests are under way, probes and others get an answer, and are told to go.
func TestDrainAnswersNewConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		release, before := s.openWithHeldRequest(t), s.connect(t)
		s.stop()
		synctest.Wait()
		during := s.connect(t)
		for _, connection := range []net.Conn{before, during} {
			if response := ask(t, connection, "/"); response.StatusCode != http.StatusServiceUnavailable || !response.Close {
				t.Errorf("got %d, and the connection closes: %t", response.StatusCode, response.Close)
			}
		}
		silent := s.connect(t)
		synctest.Wait()
		close(release)
		if status := <-s.held; status != http.StatusOK {
			t.Errorf("the request under way got %d", status)
		}
		s.wantPromptEnd(t)
		wantCut(t, silent)
	})
}

// TestRefusedOnceCut: a connection that is accepted while the last ones are closed is closed as well.
func TestRefusedOnceCut(t *testing.T) {
	t.Parallel()
	f := newConnections(Bounds{})
	client, late := net.Pipe()
	f.cut()
	f.note(late, http.StateNew)
	wantCut(t, client)
}

// TestOnlyFreshConnectionsAreCut: one on which a request was read may still have its answer on the way.
func TestOnlyFreshConnectionsAreCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newConnections(Bounds{})
		client, active := net.Pipe()
		f.note(active, http.StateNew)
		f.note(active, http.StateActive)
		f.cut()
		_ = client.SetReadDeadline(time.Now().Add(promptly))
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the connection is cut: %v", err)
		}
	})
}

// wantPromptEnd stops the server, which nothing is to hold up.
func (s *testServer) wantPromptEnd(t *testing.T) {
	t.Helper()
	began := time.Now()
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("Wait: %v", err)
	}
	if took := time.Since(began); took > promptly {
		t.Errorf("the end took %v", took)
	}
}

func wantCut(t *testing.T, connection net.Conn) {
	t.Helper()
	_ = connection.SetReadDeadline(time.Now().Add(promptly))
	if _, err := connection.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the connection is still open: %v", err)
	}
}

// ask sends a request over a connection that is kept alive, and reads the answer.
func ask(t *testing.T, connection net.Conn, path string) *http.Response {
	t.Helper()
	if _, err := io.WriteString(connection, "GET "+path+" HTTP/1.1\r\nHost: service\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	return response
}

// TestDrainingIsToldOf at once, while requests go on.
func TestDrainingIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-s.server.Draining().Done() }), nil)
		connection := s.send(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		go func() { _, _ = io.Copy(io.Discard, connection) }()
		if s.server.Draining().Err() != nil {
			t.Error("it is said to drain, and does not")
		}
		s.wantPromptEnd(t)
	})
}
