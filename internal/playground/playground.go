// Package playground serves the page in which people try the API: GraphiQL where it is built in, a small page of our own
// otherwise. Neither asks any host but the one that served it for anything, so both work in a closed network.
package playground

import (
	"io/fs"
	"net/http"

	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

//go:generate go run ./graphiql/fetch graphiql

// Options says what the page shows.
type Options struct {
	// Endpoint is the URL path of the GraphQL endpoint, on the same origin as the page; "/graphql" if empty.
	Endpoint string
	// Title of the page; "difygraph" if empty.
	Title string
	// Notice is shown above everything else, such as "Sample data"; nothing if empty.
	Notice string
	// Examples are the queries to try; those of [Examples] if nil.
	Examples []Example
}

func (o Options) withDefaults() Options {
	if o.Endpoint == "" {
		o.Endpoint = "/graphql"
	}
	if o.Title == "" {
		o.Title = "difygraph"
	}
	if o.Examples == nil {
		o.Examples = Examples()
	}
	return o
}

// New returns a handler for the page at "/" and its files below "/playground/". Other paths are 404, other methods than GET
// and HEAD are 405. The page is to be revalidated on each use (ETag); its files have a digest of their content in the path
// and are cached for good.
func New(options Options) http.Handler {
	return newHandler(options.withDefaults(), graphiql.Bundle())
}

func newHandler(options Options, bundle fs.FS) http.Handler {
	chosen := chooseUI(bundle)
	files := chosen.mustLoad(options)
	mux := http.NewServeMux()
	mux.Handle("GET /{$}", chosen.mustRender(options, files.digest))
	mux.Handle("GET /playground/{digest}/{file}", files)
	return mux
}
