package difyapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestPoolKeepsWhatIsKnownOfAnApp from one configuration to the next, as long as base URL and key are the same.
func TestPoolKeepsWhatIsKnownOfAnApp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, server := NewPool(), &fakeServer{}
		options := Options{APIKey: "app-a"}
		first := server.client(t, pool, options)
		_, _ = listAs(t.Context(), first, "a")
		time.Sleep(probeTimeout)
		synctest.Wait()
		options.Timeout, options.MaxInFlight = time.Minute, 3
		second, other := server.client(t, pool, options), server.client(t, pool, Options{APIKey: "app-b"})
		pool.Keep(second, other)
		if took, err := listAs(t.Context(), second, "a"); took != 0 || !IsUnavailable(err) || second.Stats().Breaker != BreakerOpen {
			t.Errorf("the app that hangs is asked again after a reload: %v after %v", err, took)
		}
		if v := second.Version(); v != first.Version() {
			t.Errorf("version %v, want %v", v, first.Version())
		}
		if other.Stats().Breaker != BreakerClosed {
			t.Error("an app with another key is not asked")
		}
		pool.Keep(other)
		if third := server.client(t, pool, options); third.Stats().Breaker != BreakerClosed {
			t.Error("what no configuration uses is not forgotten")
		}
	})
}

// TestReloadsDoubleNothing: clients of an old configuration and those of a new one have the same connections.
func TestReloadsDoubleNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network := newNetwork()
		network.serve(t, network, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(time.Second)
			w.WriteHeader(http.StatusNotFound)
		}))
		pool := network.pool(t)
		var calls sync.WaitGroup
		for i := range 10 {
			client := poolClient(t, pool, Options{})
			pool.Keep(client)
			for range 10 {
				calls.Go(func() { _, _ = client.Info(WithCaller(t.Context(), fmt.Sprint(i))) })
			}
			time.Sleep(100 * time.Millisecond)
		}
		calls.Wait()
		if _, most := network.counts(); most != 4 {
			t.Errorf("%d connections at once, want 4", most)
		}
		if len(pool.apps) != 1 || len(pool.servers) != 1 {
			t.Errorf("the pool has %d apps and %d servers", len(pool.apps), len(pool.servers))
		}
		pool.Keep()
		synctest.Wait()
		if open, _ := network.counts(); open != 0 || len(pool.apps) != 0 || len(pool.servers) != 0 {
			t.Errorf("of nothing, %d connections, %d apps, %d servers are left", open, len(pool.apps), len(pool.servers))
		}
	})
}

// TestClosedPoolHasNoGoroutines: a probe under way ends.
func TestClosedPoolHasNoGoroutines(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pool, server := NewPool(), &fakeServer{}
		client := server.client(t, pool, Options{ConnectionsPerServer: 1})
		_, _ = listAs(t.Context(), client, "a")
		synctest.Wait() // the probe is under way, and the bubble would not end
		began := time.Now()
		pool.Close()
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
	})
}

// TestOneCallerDoesNotHoldUpAnother: hundreds of operations on all apps of a server, which is slow, and another caller's calls
// are made as if there were few.
func TestOneCallerDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := reply{http.StatusOK, 20 * time.Second}
		pool, server := NewPool(), &fakeServer{info: slow, rest: slow, apps: map[string]*fakeServer{"app-polite": {rest: good}}}
		var clients []*Client
		for i := range 5 {
			clients = append(clients, server.client(t, pool, Options{APIKey: fmt.Sprint("app-", i)}))
		}
		polite := server.client(t, pool, Options{APIKey: "app-polite"})
		ctx, leave := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for i := range 700 {
			calls.Go(func() {
				if _, err := listAs(WithOperation(ctx, i), clients[i%5], "greedy"); !errors.Is(err, context.Canceled) && err != nil {
					t.Errorf("one of many calls: %v", err)
				}
			})
		}
		synctest.Wait()
		for range 60 {
			if took, err := listAs(t.Context(), polite, "polite"); err != nil || took != good.after {
				t.Errorf("another caller waited %v: %v", took, err)
			}
			time.Sleep(time.Second)
		}
		leave()
		calls.Wait()
	})
}

// TestBothCallersOfAnAppAreServed: where two callers want an app that is slow, each has a call under way.
func TestBothCallersOfAnAppAreServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := reply{http.StatusOK, 20 * time.Second}
		server := &fakeServer{info: slow, rest: slow}
		client := server.client(t, NewPool(), Options{MaxInFlight: 2})
		ctx, leave := context.WithCancel(t.Context())
		var calls sync.WaitGroup
		for range 70 {
			calls.Go(func() { _, _ = listAs(ctx, client, "greedy") })
		}
		time.Sleep(time.Second)
		if took, err := listAs(t.Context(), client, "polite"); err != nil || took != slow.after {
			t.Errorf("the other caller's call took %v: %v", took, err)
		}
		leave()
		calls.Wait()
	})
}
