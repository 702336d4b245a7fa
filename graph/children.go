package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/list"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/graph/viewer"
)

// The fields that take a call to Dify for each object, and what the viewer needs for them.
var (
	detailFields = map[string]viewer.Scope{
		"workflowId": viewer.Logs, "inputs": viewer.Content, "outputs": viewer.Content,
	}
	profileFields = map[string]viewer.Scope{
		"name": viewer.People, "isAnonymous": viewer.Logs, "externalUserId": viewer.People,
		"profileCreatedAt": viewer.Logs, "profileUpdatedAt": viewer.Logs, "createdAt": viewer.Logs, "updatedAt": viewer.Logs,
	}
)

// expectChildren asks at once for all that the selection wants of a page's rows at a call each. Their resolvers then find
// it under way.
func expectChildren(ctx context.Context, rows []list.Row) {
	details, profiles := wantedOfChild(ctx, "workflowRun", detailFields), wantedOfChild(ctx, "createdByEndUser", profileFields)
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

// wantedOfChild tells whether the selection of a connection's edges or nodes has one of the fields of a child of the nodes, by
// whatever aliases and fragments.
func wantedOfChild(ctx context.Context, child string, fields map[string]viewer.Scope) bool {
	var paths []string
	for field, needs := range fields {
		if viewer.Needs(ctx, needs) == nil {
			paths = append(paths, child+"."+field, "node."+child+"."+field)
		}
	}
	return graphql.AnyFieldRequested(ctx, paths...)
}
