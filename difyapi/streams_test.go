package difyapi

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// streamWorld is a Dify with ten places, on which a run of an hour goes on.
type streamWorld struct {
	network *network
	places  *difytest.Places
	dify    *difytest.Server
	app     *difytest.App
	run     difytest.Row
}

func newStreamWorld(t *testing.T) *streamWorld {
	t.Helper()
	w := &streamWorld{network: newNetwork(), dify: difytest.New(difytest.Options{})}
	w.places = difytest.NewPlaces(w.network, 10)
	w.network.serve(t, w.places, w.dify)
	w.app = w.dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-a"})
	w.run = w.app.Play(difytest.Row{EndUser: &difytest.EndUser{Type: "service-api", SessionID: "bob"}}, difytest.Script{Nodes: difytest.Sequence(
		difytest.ScriptNode{NodeID: "first", Lasts: time.Second}, difytest.ScriptNode{NodeID: "second", Lasts: time.Hour},
	)})
	return w
}

func (w *streamWorld) query() RunEventsQuery {
	return RunEventsQuery{RunID: w.run.Run.ID.String(), EndUser: &EndUser{Type: w.run.EndUser.Type, SessionID: &w.run.EndUser.SessionID}, Snapshot: true}
}

// watch reads events until the context ends, or an error comes.
func (w *streamWorld) watch(ctx context.Context, c *Client) error {
	for _, err := range c.WorkflowRunEvents(ctx, w.query()) {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestStreamsLeaveConnectionsForCalls: two of four are streams, whatever the apps, and a third is refused at once.
func TestStreamsLeaveConnectionsForCalls(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ connections, streams, want int }{{0, 0, 2}, {4, 3, 3}, {4, 9, 3}, {2, 2, 1}, {1, 2, 0}} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newStreamWorld(t)
				pool := w.network.pool(t)
				options := Options{APIKey: "app-a", ConnectionsPerServer: test.connections, StreamsPerServer: test.streams}
				client := poolClient(t, pool, options)
				other := poolClient(t, pool, Options{BaseURL: "http://dify.test/v1/", APIKey: "app-b", ConnectionsPerServer: test.connections, StreamsPerServer: test.streams})
				ctx, cancel := context.WithCancel(t.Context())
				var streams sync.WaitGroup
				for range test.want {
					streams.Go(func() { _ = w.watch(ctx, client) })
				}
				synctest.Wait()
				if got := w.dify.OpenStreams(); got != test.want {
					t.Errorf("%d streams are open, want %d", got, test.want)
				}
				for _, c := range []*Client{client, other} {
					if err := w.watch(ctx, c); !IsStreamsInUse(err) {
						t.Errorf("one more: %v", err)
					}
				}
				if _, err := client.Info(ctx); err != nil {
					t.Errorf("a call beside them: %v", err)
				}
				if most := w.places.Most(); most > test.want+1 {
					t.Errorf("%d places were taken", most)
				}
				cancel()
				streams.Wait()
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if streams, places := w.dify.OpenStreams(), w.places.Open(); streams != 0 || places != 0 {
					t.Errorf("%d streams and %d places are left", streams, places)
				}
			})
		})
	}
}

// TestAStreamThatNobodyReadsIsClosedAtOnce, and its place is free for the next.
func TestAStreamThatNobodyReadsIsClosedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newStreamWorld(t)
		client := poolClient(t, w.network.pool(t), Options{APIKey: "app-a", StreamsPerServer: 1})
		for range 20 {
			for _, err := range client.WorkflowRunEvents(t.Context(), w.query()) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			synctest.Wait()
			if streams, places := w.dify.OpenStreams(), w.places.Open(); streams != 0 || places != 0 {
				t.Fatalf("%d streams and %d places are left", streams, places)
			}
		}
		if got := w.dify.Calls(difytest.EventsRoute); got != 20 {
			t.Errorf("%d requests, want 20", got)
		}
	})
}

