package service

import (
	"context"
	"log/slog"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/doctor"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// checkCalls are more than a look at a log takes, and at its app's clock.
const checkCalls = 20

// CheckLog reads the newest entry of an app's log as a list does, and holds the app's clock against it. Errors are those of
// [feed.Feed.Read], with the code code.UpstreamUnsupported where Dify shows other times than it filters by. None shows address or key.
func CheckLog(ctx context.Context, app string, client *difyapi.Client) error {
	upstream := loader.New(map[string]*difyapi.Client{app: client}, loader.Options{OperationBytes: 64 << 20})
	defer upstream.Close()
	ctx, done := upstream.Attach(ctx, loader.Allowance{Calls: checkCalls, Extra: checkCalls})
	defer done(0)
	l, err := list.New([]string{app}, false, list.Filter{}, list.NewestFirst)
	if err != nil {
		return err
	}
	newest, err := list.NewSlice(l, new(1), nil, nil, nil)
	if err != nil {
		return err
	}
	_, err = (&feed.Feed{Source: loader.For(ctx), ScanCalls: 1, ScanDetails: 1}).Read(ctx, list.Request{List: l, Slice: newest, Rows: true})
	return err
}

// AppsToExamine are the configured apps as [doctor.Examine] wants them, with clients of the pool.
func AppsToExamine(cfg *config.Config, pool *difyapi.Pool) ([]doctor.App, error) {
	clients, err := NewClients(cfg, telemetry.Discard(), pool)
	if err != nil {
		return nil, err
	}
	apps := appsOf(cfg, clients)
	for i, app := range cfg.Apps {
		apps[i].At = func(baseURL string) (*difyapi.Client, error) {
			return pool.Client(difyapi.Options{BaseURL: baseURL, APIKey: app.APIKey.Reveal(), ConnectionsPerServer: cfg.Limits.ConnectionsPerServer})
		}
	}
	return apps, nil
}

func appsOf(cfg *config.Config, clients map[string]*difyapi.Client) []doctor.App {
	apps := make([]doctor.App, len(cfg.Apps))
	for i, app := range cfg.Apps {
		apps[i] = doctor.App{
			App: app.Key, BaseURL: app.BaseURL, Client: clients[app.Key], Connections: cfg.Limits.ConnectionsPerServer,
			Log: func(ctx context.Context, client *difyapi.Client) error { return CheckLog(ctx, app.Key, client) },
		}
	}
	return apps
}

// lookTime is how long a look at an app takes at most, as in `difygraph check`.
const lookTime = 30 * time.Second

// examine looks at each app, and logs what is wrong with it. It makes one call at a time to a server, by the service's own
// connections and as a caller of its own: those of the server's clients come first, and others beside them would be more than a Dify
// has.
func (s *Service) examine(ctx context.Context, cfg *config.Config, log *slog.Logger) {
	ctx = difyapi.WithCaller(ctx, "check of the apps")
	doctor.ExamineInTurn(ctx, appsOf(cfg, s.clients), lookTime, func(found doctor.Finding) {
		if !found.Answers {
			log.WarnContext(ctx, "check: the app can't be served", "app", found.App, "error", found.Error)
		}
		for _, hint := range found.Hints {
			log.WarnContext(ctx, "check: a hint", "app", found.App, "hint", hint)
		}
	})
}
