// Package graph is the schema and its resolvers, which gqlgen calls. Resolvers translate arguments and say where an answer
// comes from; what rows a page has is decided in graph/feed, what is asked of Dify once in graph/loader, and how rows are written
// in graph/render.
//
// Where a new field, filter, endpoint or error code goes is in docs/architecture.md.
package graph

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/documents"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/follow"
	"github.com/difygraph/difygraph/graph/generated"
	"github.com/difygraph/difygraph/graph/live"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/render"
	"github.com/difygraph/difygraph/graph/viewer"
)

// Resolver is the root of all resolvers.
type Resolver struct {
	// Upstream has the apps' Difys.
	Upstream *loader.Upstream
	// Runs are those that are watched.
	Runs *live.Runs
	// Logs are those that are followed.
	Logs   *follow.Hub
	Limits Limits
	// HideSchema keeps the schema from gateways, too: nobody has shown who they are.
	HideSchema bool
	// Admit says whether an operation may be executed now that is foreseen to cost so much; by a [*RetryError] if not. So it does
	// for the start of a subscription, and for each of its events. It is
	// executed under the context that is returned. leave is called once it has been, with what it took. All are admitted if it
	// is nil.
	Admit func(ctx context.Context, foreseen int) (admitted context.Context, leave func(spent int), err error)

	apps      []*model.DifyApp
	byKey     map[string]*model.DifyApp
	described func() *described
	rows      *render.Renderer
	prices    documents.Notes[prices]
}

// Limits bound what a page may take.
type Limits struct {
	// ScanCalls is how many calls per stream a page with filters of our own may take, at least 1.
	ScanCalls int
	// ScanDetails is how many runs a page with a keyword longer than Dify compares may look at, at least 1.
	ScanDetails int
	// AppTimeout is the most that a list may be told to wait for an app.
	AppTimeout time.Duration
	// Price is what an operation may be foreseen to cost, and may cost, at most: 10 for each request to Dify that it can cause,
	// 1 for each row.
	Price int
	// Deadline is how long an operation may take; no limit if 0.
	Deadline time.Duration
}

// NewResolver makes the root for apps in the order in which they are shown. Their keys are those of the upstream's clients.
func NewResolver(apps []*model.DifyApp, upstream *loader.Upstream, limits Limits) *Resolver {
	r := &Resolver{Upstream: upstream, Limits: limits, apps: apps, byKey: make(map[string]*model.DifyApp)}
	r.described = sync.OnceValue(func() *described { return describe(Schema()) })
	for _, app := range apps {
		r.byKey[app.Key] = app
	}
	r.rows = render.New(Schema(), generated.NewObjects(generated.Config{Resolvers: r}), r.byKey)
	r.rows.Expect, r.rows.Room = expectChildren, renderRows
	if upstream.Shares() {
		r.rows.Keep(keptTexts)
	}
	return r
}

// keptTexts bounds the lists that are kept as they were written, in bytes. The pages that they show are kept beside them.
const keptTexts = 16 << 20

// FieldByField leaves rows to gqlgen, to hold the renderer against it. It is to be called before the first operation.
func (r *Resolver) FieldByField() { r.rows.Ordinary = true }

// app is the app of a key, if it is there for the viewer; else nil. Whether it is configured is not to be told apart.
func (r *Resolver) app(ctx context.Context, key string) *model.DifyApp {
	if !viewer.MayRead(ctx, key) {
		return nil
	}
	return r.byKey[key]
}

// appsOf are the apps that are there for the viewer, in the order of the configuration.
func (r *Resolver) appsOf(ctx context.Context) []*model.DifyApp {
	apps := make([]*model.DifyApp, 0, len(r.apps))
	for _, app := range r.apps {
		if viewer.MayRead(ctx, app.Key) {
			apps = append(apps, app)
		}
	}
	return apps
}

// viewer is the caller, as the caller may see it.
func (r *Resolver) viewer(ctx context.Context) *model.DifygraphViewer {
	return &model.DifygraphViewer{Name: viewer.Name(ctx), Scopes: viewer.ScopesOf(ctx), Apps: r.appsOf(ctx)}
}

// name is the configured one, else Dify's.
func name(ctx context.Context, app *model.DifyApp) (*string, error) {
	if app.ConfiguredName != "" {
		return &app.ConfiguredName, nil
	}
	return info(ctx, app, "name", func(i *appInfo) *string { return i.Name })
}

// info is a field of what Dify tells of an app, which Dify calls by the member's name.
func info[T any](ctx context.Context, app *model.DifyApp, member string, field func(*appInfo) T) (v T, err error) {
	if err := fields.Needs(ctx); err != nil {
		return v, err
	}
	info, err := tell(ctx, app)
	if err != nil {
		return v, err
	}
	return model.Readable(app, field(info), info.Unreadable, member)
}

// tell is what Dify tells of an app. Of one that a list could not read it is what Dify said last; one that did not answer the
// list is not waited for again.
func tell(ctx context.Context, app *model.DifyApp) (*appInfo, error) {
	l := loader.For(ctx)
	if app.Failure != nil {
		if last := l.LastInfo(app.Key); last != nil {
			return last, nil
		}
		if difyapi.IsTimeout(app.Failure) || errors.Is(app.Failure, feed.ErrAppTimeout) {
			return nil, app.Failure
		}
	}
	info, err := l.Info(ctx, app.Key)
	if err != nil {
		return nil, atApp(app, err)
	}
	return info, nil
}

// version is nil where a proxy hides it. Where nothing has told it yet, the answer to the app's other fields does, even one
// that is an error of Dify's.
func version(ctx context.Context, app *model.DifyApp) (*string, error) {
	l := loader.For(ctx)
	var err error
	if l.ToldVersion(app.Key).IsZero() {
		_, err = tell(ctx, app)
	}
	switch v := l.ToldVersion(app.Key); {
	case !v.IsZero():
		return new(v.String()), nil
	default:
		return nil, err
	}
}
