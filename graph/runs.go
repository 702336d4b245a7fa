package graph

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
)

type (
	listedRun = difyapi.WorkflowRun
	runDetail = difyapi.WorkflowRunDetail
)

// run finds a run by Dify's id; nil if the app has none. A server that shows runs of every app to every key is not asked for
// a run that this app's own log has not shown.
func (r *Resolver) run(ctx context.Context, app *model.DifyApp, id uuid.UUID) (*model.WorkflowRun, error) {
	l := loader.For(ctx)
	version, err := l.Version(ctx, app.Key)
	if err != nil {
		return nil, atApp(app, err)
	}
	if version.ScopesWorkflowRuns() {
		detail, err := r.detail(ctx, app, id)
		if err != nil || detail == nil {
			return nil, err
		}
		// The server that answered may be another, and what was heard last from a third.
		if cmp.Or(detail.Receipt.Version, l.ToldVersion(app.Key)).ScopesWorkflowRuns() {
			return &model.WorkflowRun{App: app, WorkflowRun: &detail.WorkflowRun}, nil
		}
	}
	entry, err := r.entryOf(ctx, app, id, version.ScopesWorkflowRuns())
	if err != nil || entry == nil {
		return nil, err
	}
	return entry.WorkflowRun()
}

// detail is what Dify tells of a run that is known to be the app's; nil where it no longer has it. Where its failure can mean
// that there is no such run, the log knows.
func (r *Resolver) detail(ctx context.Context, app *model.DifyApp, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	detail, err := loader.For(ctx).Run(ctx, app.Key, id)
	switch {
	case err == nil:
		return detail, nil
	case difyapi.IsNotFound(err):
		return nil, nil
	case difyapi.IsPossiblyNotFound(err):
		if entry, lookErr := r.entryOf(ctx, app, id, true); lookErr == nil && entry == nil {
			return nil, nil
		}
	}
	return nil, atApp(app, err)
}

// detailed is a field that only a run's detail has.
func detailed[T any](ctx context.Context, r *Resolver, run *model.WorkflowRun, field func(*runDetail) (T, error)) (v T, err error) {
	if err := fields.Needs(ctx); err != nil {
		return v, err
	}
	detail, err := r.detail(ctx, run.App, run.UUID())
	if err == nil && detail != nil && run.Status.Final() && !detail.Status.Final() { // it was kept from before the run's end
		detail, err = loader.For(ctx).RunEnded(ctx, run.App.Key, run.UUID())
		if err != nil {
			err = atApp(run.App, err)
		}
	}
	if err != nil || detail == nil {
		return v, err
	}
	if v, err = field(detail); err != nil {
		return v, atApp(run.App, err)
	}
	return v, nil
}

// variables are a run's inputs or outputs for who may see them.
func variables(ctx context.Context, of *difyapi.Variables) (jsontext.Value, error) {
	value, err := of.Value()
	if err != nil {
		return nil, err
	}
	return shownTo(ctx, of, value)
}

// shownTo is a value that Dify has stored, without the end user's session id for who may not see it, which is looked for once,
// whatever aliases there are; and if there is room for it in the answer. of is what tells it from others.
func shownTo(ctx context.Context, of any, value jsontext.Value) (jsontext.Value, error) {
	return shown(ctx, of, value, fields.Redacted(ctx))
}

func shown(ctx context.Context, of any, value jsontext.Value, redacted bool) (jsontext.Value, error) {
	if len(value) > 0 && redacted {
		strip := sync.OnceValue(func() jsontext.Value { return difyapi.Without(value, model.UserInput) })
		known, _ := accountOf(ctx).stripped.LoadOrStore(of, strip)
		value = known.(func() jsontext.Value)()
	}
	return claim(ctx, value)
}

