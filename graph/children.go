package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/viewer"
)

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
