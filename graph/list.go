package graph

import (
	"context"
	"errors"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

type appInfo = difyapi.AppInfo

// page resolves a connection of workflow logs, of the named apps or of all that the caller may read if apps is nil.
func (r *Resolver) page(ctx context.Context, apps []string, filter *feed.Filter, order feed.Order, first *int, after *string, last *int, before *string, onFailure model.AppFailurePolicy) (*model.WorkflowLogConnection, error) {
	if err := mayFilter(ctx, filter); err != nil {
		return nil, err
	}
	return r.read(ctx, apps, filter, order, first, after, last, before, onFailure)
}

// mayFilter refuses filters that would tell the viewer what fields may not.
func mayFilter(ctx context.Context, f *feed.Filter) error {
	if err := viewer.Needs(ctx, viewer.Logs); err != nil || f == nil {
		return err
	}
	for _, filter := range []struct {
		argument string
		set      bool
		needs    []viewer.Scope
	}{
		{"filter.keyword", f.Keyword != nil, []viewer.Scope{viewer.Content, viewer.People}},
		{"filter.endUserSessionId", f.EndUserSessionID != nil, []viewer.Scope{viewer.People}},
		{"filter.accountEmail", f.AccountEmail != nil, []viewer.Scope{viewer.People}},
	} {
		forbidden, ok := errors.AsType[*viewer.ForbiddenError](viewer.Needs(ctx, filter.needs...))
		if ok && filter.set {
			return &viewer.ForbiddenError{Scope: forbidden.Scope, Argument: filter.argument}
		}
	}
	return nil
}

// read reads a page for whoever may.
func (r *Resolver) read(ctx context.Context, apps []string, filter *feed.Filter, order feed.Order, first *int, after *string, last *int, before *string, onFailure model.AppFailurePolicy) (*model.WorkflowLogConnection, error) {
	list, err := r.list(ctx, apps, filter, order)
	if err != nil {
		return nil, err
	}
	slice, err := feed.NewSlice(list, first, after, last, before)
	if err != nil {
		return nil, err
	}
	req := feed.Request{List: list, Slice: slice, Partial: onFailure == model.Partial}
	req.Rows, req.Flags, req.Total = wanted(ctx)
	page, err := r.feed(loader.For(ctx)).Read(ctx, req)
	if err != nil {
		return nil, err
	}
	if graphql.AnyFieldRequested(ctx, "nodes", "edges") {
		countRows(ctx, len(page.Rows))
	}
	return model.NewConnection(page, r.rows, r.report(ctx, page.Scan)), nil
}

func (r *Resolver) feed(source feed.Source) *feed.Feed {
	return &feed.Feed{Source: source, ScanCalls: r.Limits.ScanCalls, ScanDetails: r.Limits.ScanDetails}
}

func (r *Resolver) list(ctx context.Context, apps []string, filter *feed.Filter, order feed.Order) (feed.List, error) {
	all := apps == nil
	if all {
		for _, app := range r.appsOf(ctx) {
			apps = append(apps, app.Key)
		}
	} else if err := r.checkApps(ctx, apps); err != nil {
		return feed.List{}, err
	}
	if filter == nil {
		filter = new(feed.Filter)
	}
	return feed.NewList(apps, all, *filter, order)
}

func (r *Resolver) checkApps(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return &feed.InputError{Argument: "apps", Reason: "an empty list has no runs; name apps, or leave it out for all"}
	}
	for _, key := range keys {
		if r.app(ctx, key) == nil {
			return &feed.InputError{Argument: "apps", Reason: noApp(key)}
		}
	}
	return nil
}

func noApp(key string) string {
	return quoted("there is no app %s that you may read; difyApps lists those that you may", key)
}

// oneApp is the app that an argument names, or the only one that the caller may read.
func (r *Resolver) oneApp(ctx context.Context, key *string) (*model.DifyApp, error) {
	switch apps := r.appsOf(ctx); {
	case key != nil && r.app(ctx, *key) == nil:
		return nil, &feed.InputError{Argument: "app", Reason: noApp(*key)}
	case key != nil:
		return r.app(ctx, *key), nil
	case len(apps) == 1:
		return apps[0], nil
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

// isOneList tells whether the selections of an operation are one list and what is in it, without a list below.
func isOneList(selections ast.SelectionSet) bool {
	if len(selections) != 1 {
		return false
	}
	switch s := selections[0].(type) {
	case *ast.Field:
		return s.Name == "workflowLogs" && !hasList(s.SelectionSet)
	case *ast.InlineFragment:
		return isOneList(s.SelectionSet)
	case *ast.FragmentSpread:
		return isOneList(s.Definition.SelectionSet)
	default:
		return false
	}
}

func hasList(selections ast.SelectionSet) bool {
	return slices.ContainsFunc(selections, func(selection ast.Selection) bool {
		switch s := selection.(type) {
		case *ast.Field:
			return s.Name == "workflowLogs" || hasList(s.SelectionSet)
		case *ast.InlineFragment:
			return hasList(s.SelectionSet)
		case *ast.FragmentSpread:
			return hasList(s.Definition.SelectionSet)
		default:
			return false
		}
	})
}

func (r *Resolver) log(row feed.Row) *model.WorkflowLog {
	return &model.WorkflowLog{App: r.byKey[row.App], WorkflowLog: row.WorkflowLog}
}

func (r *Resolver) report(ctx context.Context, scan feed.Scan) *model.ScanReport {
	report := &model.ScanReport{Scan: scan, FailedApps: []*model.AppFailure{}}
	for _, failure := range scan.FailedApps {
		shown := Present(ctx, failure)
		code, _ := shown.Extensions["code"].(model.ErrorCode)
		report.FailedApps = append(report.FailedApps, &model.AppFailure{App: r.byKey[failure.App], Code: code, Message: shown.Message})
	}
	return report
}
