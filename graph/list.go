package graph

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

type appInfo = difyapi.AppInfo

// listArgs are the arguments of a list.
type listArgs struct {
	apps       []string // all that the caller may read if nil
	filter     *list.Filter
	order      list.Order
	first      *int
	after      *string
	last       *int
	before     *string
	onFailure  model.AppFailurePolicy
	appTimeout *float64 // in seconds
	scanCalls  *int
}

// page resolves a connection of workflow logs.
func (r *Resolver) page(ctx context.Context, args listArgs) (*model.WorkflowLogConnection, error) {
	if err := mayFilter(ctx, args.filter); err != nil {
		return nil, err
	}
	return r.read(ctx, args)
}

// mayFilter refuses filters that would tell the viewer what fields may not.
func mayFilter(ctx context.Context, f *list.Filter) error {
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
		{"filter.error", f.Error != nil, []viewer.Scope{viewer.Content}},
	} {
		forbidden, ok := errors.AsType[*viewer.ForbiddenError](viewer.Needs(ctx, filter.needs...))
		if ok && filter.set {
			return &viewer.ForbiddenError{Scope: forbidden.Scope, Argument: filter.argument}
		}
	}
	return nil
}

// read reads a page for whoever may.
func (r *Resolver) read(ctx context.Context, args listArgs) (*model.WorkflowLogConnection, error) {
	req, err := r.request(ctx, args)
	if err != nil {
		return nil, err
	}
	page, err := r.reader(ctx).Read(ctx, req)
	if err != nil {
		return nil, err
	}
	if graphql.AnyFieldRequested(ctx, "nodes", "edges") {
		countRows(ctx, len(page.Rows))
	}
	return model.NewConnection(page, r.rows, r.report(ctx, page.Scan)), nil
}

// request checks the arguments of a list.
func (r *Resolver) request(ctx context.Context, args listArgs) (req list.Request, err error) {
	req.Partial = args.onFailure == model.Partial
	if req.List, err = r.list(ctx, args.apps, args.filter, args.order); err != nil {
		return req, err
	}
	if req.Slice, err = list.NewSlice(req.List, args.first, args.after, args.last, args.before); err != nil {
		return req, err
	}
	if n := args.scanCalls; n != nil {
		if *n < 1 || *n > r.Limits.ScanCalls {
			return req, list.NewInputError("scanCalls", "must be from 1 to %d, not %d", r.Limits.ScanCalls, *n)
		}
		req.ScanCalls = *n
	}
	if req.AppTimeout, err = r.appTimeout(args.appTimeout); err != nil {
		return req, err
	}
	req.Rows, req.Flags, req.Total = wanted(ctx)
	return req, nil
}

// minAppTimeout is in seconds.
const minAppTimeout = 0.001

// appTimeout is how long an app may take; 0 where nothing is said of it.
func (r *Resolver) appTimeout(seconds *float64) (time.Duration, error) {
	if seconds == nil {
		return 0, nil
	}
	most := r.Limits.AppTimeout.Seconds()
	if *seconds >= minAppTimeout && *seconds <= most {
		return time.Duration(*seconds * float64(time.Second)), nil
	}
	return 0, list.NewInputError("appTimeout", "must be from %v to %v seconds, not %v", minAppTimeout, most, *seconds)
}

// reader reads lists for the operation.
func (r *Resolver) reader(ctx context.Context) list.Reader { return r.feed(loader.For(ctx)) }

// scanShare is the part of what an operation may cost that a page takes at most for rows which are filtered here, unless its
// caller says how many calls each app may take: so many apps that their calls come to more have fewer each.
const scanShare = 2

func (r *Resolver) feed(source feed.Source) *feed.Feed {
	return &feed.Feed{
		Source: source, ScanCalls: r.Limits.ScanCalls, PageCalls: max(1, r.Limits.Price/scanShare/callPrice), ScanDetails: r.Limits.ScanDetails,
	}
}

func (r *Resolver) list(ctx context.Context, apps []string, filter *list.Filter, order list.Order) (list.List, error) {
	all := apps == nil
	if all {
		for _, app := range r.appsOf(ctx) {
			apps = append(apps, app.Key)
		}
	} else if err := r.checkApps(ctx, apps); err != nil {
		return list.List{}, err
	}
	if filter == nil {
		filter = new(list.Filter)
	}
	return list.New(apps, all, *filter, order)
}

func (r *Resolver) checkApps(ctx context.Context, keys []string) error {
	if len(keys) == 0 {
		return &list.InputError{Argument: "apps", Reason: "an empty list has no runs; name apps, or leave it out for all"}
	}
	for _, key := range keys {
		if r.app(ctx, key) == nil {
			return &list.InputError{Argument: "apps", Reason: noApp(key)}
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
		return nil, &list.InputError{Argument: "app", Reason: noApp(*key)}
	case key != nil:
		return r.app(ctx, *key), nil
	case len(apps) == 1:
		return apps[0], nil
	default:
		return nil, &list.InputError{Argument: "app", Reason: "name one of the apps that difyApps lists; you may read more or fewer than one"}
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

func (r *Resolver) log(row list.Row) *model.WorkflowLog {
	return &model.WorkflowLog{App: r.byKey[row.App], WorkflowLog: row.WorkflowLog}
}

func (r *Resolver) report(ctx context.Context, scan list.Scan) *model.ScanReport {
	report := &model.ScanReport{Scan: scan, FailedApps: []*model.AppFailure{}}
	for _, failure := range scan.FailedApps {
		shown := Present(ctx, failure)
		app := *r.byKey[failure.App]
		app.Failure = failure
		c := code.OfExtensions(shown.Extensions)
		accountOf(ctx).leaveOut(app.Key, c)
		report.FailedApps = append(report.FailedApps, &model.AppFailure{App: &app, Code: c, Message: shown.Message})
	}
	return report
}

// expectChildren asks at once for all that the selection wants of a page's rows at a call each. Their resolvers then find
// it under way.
func expectChildren(ctx context.Context, rows []list.Row) {
	details, profiles := wantedOfChild(ctx, "workflowRun", "WorkflowRun", fields.Detail), wantedOfChild(ctx, "createdByEndUser", "EndUser", fields.Profile)
	if !details && !profiles {
		return
	}
	runs, users := make(map[string][]uuid.UUID), make(map[string][]uuid.UUID)
	for _, row := range rows {
		if run := row.WorkflowRun; run != nil && details {
			runs[row.App] = append(runs[row.App], run.ID)
		}
		if user := row.CreatedByEndUser; user != nil && profiles {
			users[row.App] = append(users[row.App], user.ID)
		}
	}
	for app, ids := range runs {
		loader.For(ctx).ExpectRuns(app, ids)
	}
	for app, ids := range users {
		loader.For(ctx).ExpectEndUsers(app, ids)
	}
}

// wantedOfChild tells whether the selection of a connection's edges or nodes has a field of a source that the viewer may see, of
// a child of the nodes, by whatever aliases and fragments.
func wantedOfChild(ctx context.Context, child, typeName string, source fields.Source) bool {
	var paths []string
	for _, name := range fields.From(source, typeName) {
		if field, _ := fields.Of(typeName, name); viewer.Needs(ctx, field.Needs) == nil {
			paths = append(paths, child+"."+name, "node."+child+"."+name)
		}
	}
	return graphql.AnyFieldRequested(ctx, paths...)
}
