package graph

import (
	"context"
	"errors"
	"io"
	"iter"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/live"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

// watchRun resolves the events of a run.
func (r *Resolver) watchRun(ctx context.Context, key *string, id uuid.UUID) (<-chan model.WorkflowRunEvent, error) {
	if err := viewer.Needs(ctx, viewer.Logs); err != nil {
		return nil, err
	}
	app, err := r.oneApp(ctx, key)
	if err != nil {
		return nil, err
	}
	watcher := r.Runs.Watch(live.Key{Identity: r.Upstream.Identity(app.Key), Run: id}, &watchedRun{r, app, id}) //nolint:contextcheck // What is watched is of no one operation.
	next := func(ctx context.Context) (model.WorkflowRunEvent, error) {
		for {
			event, err := watcher.Next(ctx)
			if err != nil {
				return nil, watchError(app, err)
			}
			if shown := runEvent(ctx, app, event); shown != nil {
				return shown, nil
			}
		}
	}
	return subscribe(ctx, next, watcher.Close), nil
}

func watchError(app *model.DifyApp, err error) error {
	switch {
	case errors.Is(err, live.ErrNoRun):
		return &list.InputError{Argument: "uuid", Reason: err.Error()}
	case errors.Is(err, io.EOF):
		return err
	default:
		return atApp(app, err)
	}
}

// watchedRun is where package live finds a run of an app. It belongs to no operation: what it asks has loaders of its own.
type watchedRun struct {
	*Resolver

	app *model.DifyApp
	id  uuid.UUID
}

var _ live.Dify = (*watchedRun)(nil)

// What finding a run may take, beside the call that finds most: for a log with many runs that mention it, and second tries.
const (
	findExtra   = 2 * findPages
	detailExtra = 2
)

// Find looks in the log first, which knows who started the run.
func (w *watchedRun) Find(ctx context.Context) (*live.Found, error) {
	ctx, done := w.Upstream.Attach(ctx, loader.Allowance{Calls: 1, Extra: findExtra})
	defer done(0)
	entry, err := w.entryOf(ctx, w.app, w.id, false)
	if err != nil {
		return nil, err
	}
	if entry != nil {
		return &live.Found{Run: detailOf(entry.WorkflowLog.WorkflowRun), Entry: entry.WorkflowLog}, nil
	}
	run, err := w.run(ctx, w.app, w.id)
	if err != nil || run == nil {
		return nil, err
	}
	return &live.Found{Run: detailOf(run.WorkflowRun)}, nil
}

func detailOf(run *listedRun) *runDetail { return &runDetail{WorkflowRun: *run} }

// Detail is never what was kept.
func (w *watchedRun) Detail(ctx context.Context) (*difyapi.WorkflowRunDetail, error) {
	ctx, done := w.Upstream.Attach(ctx, loader.Allowance{Calls: 1, Extra: detailExtra})
	defer done(0)
	return loader.For(ctx).RunNow(ctx, w.app.Key, w.id)
}

// Events are the run's.
func (w *watchedRun) Events(ctx context.Context, q difyapi.RunEventsQuery) iter.Seq2[difyapi.RunEvent, error] {
	return w.Upstream.RunEvents(ctx, w.app.Key, q)
}

// Snapshot is the run's.
func (w *watchedRun) Snapshot(ctx context.Context, q difyapi.RunEventsQuery) ([]difyapi.RunEvent, error) {
	return w.Upstream.RunSnapshot(ctx, w.app.Key, q)
}
