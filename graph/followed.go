package graph

import (
	"context"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/follow"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
)

// followArgs are the arguments of a subscription to logs.
type followArgs struct {
	apps   []string // all that the caller may read if nil
	filter *list.Filter
	after  *string
	since  *time.Time
}

// followLogs resolves what happens in logs.
func (r *Resolver) followLogs(ctx context.Context, args followArgs) (<-chan model.WorkflowLogEvent, error) {
	if err := mayFilter(ctx, args.filter); err != nil {
		return nil, err
	}
	l, err := r.list(ctx, args.apps, args.filter, list.NewestFirst)
	if err != nil {
		return nil, err
	}
	if len(l.Apps()) == 0 {
		return nil, errNoApps
	}
	told, err := r.toldBefore(l, args)
	if err != nil {
		return nil, err
	}
	f := &followed{Resolver: r, list: l, events: r.Logs.Subscribe()}
	for _, key := range l.Apps() {
		f.events.Add(r.followedApp(key), told[key])
	}
	events := subscribe(ctx, f.next, f.events.Close)
	subscriptionOf(ctx).cursor = func() string { return writeBookmark(l.Digest(), f.before) }
	return events, nil
}

var errNoApps = code.New(code.Forbidden, "there is no app that you may read")

func (r *Resolver) followedApp(key string) follow.App {
	return follow.App{Key: key, Identity: r.Upstream.Identity(key), Server: r.Upstream.Server(key)}
}

// toldBefore is how far the caller was told of each app; nil for an app of which it knows nothing.
func (r *Resolver) toldBefore(l list.List, args followArgs) (map[string]*follow.Position, error) {
	told := make(map[string]*follow.Position)
	switch {
	case args.after != nil && *args.after != "" && args.since != nil:
		return nil, list.NewInputError("since", "not together with after")
	case args.after != nil && *args.after != "":
		positions, err := readBookmark(*args.after, l.Digest())
		if err != nil {
			return nil, err
		}
		for app, position := range positions {
			told[app] = &position
		}
	case args.since != nil:
		if args.since.After(time.Now()) {
			return nil, list.NewInputError("since", "is in the future; take the scan.asOf of a list")
		}
		for _, app := range l.Apps() {
			told[app] = new(follow.PositionAt(*args.since, r.Logs.Settle()))
		}
	}
	return told, nil
}

// followed is a subscription to logs.
type followed struct {
	*Resolver

	list   list.List
	events *follow.Subscription
	before map[string]follow.Position // what the caller was told before the event under way
}

// next waits for the next event that the caller is to be told of.
func (f *followed) next(ctx context.Context) (model.WorkflowLogEvent, error) {
	f.before = f.events.Positions()
	for {
		event, err := f.events.Next(ctx)
		if err != nil {
			return nil, err
		}
		shown, err := f.show(ctx, event)
		if err != nil || shown != nil {
			return shown, err
		}
	}
}

// show is an event as the schema has it; nil if it is none of the list.
func (f *followed) show(ctx context.Context, e follow.Event) (model.WorkflowLogEvent, error) {
	at := model.Bookmark(func() string { return writeBookmark(f.list.Digest(), f.events.Positions()) })
	switch e.Kind {
	case follow.Appeared, follow.Changed:
		return f.showRow(ctx, at, e)
	case follow.Skipped:
		if first, last := f.list.Seconds(); e.Gap.Last < first || last < e.Gap.First {
			return nil, nil
		}
		return &model.WorkflowLogsSkipped{
			Bookmark: at, Newest: f.cursor(e.Gap.Newest()), Oldest: f.cursor(e.Gap.Oldest()), Count: e.Gap.Count,
		}, nil
	case follow.Failed:
		app := *f.byKey[e.App]
		app.Failure = e.Err
		shown := Present(ctx, atApp(&app, e.Err))
		return &model.DifyAppStatusChanged{
			Bookmark: at, App: f.byKey[e.App],
			Failure: &model.AppFailure{App: &app, Code: code.OfExtensions(shown.Extensions), Message: shown.Message},
		}, nil
	default:
		return &model.DifyAppStatusChanged{Bookmark: at, App: f.byKey[e.App]}, nil
	}
}