// TestAStreamWaitsForItsTurn as a call does, and tells nothing of the app when it is cut.
func TestAStreamWaitsForItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newStreamWorld(t)
		client := poolClient(t, w.network.pool(t), Options{APIKey: "app-a", ConnectionsPerServer: 2, Resilience: Resilience{Breaker: true, Retries: 3}})
		w.dify.FailNext(difytest.Delay(5*time.Second), difytest.Delay(5*time.Second), difytest.CutEvents(2))
		for range 2 {
			go func() { _, _ = client.Info(t.Context()) }()
		}
		synctest.Wait()
		began := time.Now()
		if err := w.watch(t.Context(), client); !IsNotWhole(err) || time.Since(began) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if got := w.dify.Calls(difytest.EventsRoute); got != 1 || client.Stats().Breaker != BreakerClosed || client.Stats().Retries != 0 {
			t.Errorf("%d requests, %+v", got, client.Stats())
		}
	})
}

// TestWatchingNeverChangesDifysUsers: whoever the log shows, no end user is made and none becomes another.
func TestWatchingNeverChangesDifysUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newStreamWorld(t)
		w.app.Insert(
			difytest.Row{EndUser: &difytest.EndUser{Type: "browser", SessionID: "web"}, Run: &difytest.Run{Status: difytest.StatusRunning}},
			difytest.Row{Account: &difytest.Account{Email: "m@example.com"}, Run: &difytest.Run{Status: difytest.StatusRunning}},
		)
		client := poolClient(t, w.network.pool(t), Options{APIKey: "app-a"})
		page, err := client.WorkflowLogs(t.Context(), LogQuery{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, _ = client.WorkflowRunSnapshot(ctx, RunEventsQuery{RunID: row.WorkflowRun.ID.String(), EndUser: row.CreatedByEndUser})
			cancel()
		}
		if got := w.dify.Calls(difytest.EventsRoute); got != 1 {
			t.Errorf("%d streams were asked for, want one of bob's", got)
		}
		types := map[string]string{}
		for _, user := range w.app.EndUsers() {
			types[user.SessionID] = user.Type
		}
		for _, row := range w.app.Rows() {
			if row.EndUser != nil {
				types[row.EndUser.SessionID] += " " + row.EndUser.Type
			}
		}
		if want := fmt.Sprint(map[string]string{"bob": "service-api service-api", "web": "browser browser"}); fmt.Sprint(types) != want {
			t.Errorf("profiles and rows have the types %v, want %s", types, want)
		}
	})
}

// TestASnapshotIsReadAlone, and its place is free after it.
func TestASnapshotIsReadAlone(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault *difytest.Fault
		after time.Duration // from the run's start
		want  int           // events
		takes time.Duration
		is    func(error) bool
	}{
		"in the middle":      {nil, 5 * time.Second, 4, time.Second, nil},
		"before an event":    {nil, 500 * time.Millisecond, 2, 500 * time.Millisecond, nil},
		"after the end":      {nil, 2 * time.Hour, 1, 0, nil},
		"that does not come": {difytest.StallEvents(0), 5 * time.Second, 0, 10 * time.Second, IsTimeout},
		"that is cut":        {difytest.CutEvents(2), 5 * time.Second, 0, 0, IsNotWhole},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newStreamWorld(t)
				client := poolClient(t, w.network.pool(t), Options{APIKey: "app-a"})
				time.Sleep(test.after)
				w.dify.FailNext(test.fault)
				began := time.Now()
				events, err := client.WorkflowRunSnapshot(t.Context(), w.query())
				if len(events) != test.want || time.Since(began) != test.takes || (err != nil) != (test.is != nil) || err != nil && !test.is(err) {
					t.Errorf("%d events and %v after %v", len(events), err, time.Since(began))
				}
				synctest.Wait()
				if streams := w.dify.OpenStreams(); streams != 0 {
					t.Errorf("%d streams are left", streams)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
				defer cancel()
				<-ctx.Done()
				if _, err := client.WorkflowRunSnapshot(ctx, w.query()); ctx.Err() == nil || err == nil || IsTimeout(err) {
					t.Errorf("of a caller who is gone: %v", err)
				}
			})
		})
	}
}
