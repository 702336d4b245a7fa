package loader

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/graph-gophers/dataloader/v7"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/internal/rescue"
)

// batchWait is how long a question waits for others that one call can answer. Resolvers of one list's rows ask well within it.
const batchWait = time.Millisecond

// Loaders are those of one operation. They are safe for concurrent use.
type Loaders struct {
	upstream *Upstream
	ctx      context.Context // the operation's: a batch must not end with its first caller
	budget   budget
	oneList  bool // no two questions are for the same window, so none needs to wait for a batch
	mu       sync.Mutex
	byApp    map[string]*appLoaders
}

// appLoaders are an app's own, so that a slow app holds up no other.
type appLoaders struct {
	logs     *awaited[difyapi.LogQuery, *windowAnswer]
	info     *awaited[struct{}, *difyapi.AppInfo]
	runs     *awaited[uuid.UUID, *difyapi.WorkflowRunDetail]
	endUsers *awaited[uuid.UUID, *difyapi.EndUserProfile]
	counted  sync.Map // ids of runs whose requests a list has counted
}

type contextKey struct{}

// Attach gives an operation of the context's caller ([difyapi.WithCaller]) loaders of its own. It is called once for each response,
// not for each connection. The returned context ends when done is called, or when Dify's answers are together larger than the
// operation or all operations may hold; then its cause has the code code.CostLimitExceeded or code.Overloaded. done gives back
// what the operation held, but for the bytes of its own answer: it takes their number, and they are held until ctx ends, because
// they still have to be sent.
func (u *Upstream) Attach(ctx context.Context, a Allowance) (_ context.Context, done func(answer int)) {
	l := &Loaders{upstream: u, byApp: make(map[string]*appLoaders)}
	a.Calls += a.Extra
	l.budget.limit, l.budget.pool, l.budget.left = u.options.OperationBytes, u.pool, a
	l.budget.caller = difyapi.CallerOf(ctx)
	whole := ctx
	ctx = difyapi.WithAllowance(difyapi.WithOperation(ctx, l), func() bool { return l.budget.request(true) })
	ctx, l.budget.end = context.WithCancelCause(ctx)
	l.ctx = context.WithValue(ctx, contextKey{}, l)
	return l.ctx, func(answer int) {
		l.budget.end(context.Canceled)
		l.budget.close(int64(answer))
		context.AfterFunc(whole, func() { u.pool.giveBack(l.budget.caller, int64(answer)) })
	}
}

// ExpectOneList says that the operation has only one list, so that no question for a window waits for others like it. It is called
// before any list is read.
func (l *Loaders) ExpectOneList() { l.oneList = true }

// For returns the operation's loaders.
func For(ctx context.Context) *Loaders {
	return ctx.Value(contextKey{}).(*Loaders)
}

// Logs answers a question for a window. Windows on page 1 that differ only in their limit become the largest, unless
// fresh is asked for: then Dify is asked in any case.
func (l *Loaders) Logs(ctx context.Context, app string, q difyapi.LogQuery, fresh bool) (*difyapi.LogPage, int, error) {
	if fresh {
		resume, err := suspend(withApp(ctx, app))
		if err != nil {
			return nil, 0, err
		}
		defer resume()
		ctx := difyapi.WithAllowance(difyapi.WithMeter(ctx, l.budget.take), l.budget.call())
		page, err := l.upstream.askLogs(ctx, app, q)
		sent := requests(page, err)
		page, err = unlessEnded(ctx, page, err)
		return page, sent, err
	}
	if l.oneList {
		var answer windowAnswer
		answer.ask(ctx, l.upstream, app, q)
		page, err := unlessEnded(ctx, answer.page, answer.err)
		return page, int(answer.sent.Load()), err
	}
	answer, err := l.of(app).logs.await(ctx, l.ctx, q)
	if err != nil {
		return nil, 0, err
	}
	return answer.page, int(answer.sent.Swap(0)), answer.err
}

// Info returns what Dify tells of an app.
func (l *Loaders) Info(ctx context.Context, app string) (*difyapi.AppInfo, error) {
	return l.of(app).info.await(ctx, l.ctx, struct{}{})
}

// LastInfo returns what Dify said of an app last, in this operation or an earlier one, without asking; nil if it said nothing.
func (l *Loaders) LastInfo(app string) *difyapi.AppInfo {
	return l.upstream.lastInfos.of(l.upstream.clients[app].Identity())
}

// Run returns what Dify tells of a run. Servers before 1.7.0 tell it of every app's runs: see [Loaders.Version].
func (l *Loaders) Run(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	return l.of(app).runs.await(ctx, l.ctx, id)
}

// RunNow returns what Dify tells of a run now, whatever is kept of it.
func (l *Loaders) RunNow(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	resume, err := suspend(withApp(ctx, app))
	if err != nil {
		return nil, err
	}
	defer resume()
	ctx = difyapi.WithAllowance(difyapi.WithMeter(ctx, l.budget.take), l.budget.call())
	run, err := l.upstream.askRun(ctx, app, id)
	return unlessEnded(ctx, run, err)
}

// EndUser returns the profile of an end user.
func (l *Loaders) EndUser(ctx context.Context, app string, id uuid.UUID) (*difyapi.EndUserProfile, error) {
	return l.of(app).endUsers.await(ctx, l.ctx, id)
}

