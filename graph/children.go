package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/loader"
)

// The fields that take a call to Dify for each object.
var (
	detailFields  = []string{"workflowId", "inputs", "outputs"}
	profileFields = []string{"name", "isAnonymous", "externalUserId", "createdAt", "updatedAt"}
)

// expectChildren asks at once for all that the selection wants of a page's rows at a call each. Their resolvers then find
// it under way.
func expectChildren(ctx context.Context, rows []feed.Row) {
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

// wantedOfChild tells whether the selection has one of the fields of a child of a connection's nodes, by whatever aliases and
// fragments.
func wantedOfChild(ctx context.Context, child string, fields []string) bool {
	var paths []string
	for _, field := range fields {
		paths = append(paths, "nodes."+child+"."+field, "edges.node."+child+"."+field)
	}
	return graphql.AnyFieldRequested(ctx, paths...)
}
