package httpserver

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowRequestsAreCut sends requests a byte at a time: each byte is in time, the whole is not.
func TestSlowRequestsAreCut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before, slowly string // what is sent at once, and what a byte a second
		after          time.Duration
	}{
		"silence":     {"", "", headerTimeout},
		"header":      {"", "GET / HTTP/1.1\r\nX-Slow: " + strings.Repeat("z", 600), headerTimeout},
		"body":        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n", strings.Repeat("z", 600), readTimeout},
		"chunks":      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", strings.Repeat("1\r\nz\r\n", 100), readTimeout},
		"trailer":     {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "X-Slow: " + strings.Repeat("z", 600), readTimeout},
		"kept alive":  {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "", idleTimeout},
		"next begins": {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET", idleTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := startTestServer(t)
				s.server.Put(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }), nil)
				connection, began := s.connect(t), time.Now()
				var sending sync.WaitGroup
				sending.Go(func() { sendSlowly(connection, test.before, test.slowly) })
				defer sending.Wait()
				_, _ = io.Copy(io.Discard, connection) // until it is cut
				if took := time.Since(began); took < test.after || took > test.after+time.Second {
					t.Errorf("cut after %v, want %v", took, test.after)
				}
			})
		})
	}
}

func sendSlowly(connection net.Conn, before, slowly string) {
	if _, err := io.WriteString(connection, before); err != nil {
		return
	}
	for i := range slowly {
		time.Sleep(time.Second)
		if _, err := io.WriteString(connection, slowly[i:i+1]); err != nil {
			return
		}
	}
}

// TestUnreadAnswersAreCut asks and then does not read, or a kilobyte a second.
func TestUnreadAnswersAreCut(t *testing.T) {
	t.Parallel()
	const thinks = 10 * time.Minute // longer than any timeout here: an operation's deadline is another matter
	think := func(http.ResponseWriter, *http.Request) { time.Sleep(thinks) }
	answer := func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 10 {
			_, _ = w.Write(make([]byte, 1<<10))
		}
	}
	for name, test := range map[string]struct {
		request string
		handler http.HandlerFunc
		reads   bool
		after   time.Duration
	}{
		"large":            {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer, false, writeTimeout},
		"large, read":      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer, true, writeTimeout},
		"late":             {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(w http.ResponseWriter, r *http.Request) { think(w, r); answer(w, r) }, false, thinks + writeTimeout},
		"header alone":     {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", think, false, thinks + writeTimeout},
		"of a bad request": {"GET nothing\r\n\r\n", nil, false, writeTimeout},
		"streamed": {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", func(w http.ResponseWriter, r *http.Request) {
			think(w, r)
			w.(http.Flusher).Flush()
		}, false, thinks + writeTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := startTestServer(t)
				s.server.Put(test.handler, nil)
				connection, began := s.connect(t), time.Now()
				if _, err := io.WriteString(connection, test.request); err != nil {
					t.Fatal(err)
				}
				for test.reads && readSome(connection) {
					time.Sleep(time.Second)
				}
				waitCut(connection)
				if took := time.Since(began); took < test.after || took > test.after+2*time.Second {
					t.Errorf("cut after %v, want %v", took, test.after)
				}
			})
		})
	}
}

func readSome(connection net.Conn) bool {
	n, _ := connection.Read(make([]byte, 1<<10))
	return n > 0
}

// waitCut tries to send, since who does not read finds no other way to see the end: a write to a pipe that is read by nobody
// waits, and fails once the other side is closed.
func waitCut(connection net.Conn) {
	for {
		if _, err := io.WriteString(connection, "z"); err != nil {
			return
		}
	}
}

func TestHandlersTakeTheirTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			time.Sleep(time.Hour)
			if err != nil || string(body) != "question" || r.Context().Err() != nil {
				t.Errorf("body %q, %v; context: %v", body, err, r.Context().Err())
			}
			w.WriteHeader(http.StatusTeapot)
		}), nil)
		response, err := s.client.Post("http://service", "text/plain", strings.NewReader("question"))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusTeapot {
			t.Errorf("got %d", response.StatusCode)
		}
	})
}

// TestStreamsMaySetTheirDeadline: an answer without an end says for itself how long a client may be away.
func TestStreamsMaySetTheirDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		s.server.Put(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
				t.Error(err)
			}
			for range 3 {
				time.Sleep(writeTimeout)
				_, _ = io.WriteString(w, "event\n")
				w.(http.Flusher).Flush()
			}
		}), nil)
		response, err := s.client.Get("http://service")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); string(body) != "event\nevent\nevent\n" {
			t.Errorf("got %q, %v", body, err)
		}
	})
}

func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := startTestServer(t)
		connection := s.connect(t)
		go func() {
			_, _ = io.WriteString(connection, "GET / HTTP/1.1\r\nHost: a\r\nX-Long: "+strings.Repeat("z", maxHeaderBytes+8<<10)+"\r\n\r\n")
		}()
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("got %d", response.StatusCode)
		}
		_, _ = io.Copy(io.Discard, connection) // The server goes on reading for half a second.
	})
}

// connect opens a connection on which nothing has been sent.
func (s *testServer) connect(t *testing.T) net.Conn {
	t.Helper()
	connection, err := s.listener.dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}
