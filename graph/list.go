package graph

import (
	"context"
	"maps"
	"slices"

	"github.com/99designs/gqlgen/graphql"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
)

type appInfo = difyapi.AppInfo

// page resolves a connection of workflow logs, of the named apps or of all that the caller may read if apps is nil.
func (r *Resolver) page(ctx context.Context, apps []string, filter *feed.Filter, order feed.Order, first *int, after *string, last *int, before *string, onFailure model.AppFailurePolicy) (*model.WorkflowLogConnection, error) {
	list, err := r.list(apps, filter, order)
	if err != nil {
		return nil, err
	}
	slice, err := feed.NewSlice(list, first, after, last, before)
	if err != nil {
		return nil, err
	}
	req := feed.Request{List: list, Slice: slice, Partial: onFailure == model.Partial}
	req.Rows, req.Flags, req.Total = wanted(ctx)
	page, err := r.feed(ctx).Read(ctx, req)
	if err != nil {
		return nil, err
	}
	expectChildren(ctx, page.Rows)
	return model.NewConnection(page, r.log, r.report(page.Scan)), nil
}

func (r *Resolver) feed(ctx context.Context) *feed.Feed {
	return &feed.Feed{Source: loader.For(ctx), ScanCalls: r.Limits.ScanCalls, ScanDetails: r.Limits.ScanDetails}
}

func (r *Resolver) list(apps []string, filter *feed.Filter, order feed.Order) (feed.List, error) {
	all := apps == nil
	if all {
		apps = slices.Collect(maps.Keys(r.byKey))
	} else if err := r.checkApps(apps); err != nil {
		return feed.List{}, err
	}
	if filter == nil {
		filter = new(feed.Filter)
	}
	return feed.NewList(apps, all, *filter, order)
}

func (r *Resolver) checkApps(keys []string) error {
	if len(keys) == 0 {
		return &feed.InputError{Argument: "apps", Reason: "an empty list has no runs; name apps, or leave it out for all"}
	}
	for _, key := range keys {
		if r.byKey[key] == nil {
			return &feed.InputError{Argument: "apps", Reason: noApp(key)}
		}
	}
	return nil
}

func noApp(key string) string {
	return quoted("there is no app %s that you may read; difyApps lists those that you may", key)
}

// oneApp is the app that an argument names, or the only one that the caller may read.
func (r *Resolver) oneApp(key *string) (*model.DifyApp, error) {
	switch {
	case key != nil:
		return r.byKey[*key], r.checkApps([]string{*key})
	case len(r.apps) == 1:
		return r.apps[0], nil
	default:
		return nil, &feed.InputError{Argument: "app", Reason: "name one of the apps that difyApps lists; you may read more or fewer than one"}
	}
}

// wanted looks at the selection: what nobody looks at costs no call. A report alone is one of the rows.
func wanted(ctx context.Context) (rows, flags, total bool) {
	total = graphql.FieldRequested(ctx, "totalCount")
	rows = graphql.AnyFieldRequested(ctx, "edges", "nodes", "pageInfo") || !total && graphql.FieldRequested(ctx, "scan")
	return rows, graphql.AnyFieldRequested(ctx, "pageInfo.hasNextPage", "pageInfo.hasPreviousPage"), total
}

func (r *Resolver) log(row feed.Row) *model.WorkflowLog {
	return &model.WorkflowLog{App: r.byKey[row.App], WorkflowLog: row.WorkflowLog}
}

func (r *Resolver) report(scan feed.Scan) *model.ScanReport {
	report := &model.ScanReport{Scan: scan, FailedApps: []*model.AppFailure{}}
	for _, failure := range scan.FailedApps {
		code, message := classify(failure.Err)
		report.FailedApps = append(report.FailedApps, &model.AppFailure{App: r.byKey[failure.App], Code: code, Message: message})
	}
	return report
}
