package loader

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// keptBytes bounds what is kept of each kind of answer.
const keptBytes = 64 << 20

// Upstream is all apps' Difys, as all operations share them. It is safe for concurrent use.
type Upstream struct {
	clients        map[string]*difyapi.Client
	operationBytes int64
	logs           *shared[logKey, *difyapi.LogPage]
	infos          *shared[string, *difyapi.AppInfo]
	runs           *shared[idKey, *difyapi.WorkflowRunDetail]
	endUsers       *shared[idKey, *difyapi.EndUserProfile]
}

// Options say how operations share what Dify answers.
type Options struct {
	// TTL is how long an answer may serve other operations, from the time when its request was sent; 0 lets each operation
	// ask for itself.
	TTL time.Duration
	// OperationBytes is how much of Dify's answers one operation may hold, in bytes of JSON.
	OperationBytes int64
}

// A question is named by whom it is put to: a digest of base URL and API key, not by the app's configured name, so that
// neither a changed configuration nor another app can be given what is not its own.
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
		clients:        clients,
		operationBytes: o.OperationBytes,
		logs:           newShared[logKey, *difyapi.LogPage](o.TTL, keptBytes),
		infos:          newShared[string, *difyapi.AppInfo](o.TTL, keptBytes),
		runs:           newShared[idKey, *difyapi.WorkflowRunDetail](o.TTL, keptBytes),
		endUsers:       newShared[idKey, *difyapi.EndUserProfile](o.TTL, keptBytes),
	}
}

// Close forgets all answers. Operations under way go on, at the price of more calls.
func (u *Upstream) Close() {
	u.logs.close()
	u.infos.close()
	u.runs.close()
	u.endUsers.close()
}

func (u *Upstream) page(ctx context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, bool, error) {
	client := u.clients[app]
	return u.logs.get(ctx, logKey{client.Identity(), q}, payer(ctx), func(ctx context.Context) (*difyapi.LogPage, error) {
		return client.WorkflowLogs(ctx, q)
	})
}

func (u *Upstream) info(ctx context.Context, app string, _ struct{}) (*difyapi.AppInfo, error) {
	client := u.clients[app]
	info, _, err := u.infos.get(ctx, client.Identity(), payer(ctx), client.Info)
	return info, err
}

func (u *Upstream) run(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error) {
	client := u.clients[app]
	run, _, err := u.runs.get(ctx, idKey{client.Identity(), id}, payer(ctx), func(ctx context.Context) (*difyapi.WorkflowRunDetail, error) {
		return client.WorkflowRun(ctx, id.String())
	})
	return run, err
}

func (u *Upstream) endUser(ctx context.Context, app string, id uuid.UUID) (*difyapi.EndUserProfile, error) {
	client := u.clients[app]
	user, _, err := u.endUsers.get(ctx, idKey{client.Identity(), id}, payer(ctx), func(ctx context.Context) (*difyapi.EndUserProfile, error) {
		return client.EndUser(ctx, id.String())
	})
	return user, err
}

// payer is the budget of the operation that a call is made for.
func payer(ctx context.Context) *budget { return &For(ctx).budget }
