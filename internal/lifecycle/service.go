// Package lifecycle starts and ends an HTTP service in such a way that no request is cut, and cuts clients that are too slow
// to be waited for.
//
// From [Start] on the service answers its probes: /healthz with 200, /readyz with 503 until [Service.Open] and again once
// it drains. Everything else goes to the handler that Open brings, and gets 503 before and after.
//
// A client has 10 s for a request's header and 30 s for the whole request, counted from its beginning, so that a byte now and
// then buys no time; 2 min between requests; and a minute to take an answer, counted from the answer's first byte. How long
// the answer takes to begin is up to the handler. A header is at most 64 KiB.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// ErrCutOff says that requests were still under way when the time to drain was over.
var ErrCutOff = errors.New("requests still under way were cut off")

const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	idleTimeout    = 2 * time.Minute
	writeTimeout   = time.Minute
	maxHeaderBytes = 64 << 10
)

// Service is an HTTP server on one listener.
type Service struct {
	gate   *gate
	fresh  *fresh
	server *http.Server
	failed chan error // of the listener
}

// Start serves the probes on the listener, which is the service's from now on.
func Start(listener net.Listener) *Service {
	s := &Service{gate: newGate(), fresh: newFresh(), failed: make(chan error, 1)}
	s.server = &http.Server{
		Handler:           timed(s.gate),
		ConnState:         s.fresh.note,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		WriteTimeout:      writeTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	go func() { s.failed <- s.server.Serve(listener) }()
	return s
}

// Open makes the service ready: from now on requests go to the handler.
func (s *Service) Open(handler http.Handler) { s.gate.open(handler) }

// Wait serves until ctx ends, and then drains: requests under way have up to grace to end, new ones get 503. The listener
// stays open for the time of it, so that /readyz can tell. Connections without a request are closed. Errors are
// [ErrCutOff], or the listener's.
func (s *Service) Wait(ctx context.Context, grace time.Duration) error {
	defer s.Close()
	select {
	case err := <-s.failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if !s.drain(bound) {
		return fmt.Errorf("drain for %v: %w", grace, ErrCutOff)
	}
	return nil
}

// drain tells whether all requests ended before ctx.
func (s *Service) drain(ctx context.Context) bool {
	idle := s.gate.drain()
	s.server.SetKeepAlivesEnabled(false) // closes those kept alive; answers say that theirs will be
	select {
	case <-idle:
	case <-ctx.Done():
		return false
	}
	// Only now: until here what comes over a new connection is answered, at least with 503.
	s.fresh.cut()
	// Handlers are done, but the last bytes of their answers may not be on their way yet.
	return s.server.Shutdown(ctx) == nil
}

// Close ends the service at once. The contexts of requests under way end with their connections.
func (s *Service) Close() {
	_ = s.server.Close() // All that can fail is to close what is closed.
}
