package progress_test

import (
	"context"
	"fmt"
	"iter"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/live/progress"
)

// TestWatchedExecutionsAreThoseThatDifyRan, of runs that difytest plays: whenever one subscribes, over streams that are cut and fall
// silent, less what Dify dropped at the seam and no snapshot showed.
func TestWatchedExecutionsAreThoseThatDifyRan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := &watchedRun{script: drawScript(r), settles: rapid.Bool().Draw(r, "settles"), loses: rapid.IntRange(0, 2).Draw(r, "loses")}
		w.subscribes = time.Duration(rapid.IntRange(0, 60_000).Draw(r, "subscribes")) * time.Millisecond
		for range rapid.IntRange(0, 3).Draw(r, "cuts") {
			w.cuts = append(w.cuts, difytest.CutEvents(rapid.IntRange(1, 12).Draw(r, "cut")))
		}
		synctest.Test(t, w.watch)
		if diff := cmp.Diff(w.want(), w.heard.ends); diff != "" || w.failure != "" || !w.heard.ended {
			r.Fatalf("%s; ended %t, executions (-run +told):\n%s", w.failure, w.heard.ended, diff)
		}
	})
}

// TestASecondSnapshotSettlesWhatWasLost at the seam, long before the run ends.
func TestASecondSnapshotSettlesWhatWasLost(t *testing.T) {
	t.Parallel()
	for settles, want := range map[bool]string{true: "succeeded", false: "unknown"} {
		w := &watchedRun{settles: settles, loses: 1, subscribes: time.Second, script: difytest.Script{Nodes: difytest.Sequence(
			difytest.ScriptNode{NodeID: "a", Lasts: 1100 * time.Millisecond}, difytest.ScriptNode{NodeID: "b", Lasts: time.Minute},
		)}}
		synctest.Test(t, w.watch)
		if got := w.heard.ends[w.executions[0].ID]; got != want || w.failure != "" {
			t.Errorf("settled %t: told %s, want %s; %s", settles, got, want, w.failure)
		}
	}
}

func drawScript(t *rapid.T) (script difytest.Script) {
	for i := range rapid.IntRange(1, 6).Draw(t, "nodes") {
		begins := time.Duration(rapid.IntRange(0, 30_000).Draw(t, "begins")) * time.Millisecond
		lasts := time.Duration(rapid.SampledFrom([]int{0, 20, 400, 9_000, 400_000}).Draw(t, "lasts")) * time.Millisecond
		script.Nodes = append(script.Nodes, difytest.ScriptNode{NodeID: fmt.Sprint("n", i), Begins: begins, Lasts: lasts, Retries: i % 2})
	}
	if rapid.Bool().Draw(t, "pauses") { // when all is over
		at := 0 * time.Second
		for _, n := range script.Nodes {
			at = max(at, n.Begins+n.Lasts)
		}
		lasts := time.Duration(rapid.SampledFrom([]int{1, 30, 700}).Draw(t, "waits")) * time.Second
		script.Pauses = []difytest.ScriptPause{{NodeID: "human", At: at + time.Second, Lasts: lasts}}
	}
	return script
}

// watchedRun is a run that is watched as by a server, in a bubble.
type watchedRun struct {
	script     difytest.Script
	subscribes time.Duration // after the run began
	settles    bool          // by a second snapshot
	loses      int
	cuts       []*difytest.Fault

	mu         sync.Mutex
	run        progress.Run
	heard      *listener
	failure    string
	executions []difytest.ScriptNode
	lost       []difytest.Lost
	streams    []streamed
}

// streamed is when a stream was read, since the run began.
type streamed struct {
	from, to time.Duration
	ended    bool // and not cut
}

// Fatalf keeps the first failure, for after the bubble.
func (w *watchedRun) Fatalf(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
	}
}

