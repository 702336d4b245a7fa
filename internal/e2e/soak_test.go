package e2e

import (
	"context"
	"flag"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

var duration = flag.Duration("soak", 5*time.Second, "how long TestSoak lasts")

const (
	samples = 60
	reloads = 20 // in all
)

// TestSoak is not parallel: it measures the process.
func TestSoak(t *testing.T) { //nolint:paralleltest // It measures the process.
	dify := startFailingDify(t)
	var number atomic.Int64 // of the configuration
	server := startServer(t, func() []byte { return dify.configuration(number.Load()) })
	l := &load{url: server.url, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}, outcomes: map[string]int{}}
	t.Cleanup(l.client.CloseIdleConnections)
	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { l.run(ctx) })
	running.Go(func() { server.reloadUntil(ctx, &number) })
	taken := watch(ctx, t, dify)
	running.Wait()
	server.stop()
	report(t, l)
	if *duration < time.Minute {
		return // Pools and caches are still filling.
	}
	for _, grown := range growth(taken) {
		t.Errorf("grows: %s", grown)
	}
}

// watch takes samples until ctx ends. Dify's memory of requests is not what is measured.
func watch(ctx context.Context, t *testing.T, d *failingDify) (taken []sample) {
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

// reloadUntil puts another configuration into force every now and then.
func (s *server) reloadUntil(ctx context.Context, number *atomic.Int64) {
	ticks := time.NewTicker(max(*duration/reloads, 2*time.Second)) // longer than a file must stay the same
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			number.Add(1)
			s.hangups <- syscall.SIGHUP
		}
	}
}
