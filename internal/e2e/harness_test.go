package e2e

import (
	"context"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/httpserver"
	"github.com/difygraph/difygraph/internal/service"
)

// grace is what requests have to end when a server stops.
const grace = 10 * time.Second

// server is what the program serves, on a port of its own.
type server struct {
	url     string         // of its GraphQL
	hangups chan os.Signal // each asks for a reload
	// stop drains the server, which must be a clean end. It is done at the end of the test at the latest.
	stop func()
}

// startServer serves the configuration as the function gives it at a time.
func startServer(t *testing.T, configuration func() []byte) *server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	s := &server{url: "http://" + address + service.GraphQLPath, hangups: make(chan os.Signal)}
	running := httpserver.Start(listener, httpserver.Bounds{})
	stopService, err := service.Watch(t.Context(), service.Source{
		Config:  config.Source{Path: "e2e.yaml", ReadFile: func(string) ([]byte, error) { return configuration(), nil }},
		Listen:  address,
		Put:     running.Put,
		Hangups: s.hangups,
	})
	if err != nil {
		running.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- running.Wait(ctx, grace) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
		stopService()
	})
	t.Cleanup(s.stop)
	return s
}
