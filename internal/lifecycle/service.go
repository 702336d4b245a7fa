// Package lifecycle starts and ends an HTTP service in such a way that no request is cut.
//
// From [Start] on the service answers its probes: /healthz with 200, /readyz with 503 until [Service.Open] and again once
// it drains. Everything else goes to the handler that Open brings, and gets 503 before and after.
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

// Service is an HTTP server on one listener.
type Service struct {
	gate   *gate
	server *http.Server
	failed chan error // of the listener
}

// Start serves the probes on the listener, which is the service's from now on.
func Start(listener net.Listener) *Service {
	s := &Service{gate: newGate(), failed: make(chan error, 1)}
	s.server = &http.Server{
		Handler: s.gate,
		// An answer has no deadline here: how long it takes is up to Dify, and each call to Dify has a deadline.
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	go func() { s.failed <- s.server.Serve(listener) }()
	return s
}

// Open makes the service ready: from now on requests go to the handler.
func (s *Service) Open(handler http.Handler) { s.gate.open(handler) }

// Wait serves until ctx ends, and then drains: requests under way have up to grace to end, new ones get 503. The listener
// stays open for the time of it, so that /readyz can tell. Errors are [ErrCutOff], or the listener's.
func (s *Service) Wait(ctx context.Context, grace time.Duration) error {
	defer s.Close()
	select {
	case err := <-s.failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	select {
	case <-s.gate.drain():
	case <-bound.Done():
		return fmt.Errorf("drain for %v: %w", grace, ErrCutOff)
	}
	// Handlers are done, but the last bytes of their answers may not be on their way yet.
	if err := s.server.Shutdown(bound); err != nil {
		return fmt.Errorf("drain for %v: %w", grace, ErrCutOff)
	}
	return nil
}

// Close ends the service at once. The contexts of requests under way end with their connections.
func (s *Service) Close() {
	_ = s.server.Close() // All that can fail is to close what is closed.
}