// listed is a field that only the log has, which Dify calls by the member's name.
func listed[T any](ctx context.Context, r *Resolver, run *model.WorkflowRun, member string, field func(*listedRun) T) (v T, err error) {
	if run.Listed {
		return model.Readable(run.App, field(run.WorkflowRun), run.Unreadable, member)
	}
	entry, err := r.entryOf(ctx, run.App, run.UUID(), false)
	if err != nil || entry == nil {
		return v, err
	}
	shown := entry.WorkflowLog.WorkflowRun
	return model.Readable(run.App, field(shown), shown.Unreadable, member)
}

// entryOf finds the log entry of a run; nil if the log does not have it, as that of a run in the debugger. Dify looks for
// a run's id in inputs and outputs, too. unforeseen says that the operation's price does not have a call for it.
func (r *Resolver) entryOf(ctx context.Context, app *model.DifyApp, run uuid.UUID, unforeseen bool) (*model.WorkflowLog, error) {
	return r.find(ctx, app, list.Filter{Keyword: new(run.String())}, unforeseen, func(row list.Row) bool {
		return row.WorkflowRun != nil && row.WorkflowRun.ID == run
	})
}

// entryOfRun is the log entry of a run, which a list has shown or has to be found; nil if the log does not have it.
func (r *Resolver) entryOfRun(ctx context.Context, run *model.WorkflowRun) (*model.WorkflowLog, error) {
	if run.Entry != nil {
		return run.Entry, nil
	}
	return r.entryOf(ctx, run.App, run.UUID(), false)
}

// entry finds a log entry by what its id says; nil if it is gone. An old id names the run too, which finds it among many.
func (r *Resolver) entry(ctx context.Context, app *model.DifyApp, id model.ID) (*model.WorkflowLog, error) {
	at := time.Unix(id.Second, 0).UTC()
	second := &list.TimeRange{Since: &at, Until: new(at.Add(time.Second))}
	same := func(row list.Row) bool { // an id that names another run was made up
		return row.WorkflowLog.ID == id.UUID && (row.WorkflowRun == nil || id.Run == uuid.Nil || row.WorkflowRun.ID == id.Run)
	}
	var entry *model.WorkflowLog
	var err error
	if id.Run != uuid.Nil {
		entry, err = r.find(ctx, app, list.Filter{CreatedAt: second, Keyword: new(id.Run.String())}, false, same)
	}
	if entry == nil && err == nil { // its run may be gone
		entry, err = r.find(ctx, app, list.Filter{CreatedAt: second}, id.Run != uuid.Nil, same)
	}
	if entry != nil {
		entry.Named = id.Run
	}
	return entry, err
}

// find reads an app's list until a row is the one that is looked for. Of its calls one is foreseen, if that.
func (r *Resolver) find(ctx context.Context, app *model.DifyApp, filter list.Filter, unforeseen bool, is func(list.Row) bool) (*model.WorkflowLog, error) {
	l, err := list.New([]string{app.Key}, false, filter, list.NewestFirst)
	if err != nil {
		return nil, err
	}
	after, whole := (*string)(nil), true
	for range findPages {
		slice, err := list.NewSlice(l, new(feed.OneCallRows), after, nil, nil)
		if err != nil {
			return nil, err
		}
		request := list.Request{List: l, Slice: slice, Rows: true, Flags: true, Unforeseen: unforeseen || after != nil}
		page, err := r.reader(ctx).Read(ctx, request)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(page.Rows, is); i >= 0 {
			return r.log(page.Rows[i]), nil
		}
		whole = whole && page.Scan.Complete()
		if !page.HasNextPage && whole {
			return nil, nil
		}
		if !page.HasNextPage {
			break
		}
		after = &page.EndCursor
	}
	return nil, atApp(app, errTooMany)
}

// findPages is how many pages a search may read.
const findPages = 10

// errTooMany is for an entry that is not found among very many of its second, or among the runs that mention its own.
var errTooMany = code.New(code.CostLimitExceeded, "the log entry was not found among the many runs of its second, or that mention its run")
