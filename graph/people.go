package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
)

type endUserProfile = difyapi.EndUserProfile

// endUser finds an end user by Dify's id; nil if the app has none.
func (r *Resolver) endUser(ctx context.Context, app *model.DifyApp, id uuid.UUID) (*model.EndUser, error) {
	profile, err := loader.For(ctx).EndUser(ctx, app.Key, id)
	switch {
	case difyapi.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, atApp(app, err)
	default:
		return &model.EndUser{App: app, EndUser: &profile.EndUser}, nil
	}
}

// profile is a field of an end user's profile, which Dify calls by the member's name; zero where the profile is gone, while the
// log still shows the person.
func profile[T any](ctx context.Context, user *model.EndUser, member string, field func(*endUserProfile) T) (v T, err error) {
	if err := fields.Needs(ctx); err != nil {
		return v, err
	}
	profile, err := loader.For(ctx).EndUser(ctx, user.App.Key, user.UUID())
	switch {
	case difyapi.IsNotFound(err):
		return v, nil
	case err != nil:
		return v, atApp(user.App, err)
	default:
		return model.Readable(user.App, field(profile), profile.Unreadable, member)
	}
}

// endUserOfSession finds the end user of a session id by the newest run that they started; nil if there is none.
func (r *Resolver) endUserOfSession(ctx context.Context, app *model.DifyApp, session string) (*model.EndUser, error) {
	if err := viewer.Needs(ctx, viewer.Logs); err != nil {
		return nil, err
	}
	l, err := list.New([]string{app.Key}, false, list.Filter{}.OfEndUser(uuid.Nil, session), list.NewestFirst)
	if err != nil {
		return nil, err
	}
	slice, err := list.NewSlice(l, new(runsSelected(ctx)), nil, nil, nil)
	if err != nil {
		return nil, err
	}
	page, err := r.reader(ctx).Read(ctx, list.Request{List: l, Slice: slice, Rows: true})
	if err != nil {
		return nil, err
	}
	for _, row := range page.Rows {
		if user := row.CreatedByEndUser; user != nil && user.SessionID != nil {
			return r.log(row).CreatedByEndUser() // whose session id is the one that was asked for: the feed looks
		}
	}
	return nil, nil
}

// errNoSession is for a person without a session id, of whom Dify can't list the runs.
var errNoSession = code.New(code.UpstreamUnsupported, "no session id of this end user is known, and Dify finds their runs by that alone")

// runsOf resolves the connection of an end user's runs: the app's list under their session id.
func (r *Resolver) runsOf(ctx context.Context, user *model.EndUser, args listArgs) (*model.WorkflowLogConnection, error) {
	session := user.EndUser.SessionID // of which the viewer need not know
	if session == nil || *session == "" {
		return nil, atApp(user.App, errNoSession)
	}
	if err := mayFilter(ctx, args.filter); err != nil {
		return nil, err
	}
	args.apps = []string{user.App.Key}
	if _, err := r.list(ctx, args.apps, args.filter, args.order); err != nil {
		return nil, err // what is refused elsewhere is refused here, too
	}
	theirs := list.Filter{}
	if args.filter != nil {
		theirs = *args.filter
	}
	args.filter = new(theirs.OfEndUser(user.UUID(), *session))
	return r.read(ctx, args)
}

// runsSelected is how many of an end user's newest runs the selection wants, so that the call that finds the person has
// those, too; at least 1, and no more than one call has.
func runsSelected(ctx context.Context) int {
	op, most := graphql.GetOperationContext(ctx), 1
	for _, field := range graphql.CollectFields(op, graphql.GetFieldContext(ctx).Field.Selections, []string{"EndUser", "Node", "_Entity"}) {
		if field.Name != "workflowLogs" {
			continue
		}
		first, given := field.ArgumentMap(op.Variables)["first"]
		n, err := graphql.UnmarshalInt(first)
		switch {
		case !given || first == nil:
			most = max(most, list.DefaultPageSize)
		case err == nil:
			most = max(most, min(n, feed.OneCallRows))
		}
	}
	return most
}