// Runs returns what Dify tells of runs that the app's log has, in the order asked; nil where Dify no longer has one, or can't show
// it: then unreadable is true. sent is how many requests that took, but for those that a list of the operation has counted.
func (l *Loaders) Runs(ctx context.Context, app string, ids []uuid.UUID) (runs []*difyapi.WorkflowRunDetail, sent int, unreadable bool, err error) {
	l.ExpectRuns(app, ids)
	runs = make([]*difyapi.WorkflowRunDetail, len(ids))
	for i, id := range ids {
		run, err := l.Run(ctx, app, id)
		sent += l.of(app).count(id, run, err)
		unreadable = unreadable || difyapi.IsUnreadable(err)
		if err != nil && !difyapi.IsNotFound(err) && !difyapi.IsUnreadable(err) {
			return nil, sent, unreadable, err
		}
		runs[i] = run
	}
	return runs, sent, unreadable, nil
}

// count is how many requests a run took, the first time that it is asked.
func (a *appLoaders) count(id uuid.UUID, run *difyapi.WorkflowRunDetail, err error) int {
	if _, counted := a.counted.LoadOrStore(id, true); counted {
		return 0
	}
	if failure, ok := asFailure(err); ok {
		return failure.Requests
	}
	if run == nil {
		return 0 // the caller is gone
	}
	return run.Requests
}

// ExpectRuns asks for runs that are wanted soon, all at once and without waiting for more.
func (l *Loaders) ExpectRuns(app string, ids []uuid.UUID) { expect(l.ctx, l.of(app).runs, ids) }

// ExpectEndUsers asks for profiles that are wanted soon, all at once and without waiting for more.
func (l *Loaders) ExpectEndUsers(app string, ids []uuid.UUID) { expect(l.ctx, l.of(app).endUsers, ids) }

func expect[K comparable, V any](ctx context.Context, loader *awaited[K, V], keys []K) {
	for _, key := range keys {
		loader.Load(ctx, key)
	}
	loader.Flush()
}

// Extra counts the next call among those that were not foreseen ([Allowance]), so that the foreseen ones can still be made. It is
// false where the operation may make no more of them.
func (l *Loaders) Extra() bool { return l.budget.extra() }

// Hold counts bytes that the operation makes of Dify's answers, like those of the answers themselves.
func (l *Loaders) Hold(bytes int) { l.budget.take(bytes) }

// Write makes room in the operation's own answer for so many bytes. Its errors have the code code.CostLimitExceeded where the
// answer would be too large, and code.Overloaded where all operations hold as much as they may.
func (l *Loaders) Write(bytes int) error { return l.budget.write(int64(bytes)) }

// Taken is what an operation has taken so far.
type Taken struct {
	// Requests to Dify. What a cache or another operation's request has answered counts as if it had been sent; what was sent
	// again, or asked for a version, counts too.
	Requests int
	// Unsent is how many calls have waited for Dify, or still do, without any request.
	Unsent int
	// AnswerBytes is for how many bytes of its answer there was room.
	AnswerBytes int64
}

// Taken is what the operation has taken so far.
func (l *Loaders) Taken() Taken {
	l.budget.mu.Lock()
	defer l.budget.mu.Unlock()
	return Taken{Requests: l.budget.sent, Unsent: l.budget.waiting, AnswerBytes: l.budget.written}
}

// Version returns the version of the app's Dify, which it asks for if need be; zero if the server hides it, or gives no answer:
// what the caller wants the version for will report that. Errors are those of the context, and of waiting that is refused.
func (l *Loaders) Version(ctx context.Context, app string) (difyapi.Version, error) {
	client := l.upstream.clients[app]
	if v, settled := client.SettledVersion(); settled {
		return v, nil
	}
	if _, err := l.Info(ctx, app); err != nil && (ctx.Err() != nil || difyapi.IsOverloaded(err)) {
		return difyapi.Version{}, err
	}
	return client.Version(), nil
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
		u := l.upstream
		l.byApp[app] = &appLoaders{
			logs:     newLoader((&windows{upstream: u, app: app}).answer),
			info:     newLoader(each(app, u.info)),
			runs:     newLoader(each(app, u.run)),
			endUsers: newLoader(each(app, u.endUser)),
		}
	}
	return l.byApp[app]
}

func newLoader[K comparable, V any](batch dataloader.BatchFunc[K, V]) *awaited[K, V] {
	return &awaited[K, V]{Loader: dataloader.NewBatchedLoader(batch, dataloader.WithWait[K, V](batchWait)), byKey: map[K]*pending[V]{}}
}

// each is the batch function that answers each key by a call of its own, side by side, with its value or its own error.
func each[K comparable, V any](app string, call func(context.Context, string, K) (V, error)) dataloader.BatchFunc[K, V] {
	return func(ctx context.Context, keys []K) []*dataloader.Result[V] {
		results := make([]*dataloader.Result[V], len(keys))
		var calls sync.WaitGroup
		for i, key := range keys {
			calls.Go(func() {
				result := new(dataloader.Result[V])
				result.Error = rescue.Call(func() (err error) {
					result.Data, err = call(ctx, app, key)
					return err
				})
				results[i] = result
			})
		}
		calls.Wait()
		return results
	}
}
