// Package httpserver starts an HTTP server, replaces what it serves, and ends it, in such a way that no request is cut; and cuts
// clients that are too slow to be waited for.
//
// From [Start] on the server answers its probes: /healthz with 200, /readyz with 503 until the first [Server.Put] and again once
// it drains. Everything else goes to the handler that was put last, and gets 503 before and after. A request ends with the
// handler that it began with.
//
// A client has 10 s for a request's header and 30 s for the whole request, counted from its beginning, so that a byte now and
// then buys no time; 2 min between requests; and a minute to take an answer, counted from the answer's first byte. How long
// the answer takes to begin is up to the handler. A header is at most 32 KiB. [Bounds] say how many connections there may be.
// HTTP/1 alone is served.
//
// While the server drains, requests under way have the whole time that is given to it, but clients do not: a body has 5 s to
// arrive, and is then answered by 408; an answer has 5 s to be taken, from its first byte or the beginning of the drain. To cut a client that is slow to send or to read is a clean end; to cut a request that
// is still being worked on is an error.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// errCutOff says that requests were still under way when the time to drain was over.
var errCutOff = errors.New("requests without an answer were cut off")

const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	writeTimeout   = time.Minute
	maxHeaderBytes = 32 << 10 // as large as common proxies pass on

	// clientGrace is what clients have left once the server drains: to send the body of a request, and to take an
	// answer.
	clientGrace = 5 * time.Second
)

// Server is an HTTP server on one listener. It is safe for concurrent use.
type Server struct {
	gate        *gate
	connections *connections
	server      *http.Server
	failed      chan error // of the listener
}

// Start serves the probes on the listener, which is the server's from now on.
func Start(listener net.Listener, bounds Bounds) *Server {
	s := &Server{gate: newGate(), connections: newConnections(bounds), failed: make(chan error, 1)}
	s.server = newServer(s.gate, s.connections)
	go func() { s.failed <- s.server.Serve(persistentListener{listener, s.connections}) }()
	return s
}

func newServer(handler http.Handler, open *connections) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			handler.ServeHTTP(w, open.follow(r))
		}),
		ConnState:         open.note,
		ConnContext:       withConnection,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		Protocols:         protocols,
	}
}

// Put brings the handler into force: requests that come from now on are its own. The first makes the server ready. What the
// handler holds is given back by closing, which may be nil: it is called once, after another was put or the server has closed,
// when the last request of this handler has ended. That can be in the goroutine of this request, so that it should be quick.
func (s *Server) Put(handler http.Handler, closing func()) {
	if closing == nil {
		closing = func() {}
	}
	s.gate.put(&generation{handler, closing})
}

// Draining is over once the server drains. What has no end by itself, such as a subscription, is to end then: the server waits for it
// as for any request.
func (s *Server) Draining() context.Context { return s.gate.ending }

// Wait serves until ctx ends, and then drains: requests under way have up to grace to end, new ones get 503. The listener
// stays open for the time of it, so that /readyz can tell. Connections without a request are closed. The default log has a line
// at the beginning of the drain and one at its end. Errors are of requests that had no answer yet, or the listener's.
func (s *Server) Wait(ctx context.Context, grace time.Duration) error {
	defer s.Close()
	select {
	case err := <-s.failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	began := time.Now()
	slog.InfoContext(bound, "draining", "requests", s.gate.requests(), "grace_ms", grace.Milliseconds())
	s.drain(bound)
	slog.InfoContext(bound, "drained", "duration_ms", time.Since(began).Milliseconds(), "cut", s.gate.requests())
	if cut := s.gate.unanswered(); cut > 0 {
		return fmt.Errorf("drain for %v: %d %w", grace, cut, errCutOff)
	}
	return nil
}

// drain waits until all requests have ended, or for ctx.
func (s *Server) drain(ctx context.Context) {
	idle := s.gate.drain()
	s.server.SetKeepAlivesEnabled(false) // closes those kept alive; answers say that theirs will be
	s.connections.endBodies(time.Now().Add(clientGrace))
	select {
	case <-idle:
	case <-ctx.Done():
		return
	}
	// Only now: until here what comes over a new connection is answered, at least with 503.
	s.connections.cut()
	// Handlers are done, but the last bytes of their answers may not be on their way yet.
	ctx, cancel := context.WithTimeout(ctx, clientGrace+time.Second) // so that who sent no body gets its answer
	defer cancel()
	_ = s.server.Shutdown(ctx) // What fails is to wait for clients.
}

// Close ends the server at once. The contexts of requests under way end with their connections. A second one does nothing.
func (s *Server) Close() {
	s.gate.end()
	_ = s.server.Close() // All that can fail is to close what is closed.
	s.gate.put(nil)
}
