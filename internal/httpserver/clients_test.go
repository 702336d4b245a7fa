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

const unfinished = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nz"

// send opens a connection, and sends a text on it.
func (s *testServer) send(t *testing.T, text string) net.Conn {
	t.Helper()
	connection := s.connect(t)
	if _, err := io.WriteString(connection, text); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return connection
}

// wantCleanEnd stops the server, which clients that are slow may hold up for their time alone.
func (s *testServer) wantCleanEnd(t *testing.T, after time.Duration) {
	t.Helper()
	began := time.Now()
	s.stop()
	if err := <-s.ended; err != nil {
		t.Errorf("Wait: %v", err)
	}
	if took := time.Since(began); took < after || took > after+time.Second {
		t.Errorf("the end took %v, want %v", took, after)
	}
}

// TestSlowBodyDoesNotDelayTheEnd: not while a handler waits for it, and not where the handler has answered without it.
func TestSlowBodyDoesNotDelayTheEnd(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"awaited": func(w http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); errors.Is(err, os.ErrDeadlineExceeded) {
				w.WriteHeader(http.StatusRequestTimeout)
			}
		},
		"not wanted": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusRequestTimeout) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := startTestServer(t)
				s.server.Put(handler, nil)
				connection := s.send(t, unfinished)
				answered := make(chan int, 1)
				go func() {
					response, err := http.ReadResponse(bufio.NewReader(connection), nil)
					if err != nil {
						t.Error(err)
						answered <- 0
						return
					}
					_ = response.Body.Close()
					answered <- response.StatusCode
				}()
				s.wantCleanEnd(t, clientGrace)
				if status := <-answered; status != http.StatusRequestTimeout {
					t.Errorf("got %d", status)
				}
			})
		})
	}
}

// TestBodyInTimeGetsItsAnswer: what a body had to arrive by does not cut the rest of its request.
func TestBodyInTimeGetsItsAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			time.Sleep(grace - clientGrace)
			if err != nil || r.Context().Err() != nil {
				t.Errorf("body: %v, context: %v", err, r.Context().Err())
			}
			w.WriteHeader(http.StatusTeapot)
		}), nil)
		connection := s.send(t, unfinished)
		s.stop()
		time.Sleep(clientGrace - time.Second)
		if _, err := connection.Write(make([]byte, 99)); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := <-s.ended; response.StatusCode != http.StatusTeapot || err != nil {
			t.Errorf("%d, %v", response.StatusCode, err)
		}
	})
}

// TestBodyBegunWhileDraining: a request that comes late is refused, and its body not waited for.
func TestBodyBegunWhileDraining(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		release := s.openWithHeldRequest(t)
		began := time.Now()
		s.stop()
		synctest.Wait()
		late := s.send(t, unfinished)
		go func() { _, _ = io.Copy(io.Discard, late) }()
		close(release)
		if err := <-s.ended; err != nil || time.Since(began) > clientGrace+time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestUnreadAnswerDoesNotDelayTheEnd: a client that does not read its answer, begun before the drain or in it, has a few seconds of
// it, and is then no failure of the server's.
func TestUnreadAnswerDoesNotDelayTheEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		size   int           // of the answer
		begins time.Duration // after the drain
	}{"small": {size: 1}, "large": {size: 1 << 20}, "large, begun in the drain": {1 << 20, time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := startTestServer(t)
				s.server.Put(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					time.Sleep(test.begins)
					_, _ = w.Write(make([]byte, test.size))
				}), nil)
				s.send(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
				s.wantCleanEnd(t, test.begins+clientGrace)
			})
		})
	}
}
