package loader

import (
	"cmp"
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// keptBytes bounds what is kept of each kind of answer.
const keptBytes = 64 << 20

// Upstream is all apps' Difys, as all operations share them. It is safe for concurrent use.
type Upstream struct {
	clients   map[string]*difyapi.Client
	options   Options
	pool      *pool
	clocks    *Clocks
	logs      *shared[logKey, *difyapi.LogPage]
	recent    recent
	infos     *shared[string, *difyapi.AppInfo]
	runs      *shared[idKey, *difyapi.WorkflowRunDetail]
	endUsers  *shared[idKey, *difyapi.EndUserProfile]
	lastInfos *LastInfos

	combinations *combinations
}

// Options say how operations share what Dify answers.
type Options struct {
	// TTL is how long an answer may serve other operations, from the time when its request was sent; 0 lets each operation
	// ask for itself.
	TTL time.Duration
	// OperationBytes is how much of Dify's answers one operation may hold, in bytes of JSON, and as much again for its own
	// answer, each byte of which counts twice.
	OperationBytes int64
	// Bytes is how much of both all operations may hold together, each caller's at most as much as nobody holds; no limit if 0.
	Bytes int64
	// Clocks are those of the apps; new ones if nil.
	Clocks *Clocks
	// LastInfos is what was said of apps before; nothing if nil.
	LastInfos *LastInfos
}

// The keys of shared answers name an app by its client's identity, a digest of base URL and API key, and not by its configured name:
// so an answer is never given to another app, nor to the same name with another key after a reload.
type (
	logKey struct {
		identity string
		query    difyapi.LogQuery
	}
	idKey struct {
		identity string
		id       uuid.UUID
	}
)

// New shares the clients, by the keys of their apps. It is to be closed.
func New(clients map[string]*difyapi.Client, o Options) *Upstream {
	return &Upstream{
		clients:   clients,
		options:   o,
		pool:      newPool(o.Bytes),
		clocks:    cmp.Or(o.Clocks, new(Clocks)),
		logs:      newShared[logKey, *difyapi.LogPage](o.TTL, keptBytes),
		recent:    newRecent(o.TTL),
		infos:     newShared[string, *difyapi.AppInfo](o.TTL, keptBytes),
		runs:      newShared[idKey, *difyapi.WorkflowRunDetail](o.TTL, keptBytes),
		endUsers:  newShared[idKey, *difyapi.EndUserProfile](o.TTL, keptBytes),
		lastInfos: cmp.Or(o.LastInfos, new(LastInfos)),

		combinations: new(combinations),
	}
}

// Next shares other clients, with what operations hold, and with the answers that are kept and the calls under way, as far as the
// options are the same. It takes the place of u, whose operations may go on: it alone is to be closed from now on.
func (u *Upstream) Next(clients map[string]*difyapi.Client, o Options) *Upstream {
	o.Clocks, o.LastInfos = cmp.Or(o.Clocks, u.clocks), cmp.Or(o.LastInfos, u.lastInfos)
	next := New(clients, o)
	next.pool = u.pool
	next.pool.resize(o.Bytes)
	next.combinations = u.combinations
	if o.TTL != u.options.TTL {
		u.Close()
		return next
	}
	next.Close()
	next.logs, next.recent, next.infos, next.runs, next.endUsers = u.logs, u.recent, u.infos, u.runs, u.endUsers
	return next
}

// Close forgets all answers. Operations under way go on, at the price of more calls.
func (u *Upstream) Close() {
	u.logs.close()
	u.recent.close()
	u.infos.close()
	u.runs.close()
	u.endUsers.close()
}

// Shares tells whether answers are kept for other operations.
func (u *Upstream) Shares() bool { return u.options.TTL > 0 }

// AnswerBytes is how large an operation's own answer may be.
func (u *Upstream) AnswerBytes() int64 { return u.options.OperationBytes / heldTwice }

func (u *Upstream) page(ctx context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, error) {
	key := logKey{u.clients[app].Identity(), q}
	return ask(withApp(ctx, app), u.logs, key, func(ctx context.Context) (*difyapi.LogPage, error) {
		page, err := u.askLogs(ctx, app, q)
		if err == nil {
			u.recent.note(key, page)
		}
		return page, err
	})
}

// askLogs asks Dify itself.
func (u *Upstream) askLogs(ctx context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, error) {
	page, err := u.clients[app].WorkflowLogs(ctx, q)
	logUnread(ctx, app, "/workflows/logs", page, err)
	return page, err
}

func (u *Upstream) info(ctx context.Context, app string, _ struct{}) (*difyapi.AppInfo, error) {
	client := u.clients[app]
	return ask(withApp(ctx, app), u.infos, client.Identity(), func(ctx context.Context) (*difyapi.AppInfo, error) {
		info, err := client.Info(ctx)
		logUnread(ctx, app, "/info", info, err)
		if err == nil {
			u.lastInfos.note(client.Identity(), info)
		}
		return info, err
	})
}

func (u *Upstream) run(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	return ask(withApp(ctx, app), u.runs, idKey{u.clients[app].Identity(), id}, func(ctx context.Context) (*difyapi.WorkflowRunDetail, error) {
		return u.askRun(ctx, app, id)
	})
}

// askRun asks Dify itself.
func (u *Upstream) askRun(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	run, err := u.clients[app].WorkflowRun(ctx, id.String())
	logUnread(ctx, app, "/workflows/run/{id}", run, err)
	return run, err
}

func (u *Upstream) endUser(ctx context.Context, app string, id uuid.UUID) (*difyapi.EndUserProfile, error) {
	client := u.clients[app]
	return ask(withApp(ctx, app), u.endUsers, idKey{client.Identity(), id}, func(ctx context.Context) (*difyapi.EndUserProfile, error) {
		user, err := client.EndUser(ctx, id.String())
		logUnread(ctx, app, "/end-users/{id}", user, err)
		return user, err
	})
}

// ask answers a question of the operation that the context is of, at its expense. It costs a call wherever one was made, by
// whomever and whenever: from what it costs nobody is to learn whether others have asked the same.
func ask[K comparable, V sized](ctx context.Context, of *shared[K, V], key K, call func(context.Context) (V, error)) (value V, err error) {
	l := For(ctx)
	if !l.budget.begin() {
		return value, difyapi.ErrAllowanceSpent
	}
	value, _, err = of.get(ctx, key, &l.budget, call)
	return value, err
}
