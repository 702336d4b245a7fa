package live

import (
	"context"
	"iter"
	"sync"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/internal/rescue"
)

// Dify is where a run is.
type Dify interface {
	// Find returns the run and, where the log has it, its entry; nil if the app has no such run.
	Find(ctx context.Context) (*Found, error)
	// Detail returns how the run stands now.
	Detail(ctx context.Context) (*difyapi.WorkflowRunDetail, error)
	// Events is [difyapi.Client.WorkflowRunEvents], and Snapshot [difyapi.Client.WorkflowRunSnapshot].
	Events(ctx context.Context, q difyapi.RunEventsQuery) iter.Seq2[difyapi.RunEvent, error]
	Snapshot(ctx context.Context, q difyapi.RunEventsQuery) ([]difyapi.RunEvent, error)
}

// Found is a run as it stands.
type Found struct {
	Run *difyapi.WorkflowRunDetail
	// Entry tells who started it; nil where the log has none, as of a run in the debugger.
	Entry *difyapi.WorkflowLog
}

// Key tells runs apart.
type Key struct {
	// Identity stands for base URL and API key of the app, see [difyapi.Client.Identity].
	Identity string
	Run      uuid.UUID
}

// Options of [New].
type Options struct {
	// WatchAll says that runs of all end users are watched: Dify changes what it stores of those of another type than service-api.
	WatchAll bool
}

// Runs are those that somebody watches. It is safe for concurrent use.
type Runs struct {
	ctx     context.Context //nolint:containedctx // of all that is watched
	end     context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	options Options
	watched map[Key]*run
}

// New has nothing watched. It is to be closed.
func New(o Options) *Runs {
	r := &Runs{options: o, watched: make(map[Key]*run)}
	r.ctx, r.end = context.WithCancel(context.Background())
	return r
}

// Configure is for runs that are watched from now on.
func (r *Runs) Configure(o Options) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.options = o
}

// Close ends all streams. Watchers are told nothing more.
func (r *Runs) Close() {
	r.end()
	r.running.Wait()
}

// Watching is how many runs are watched.
func (r *Runs) Watching() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.watched)
}

// Watch begins to watch a run, or joins those who do: then dify is not used.
func (r *Runs) Watch(key Key, dify Dify) *Watcher {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := &Watcher{woken: make(chan struct{}, 1)}
	if known := r.watched[key]; known != nil && known.join(w) {
		return w
	}
	ctx, stop := context.WithCancel(r.ctx)
	began := &run{key: key, dify: dify, watchAll: r.options.WatchAll, watchers: make(map[*Watcher]bool), stop: stop}
	r.watched[key] = began
	began.leave = func() { r.forget(began) }
	began.join(w)
	r.running.Go(func() {
		began.end(rescue.Call(func() error { return began.watch(ctx) }))
		r.forget(began)
	})
	return w
}

// forget ends what nobody watches any more, or what is over. Who comes later begins anew.
func (r *Runs) forget(gone *run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.watched[gone.key] == gone && gone.isOver() {
		delete(r.watched, gone.key)
	}
}
