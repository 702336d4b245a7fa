package loader

import (
	"context"
	"sync"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/difygraph/difygraph/difyapi"
)

// batchWait is how long a list waits for its like. What is asked for by one resolver of many comes well within it.
const batchWait = time.Millisecond

// Loaders are those of one operation. They are safe for concurrent use.
type Loaders struct {
	upstream *Upstream
	ctx      context.Context // the operation's: a batch must not end with its first caller
	mu       sync.Mutex
	byApp    map[string]*appLoaders
}

// appLoaders are an app's own, so that a slow app holds up no other.
type appLoaders struct {
	logs *dataloader.Loader[difyapi.LogQuery, *windowAnswer]
	info *dataloader.Loader[struct{}, *difyapi.AppInfo]
}

type contextKey struct{}

// Attach gives an operation loaders of its own. To be called once per response, not per connection.
func (u *Upstream) Attach(ctx context.Context) context.Context {
	l := &Loaders{upstream: u, byApp: make(map[string]*appLoaders)}
	l.ctx = context.WithValue(ctx, contextKey{}, l)
	return l.ctx
}

// For returns the operation's loaders.
func For(ctx context.Context) *Loaders {
	return ctx.Value(contextKey{}).(*Loaders)
}

// Logs answers a question for a window. Windows on page 1 that differ only in their limit become the largest, unless
// fresh is asked for: then Dify is asked in any case.
func (l *Loaders) Logs(ctx context.Context, app string, q difyapi.LogQuery, fresh bool) (*difyapi.LogPage, int, error) {
	if fresh {
		page, err := l.upstream.clients[app].WorkflowLogs(ctx, q)
		return page, 1, err
	}
	answer, err := await(ctx, l.of(app).logs.Load(l.ctx, q)) //nolint:contextcheck // the batch lives as long as the operation
	if err != nil {
		return nil, 0, err
	}
	return answer.page, int(answer.sent.Swap(0)), answer.err
}

// Info returns what Dify tells of an app.
func (l *Loaders) Info(ctx context.Context, app string) (*difyapi.AppInfo, error) {
	return await(ctx, l.of(app).info.Load(l.ctx, struct{}{})) //nolint:contextcheck // the batch lives as long as the operation
}

// Version returns the version of the app's Dify, which it asks for if need be; zero if the server hides it.
func (l *Loaders) Version(ctx context.Context, app string) (difyapi.Version, error) {
	return l.upstream.clients[app].KnownVersion(ctx)
}

// ToldVersion returns the version that the app's Dify has told, or else the configured one, without asking; zero if there
// is neither.
func (l *Loaders) ToldVersion(app string) difyapi.Version {
	return l.upstream.clients[app].Version()
}

func (l *Loaders) of(app string) *appLoaders {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byApp[app] == nil {
		l.byApp[app] = &appLoaders{
			logs: dataloader.NewBatchedLoader(l.upstream.windows(app), dataloader.WithWait[difyapi.LogQuery, *windowAnswer](batchWait)),
			info: dataloader.NewBatchedLoader(l.upstream.appInfo(app), dataloader.WithWait[struct{}, *difyapi.AppInfo](batchWait)),
		}
	}
	return l.byApp[app]
}

// await waits for a thunk no longer than its caller lives. The thunk itself listens to the operation's context alone.
func await[V any](ctx context.Context, thunk dataloader.Thunk[V]) (V, error) {
	type result struct {
		value V
		err   error
	}
	done := make(chan result, 1)
	go func() {
		v, err := thunk()
		done <- result{v, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}

func (u *Upstream) appInfo(app string) dataloader.BatchFunc[struct{}, *difyapi.AppInfo] {
	return func(ctx context.Context, _ []struct{}) []*dataloader.Result[*difyapi.AppInfo] {
		info, err := u.info(ctx, app)
		return []*dataloader.Result[*difyapi.AppInfo]{{Data: info, Error: err}}
	}
}
