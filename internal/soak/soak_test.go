package soak

import (
	"context"
	"flag"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/lifecycle"
	"github.com/difygraph/difygraph/internal/reload"
	"github.com/difygraph/difygraph/internal/service"
)

var duration = flag.Duration("soak", 5*time.Second, "how long TestSoak lasts")

const (
	samples = 60
	reloads = 20 // in all
	grace   = 10 * time.Second
)

// TestSoak is not parallel: it measures the process.
func TestSoak(t *testing.T) { //nolint:paralleltest // It measures the process.
	dify := startDify(t)
	server := startServer(t, dify)
	l := &load{url: server.url, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}, outcomes: map[string]int{}}
	t.Cleanup(l.client.CloseIdleConnections)
	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { l.run(ctx) })
	running.Go(func() { server.reloadUntil(ctx) })
	taken := watch(ctx, t, dify)
	running.Wait()
	server.stop(t)
	report(t, l)
	if *duration < time.Minute {
		return // Pools and caches are still filling.
	}
	for _, grown := range growth(taken) {
		t.Errorf("grows: %s", grown)
	}
}

// watch takes samples until ctx ends. Dify's memory of requests is not what is measured.
func watch(ctx context.Context, t *testing.T, d *dify) (taken []sample) {
	t.Helper()
	began, ticks := time.Now(), time.NewTicker(*duration/samples)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return taken
		case <-ticks.C:
			d.ResetRequests()
			taken = append(taken, take(began))
			if len(taken)%(samples/10) == 0 {
				t.Log(taken[len(taken)-1])
			}
		}
	}
}

// report tells what clients got, which must be all that a client is to get.
func report(t *testing.T, l *load) {
	t.Helper()
	total := 0
	for _, outcome := range slices.Sorted(maps.Keys(l.outcomes)) {
		t.Logf("%8d %s", l.outcomes[outcome], outcome)
		total += l.outcomes[outcome]
		if strings.HasPrefix(outcome, "(no answer)") || outcome == "INTERNAL_SERVER_ERROR" {
			t.Errorf("%d requests got %s", l.outcomes[outcome], outcome)
		}
	}
	t.Logf("%8d operations, %.0f/s", total, float64(total)/duration.Seconds())
	if l.outcomes[""] == 0 {
		t.Error("no operation succeeded")
	}
}

// server is the service as the program runs it.
type server struct {
	url     string
	number  atomic.Int64 // of the configuration
	hangups chan os.Signal
	stop    func(*testing.T)
}

func startServer(t *testing.T, d *dify) *server {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{url: "http://" + listener.Addr().String() + service.GraphQLPath, hangups: make(chan os.Signal)}
	var handler *reload.Handler
	var process *service.Process
	watcher := reload.NewWatcher(func(read reload.ReadFile) (map[string]string, error) {
		api, err := newService(read, &process)
		switch {
		case err != nil:
		case handler == nil:
			handler = reload.NewHandler(api, api.Close)
		default:
			handler.Replace(api, api.Close)
		}
		return nil, err
	}, func(string) ([]byte, error) { return d.configuration(int(s.number.Load())), nil }, slog.New(slog.DiscardHandler))
	if err := watcher.Start(); err != nil {
		t.Fatal(err)
	}
	running := lifecycle.Start(listener, lifecycle.Bounds{})
	running.Open(handler)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- running.Wait(ctx, grace) }()
	var watching sync.WaitGroup
	watching.Go(func() { watcher.Run(ctx, s.hangups) })
	s.stop = func(t *testing.T) {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
		watching.Wait()
		handler.Close()
		process.Close()
	}
	return s
}

func newService(read reload.ReadFile, process **service.Process) (*service.Service, error) {
	cfg, err := config.Load(config.Source{Path: "soak.yaml", ReadFile: read})
	if err != nil {
		return nil, err
	}
	if *process == nil {
		*process = service.NewProcess(cfg.Limits)
	}
	return service.New(cfg, service.Options{Process: *process})
}

// reloadUntil puts another configuration into force every now and then.
func (s *server) reloadUntil(ctx context.Context) {
	ticks := time.NewTicker(max(*duration/reloads, 2*time.Second)) // longer than a file must stay the same
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			s.number.Add(1)
			s.hangups <- syscall.SIGHUP
		}
	}
}
