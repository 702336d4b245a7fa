package graph

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"

	"github.com/difygraph/difygraph/graph/generated"
)

// NewServer executes operations over the schema, each with loaders of its own. The transport is the caller's to add: it bounds what is
// parsed and keeps what was. What is around sees operations that are not admitted, too, and the account of the others.
func NewServer(r *Resolver, around ...graphql.HandlerExtension) *handler.Server {
	srv := handler.New(generated.NewExecutableSchema(generated.Config{Resolvers: r, Schema: Schema()}))
	srv.SetErrorPresenter(Present)
	srv.SetRecoverFunc(Recover)
	for _, e := range around {
		srv.Use(e)
	}
	srv.Use(extension.Introspection{})
	srv.Use(operations{r})
	return srv
}
