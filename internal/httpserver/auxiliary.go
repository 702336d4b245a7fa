package httpserver

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Auxiliary servers have few clients, which are quick.
const (
	besideConnections  = 64
	besidePerAddress   = besideConnections / 2
	besideWriteTimeout = 10 * time.Second
)

var besideBounds = Bounds{Connections: besideConnections, PerAddress: besidePerAddress}

// StartAuxiliary serves a handler on a port of its own, such as metrics, under the same rules for clients, except that an answer must be begun and taken
// within 10 s. It has at most 64 connections, half of them of one address, and is served until stop is called, which cuts what is under way.
func StartAuxiliary(listener net.Listener, handler http.Handler) (stop func()) {
	open := newConnections(besideBounds)
	server := newServer(handler, open)
	server.WriteTimeout = besideWriteTimeout
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(persistentListener{listener, open}); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("serve", "address", listener.Addr().String(), "error", err)
		}
	}()
	return func() {
		_ = server.Close() // All that can fail is to close what is closed.
		<-ended
	}
}
