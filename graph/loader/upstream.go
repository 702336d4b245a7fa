package loader

import (
	"context"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// keptBytes bounds what is kept of lists, by an estimate of what a row weighs.
const (
	keptBytes = 64 << 20
	rowBytes  = 1 << 10
)

// Upstream is all apps' Difys, as all operations share them. It is safe for concurrent use.
type Upstream struct {
	clients map[string]*difyapi.Client
	logs    *shared[logKey, *difyapi.LogPage]
	infos   *shared[string, *difyapi.AppInfo]
}

// logKey names a question by whom it is put to: a digest of base URL and API key, not by the app's configured name, so
// that neither a changed configuration nor another app can be given what is not its own.
type logKey struct {
	identity string
	query    difyapi.LogQuery
}

// New shares the clients, by the keys of their apps. An answer may serve others for ttl from the time when its request
// was sent; 0 lets each operation ask for itself.
func New(clients map[string]*difyapi.Client, ttl time.Duration) *Upstream {
	return &Upstream{
		clients: clients,
		logs: newShared[logKey](ttl, keptBytes, func(p *difyapi.LogPage) uint32 {
			return rowBytes * uint32(len(p.Rows)+1)
		}),
		infos: newShared[string](ttl, keptBytes, func(*difyapi.AppInfo) uint32 { return rowBytes }),
	}
}

func (u *Upstream) page(ctx context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, bool, error) {
	client := u.clients[app]
	return u.logs.get(ctx, logKey{client.Identity(), q}, func(ctx context.Context) (*difyapi.LogPage, error) {
		return client.WorkflowLogs(ctx, q)
	})
}

func (u *Upstream) info(ctx context.Context, app string) (*difyapi.AppInfo, error) {
	client := u.clients[app]
	info, _, err := u.infos.get(ctx, client.Identity(), client.Info)
	return info, err
}
