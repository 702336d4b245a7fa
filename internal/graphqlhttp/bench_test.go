package graphqlhttp_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// BenchmarkAnswer is an answer of 60 KB to a query that is kept, beside gqlgen's stock transport.
func BenchmarkAnswer(b *testing.B) {
	stock := handler.New(testSchema{loadSchema()})
	stock.SetQueryCache(lru.New[*ast.QueryDocument](10))
	stock.AddTransport(transport.POST{})
	request := body(b, "query($n: Int!) { long(bytes: $n) }", map[string]any{"n": 60_000})
	run := func(name string, server http.Handler, headers ...string) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				server.ServeHTTP(httptest.NewRecorder(), post(request, headers...))
			}
		})
	}
	run("stock", stock)
	run("plain", serve(b, graphqlhttp.Options{}))
	run("gzip", serve(b, graphqlhttp.Options{}), "Accept-Encoding", "gzip")
}
