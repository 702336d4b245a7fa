package graph

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/graph/generated"
)

const (
	// maxTokens bounds a query: what the parser and the validation do grows faster than the query does.
	maxTokens = 2000
	// keptQueries is how many parsed queries are kept.
	keptQueries = 1000
)

// NewServer executes operations over the schema, each with loaders of its own. Transports are the caller's to add. What is
// around sees operations that are not admitted, too, and the account of the others.
func NewServer(r *Resolver, around ...graphql.HandlerExtension) *handler.Server {
	srv := handler.New(generated.NewExecutableSchema(generated.Config{Resolvers: r, Schema: Schema()}))
	srv.SetParserTokenLimit(maxTokens)
	srv.SetQueryCache(lru.New[*ast.QueryDocument](keptQueries))
	srv.SetErrorPresenter(Present)
	srv.SetRecoverFunc(recovered)
	for _, e := range around {
		srv.Use(e)
	}
	srv.Use(extension.Introspection{})
	srv.Use(operations{r})
	return srv
}