// cursor is that of a position in the list; nil where the list has none.
func (f *followed) cursor(at list.Position) *string {
	text := list.Cursor{Digest: f.list.Digest(), Position: at}.String()
	if _, err := list.ParseCursor(text); err != nil {
		return nil
	}
	return &text
}

// showRow tells of a row that matches, or did.
func (f *followed) showRow(ctx context.Context, at model.Bookmark, e follow.Event) (model.WorkflowLogEvent, error) {
	did, does, err := f.matched(ctx, e)
	row := list.Row{Position: list.Position{Second: e.Row.CreatedAt.Unix(), ID: e.Row.ID, App: e.App}, WorkflowLog: e.Row}
	switch {
	case err != nil || !did && !does:
		return nil, err
	case did:
		return &model.WorkflowLogUpdated{Bookmark: at, Node: f.log(row), PreviousStatus: statusOf(e.Before), Matches: does}, nil
	default:
		edge := &model.WorkflowLogEdge{Node: f.log(row), Cursor: *f.cursor(row.Position)}
		return &model.WorkflowLogAdded{Bookmark: at, Edge: edge}, nil
	}
}

func statusOf(row *difyapi.WorkflowLog) *difyapi.RunStatus {
	if row == nil || row.WorkflowRun == nil {
		return nil
	}
	return &row.WorkflowRun.Status
}

// matched tells whether a row was in the list before the event, and whether it is now. Where it is not known what a row was, it is
// taken to have been in a list whose filter looks at nothing that changes, or that it is not in now.
func (f *followed) matched(ctx context.Context, e follow.Event) (did, does bool, err error) {
	filter := f.list.Filter()
	does, did = f.list.Has(e.Row), e.Kind == follow.Changed && e.Before != nil && f.list.Has(e.Before)
	if filter.Keyword != nil && (did || does) {
		run, err := f.detail(ctx, e)
		if err != nil {
			return false, false, err
		}
		did = did && run != nil && feed.HasKeyword(filter, e.Before, asStarted(run))
		does = does && run != nil && feed.HasKeyword(filter, e.Row, run)
	}
	if e.Kind == follow.Changed && e.Before == nil {
		did = !filter.Changes() || !does
	}
	return did, does, nil
}

// asStarted is a run without what it has given.
func asStarted(run *runDetail) *runDetail {
	started := *run
	started.Outputs = difyapi.Variables{}
	return &started
}

const (
	detailTries = 4
	detailPause = time.Second // after the first try, and twice as long after each further one
)

// detail is what a keyword is looked for in; nil where there is none. All subscriptions of an app share the call for it.
func (f *followed) detail(ctx context.Context, e follow.Event) (run *runDetail, err error) {
	if e.Row.WorkflowRun == nil {
		return nil, nil
	}
	for try := range detailTries {
		run, err = f.ask(ctx, e.App, e.Row.WorkflowRun)
		isOld := err == nil && e.Row.WorkflowRun.Status.Final() && !run.Status.Final() // it was under way when the run ended
		switch {
		case err == nil && (!isOld || try == detailTries-1):
			return run, nil
		case difyapi.IsNotFound(err), difyapi.IsUnreadable(err):
			return nil, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		}
		select {
		case <-time.After(detailPause << try):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, atApp(f.byKey[e.App], err)
}

func (f *followed) ask(ctx context.Context, app string, run *listedRun) (*runDetail, error) {
	ctx, done := f.Upstream.Attach(ctx, loader.Allowance{Calls: 1, Extra: detailExtra})
	defer done(0)
	if run.Status.Final() {
		return loader.For(ctx).RunEnded(ctx, app, run.ID)
	}
	return loader.For(ctx).Run(ctx, app, run.ID)
}