// watch reads streams until the run ends: another one where one ends before.
func (w *watchedRun) watch(t *testing.T) {
	t.Helper()
	dify := difytest.New(difytest.Options{LoseAtSeam: w.loses})
	client := serve(t, dify)
	app := dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-a"})
	row := app.Play(difytest.Row{EndUser: &difytest.EndUser{Type: "service-api", SessionID: "bob"}}, w.script)
	began := time.Now()
	query := difyapi.RunEventsQuery{
		RunID: row.Run.ID.String(), EndUser: &difyapi.EndUser{Type: "service-api", SessionID: new("bob")}, Snapshot: true, ContinueOnPause: true,
	}
	w.heard, w.executions = newListener(w), app.Executions(row.Run.ID)
	time.Sleep(w.subscribes)
	dify.FailNext(w.cuts...)
	var beside sync.WaitGroup
	for !w.run.Ended() && w.failure == "" {
		if w.settles {
			beside.Go(func() { w.settle(t.Context(), client, query) })
		}
		from := time.Since(began)
		w.read(client.WorkflowRunEvents(t.Context(), query))
		w.streams = append(w.streams, streamed{from, time.Since(began), w.run.Ended()})
		time.Sleep(time.Second)
	}
	beside.Wait()
	w.lost = dify.LostAtSeam()
}

func (w *watchedRun) read(events iter.Seq2[difyapi.RunEvent, error]) {
	for event, err := range events {
		switch {
		case err == nil:
			w.hear(func() []difyapi.RunEvent { return w.run.Take(event) })
		case !difyapi.IsSilent(err) && !difyapi.IsNotWhole(err) && !difyapi.IsStreamsInUse(err):
			w.Fatalf("the stream ended: %v", err)
		}
	}
}

func (w *watchedRun) settle(ctx context.Context, client *difyapi.Client, query difyapi.RunEventsQuery) {
	time.Sleep(time.Second)
	if snapshot, err := client.WorkflowRunSnapshot(ctx, query); err == nil {
		w.hear(func() []difyapi.RunEvent { return w.run.Settle(snapshot) })
	}
}

func (w *watchedRun) hear(take func() []difyapi.RunEvent) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, event := range take() {
		w.heard.hear(event)
	}
}

// want is how the executions ended; as they were told to, where Dify may have told no more.
func (w *watchedRun) want() map[uuid.UUID]string {
	want := map[uuid.UUID]string{}
	for _, e := range w.executions {
		told := w.heard.ends[e.ID]
		switch {
		case w.shows(e, e.Begins+e.Lasts, "node_finished") || told == e.Status:
			want[e.ID] = e.Status
		case w.shows(e, e.Begins, "node_started") || told != "":
			want[e.ID] = "unknown"
		}
	}
	return want
}

// shows tells whether a stream tells of what an execution does at a time, by its snapshot or live.
func (w *watchedRun) shows(e difytest.ScriptNode, at time.Duration, event string) bool {
	end := time.Duration(0)
	for _, each := range w.executions {
		end = max(end, each.Begins+each.Lasts)
	}
	dropped := slices.ContainsFunc(w.lost, func(l difytest.Lost) bool { return l.Execution == e.ID && l.Event == event })
	return slices.ContainsFunc(w.streams, func(s streamed) bool {
		inSnapshot := at <= s.from && s.from < end && s.to > s.from
		live := s.from < at && s.from < end && (at < s.to || s.ended)
		return inSnapshot || live && !dropped
	})
}

// serve makes a client of the server, over connections in memory.
func serve(t *testing.T, dify http.Handler) *difyapi.Client {
	t.Helper()
	network := &memory{arriving: make(chan net.Conn), closed: make(chan struct{})}
	server := &http.Server{Handler: dify, ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(network) })
	transport := difyapi.NewTransport()
	transport.DialContext = network.dial
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		serving.Wait()
	})
	client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-a", Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// memory is a network without sockets, so that time in a bubble goes on.
type memory struct {
	arriving chan net.Conn
	closed   chan struct{}
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.arriving <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept returns the next connection.
func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.arriving:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (m *memory) Close() error {
	close(m.closed)
	return nil
}

// Addr is nowhere.
func (m *memory) Addr() net.Addr { return &net.UnixAddr{Name: "memory"} }
