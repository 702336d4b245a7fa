package difyapi

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crowd is a slow app of two slots, for which a hundred calls of each of two callers wait.
func crowd(t *testing.T) (client *Client, began time.Time) {
	t.Helper()
	slow := reply{http.StatusOK, 20 * time.Second}
	server := &fakeServer{info: slow, rest: slow}
	client = server.client(t, NewPool(), Options{ConnectionsPerServer: 2, MaxInFlight: 2})
	ctx, leave := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	began = time.Now()
	for i := range 200 {
		caller := []string{"greedy", "other"}[i%2]
		calls.Go(func() { _, _ = client.WorkflowLogs(WithOperation(WithCaller(ctx, caller), i), LogQuery{}) })
	}
	t.Cleanup(func() {
		leave()
		calls.Wait()
	})
	synctest.Wait()
	return client, began
}

// TestWhoJoinsACallWaitsInItsOwnLine: a call that stands behind a hundred others of its caller goes as soon as somebody joins it whose
// turn it is, and does not go any more once all have left.
func TestWhoJoinsACallWaitsInItsOwnLine(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		join  func(t *testing.T, c *Waiters) (leave func())
		takes time.Duration // at least
		most  time.Duration
	}{
		"nobody joins": {func(*testing.T, *Waiters) func() { return func() {} }, 1000 * time.Second, 3000 * time.Second},
		"its own caller": {
			func(t *testing.T, c *Waiters) func() { t.Helper(); return c.Join(WithCaller(t.Context(), "greedy")) }, 1000 * time.Second, 3000 * time.Second,
		},
		"another": {
			func(t *testing.T, c *Waiters) func() { t.Helper(); return c.Join(WithCaller(t.Context(), "polite")) }, 40 * time.Second, 61 * time.Second,
		},
		"another, who leaves": {
			func(t *testing.T, c *Waiters) func() {
				t.Helper()
				c.Join(WithCaller(t.Context(), "polite"))()
				return func() {}
			}, 1000 * time.Second, 3000 * time.Second,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, began := crowd(t)
				var c Waiters
				ctx := WithOperation(WithCaller(t.Context(), "greedy"), "last")
				leave := c.Join(ctx)
				done := make(chan error)
				go func() {
					_, err := client.WorkflowLogs(WithWaiters(ctx, &c), LogQuery{})
					done <- err
				}()
				synctest.Wait()
				part := test.join(t, &c)
				err := <-done
				if took := time.Since(began); err != nil || took < test.takes || took > test.most {
					t.Errorf("it took %v: %v", took, err)
				}
				part()
				leave()
				if len(c.members) != 0 || c.queued != nil {
					t.Errorf("left behind: %+v", &c)
				}
			})
		})
	}
}

// TestSharedCallHoldsOnePlace: in whatever lines it stood, one slot is taken and given back, and none of its claims stays in line.
func TestSharedCallHoldsOnePlace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := reply{http.StatusOK, time.Second}
		server := &fakeServer{info: slow, rest: slow}
		client := server.client(t, NewPool(), Options{ConnectionsPerServer: 1})
		var calls sync.WaitGroup
		for i := range 10 {
			var c Waiters
			for _, caller := range []string{"a", "b", "c"} {
				c.Join(WithCaller(t.Context(), caller))
			}
			ctx, cancel := context.WithCancel(t.Context())
			if i%3 == 1 {
				time.AfterFunc(1500*time.Millisecond, cancel)
			}
			calls.Go(func() {
				defer cancel()
				_, _ = client.WorkflowLogs(WithWaiters(ctx, &c), LogQuery{})
			})
		}
		calls.Wait()
		if s := client.server.semaphore; s.held.all != 0 || s.queue.all != 0 || len(s.lines) != 0 || s.order.Len() != 0 {
			t.Errorf("left behind: %+v", s)
		}
	})
}

// TestWhoWaitsForTheLookAtTheBaseURLDoesSoInItsOwnLine: one caller's first 404 has its Dify looked at behind a hundred of the same caller's
// calls. As soon as another caller has a 404 too, or joins the call that had it, the look is made in that one's turn.
func TestWhoWaitsForTheLookAtTheBaseURLDoesSoInItsOwnLine(t *testing.T) {
	t.Parallel()
	for name, join := range map[string]func(t *testing.T, c *Client, first *Waiters){
		"a 404 of its own": func(t *testing.T, c *Client, _ *Waiters) {
			t.Helper()
			go func() { c.isFound(WithCaller(t.Context(), "polite"), workflowLogsPath) }()
		},
		"the same call": func(t *testing.T, _ *Client, first *Waiters) {
			t.Helper()
			t.Cleanup(first.Join(WithCaller(t.Context(), "polite")))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client, began := crowd(t)
				var first Waiters
				ctx := WithOperation(WithCaller(t.Context(), "greedy"), "last")
				defer first.Join(ctx)()
				done := make(chan bool)
				go func() { done <- client.isFound(WithWaiters(ctx, &first), workflowLogsPath) }()
				synctest.Wait()
				join(t, client, &first)
				found := <-done
				if took := time.Since(began); !found || took > 61*time.Second {
					t.Errorf("found: %v, after %v", found, took)
				}
				synctest.Wait()
				if left := &client.lookers; len(left.members) != 0 || left.queued != nil {
					t.Errorf("left behind: %+v", left)
				}
			})
		})
	}
}
