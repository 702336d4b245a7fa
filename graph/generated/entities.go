// Package generated has gqlgen's code, by go generate ., and beside it the few lines that gqlgen leaves to others: entities.go
// resolves the fields of federation, and objects.go single objects of a row.
package generated

import (
	"context"

	"github.com/difygraph/difygraph/graph/model"
)

// FederationResolver resolves the fields by which a gateway uses a subgraph. The root of all resolvers has to be one.
//
// gqlgen leaves these fields to its own federation plugin. That plugin reads all references of a type alike, says of none where
// it stood, and shows the whole schema; here, both fields are resolved like any other. So the two methods that gqlgen's code
// calls for fields of these names are written by hand.
type FederationResolver interface {
	// Entities has one element for each representation, nil where nothing is there or an error was added.
	Entities(ctx context.Context, representations []map[string]any) []model.Entity
	Service(ctx context.Context) (model.Service, error)
}

func (ec *executionContext) __resolve_entities(ctx context.Context, representations []map[string]any) []model.Entity {
	return ec.Resolvers.(FederationResolver).Entities(ctx, representations)
}

func (ec *executionContext) __resolve__service(ctx context.Context) (model.Service, error) {
	return ec.Resolvers.(FederationResolver).Service(ctx)
}
