package graph

import (
	"context"
	"embed"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/generated"
	"github.com/difygraph/difygraph/graph/model"
)

// Schema is what can be asked, and what introspection says of it. It is shared, and must not be written to.
func Schema() *ast.Schema { return schema() }

var schema = sync.OnceValue(func() *ast.Schema {
	return asSpecified(generated.NewExecutableSchema(generated.Config{}).Schema())
})

// asSpecified is a schema without what gqlparser declares beyond the specification: @defer, which is not served, and
// directives on directives, at which clients stop that know the specification's places alone.
func asSpecified(parsed *ast.Schema) *ast.Schema {
	s := *parsed
	s.Directives = maps.Clone(s.Directives)
	delete(s.Directives, "defer")
	for name, directive := range s.Directives {
		known := *directive
		known.Locations = slices.DeleteFunc(slices.Clone(known.Locations), func(place ast.DirectiveLocation) bool {
			return place == ast.LocationDirectiveDefinition
		})
		s.Directives[name] = &known
	}
	s.Types = maps.Clone(s.Types)
	places := *s.Types["__DirectiveLocation"]
	places.EnumValues = slices.DeleteFunc(slices.Clone(places.EnumValues), func(place *ast.EnumValueDefinition) bool {
		return place.Name == string(ast.LocationDirectiveDefinition)
	})
	s.Types[places.Name] = &places
	return &s
}

// SDL is the schema for clients. It lacks @link: that is for gateways, which ask _service, and Relay's compiler takes no
// extension of the schema.
func SDL() string {
	plain := *Schema()
	plain.SchemaDirectives = nil
	var sdl strings.Builder
	formatter.NewFormatter(&sdl, formatter.WithIndent("  ")).FormatSchema(&plain)
	return sdl.String()
}

//go:embed *.graphqls
var schemaFiles embed.FS

// Files of the schema that are this server's alone, and say why.
const (
	federationFile = "federation.graphqls"
	nodeQueryFile  = "node_query.graphqls"
	viewerFile     = "viewer_query.graphqls"
)

// SubgraphSDL is the schema as a graph of many takes it: without what every subgraph has, and what only one of them may have.
func SubgraphSDL() string {
	files, err := fs.Glob(schemaFiles, "*.graphqls")
	var sdl strings.Builder
	for _, name := range files {
		if name == federationFile || name == nodeQueryFile || name == viewerFile {
			continue
		}
		var text []byte
		if text, err = schemaFiles.ReadFile(name); err == nil {
			sdl.Write(append(text, '\n'))
		}
	}
	if err != nil {
		panic(err) // the files are part of the program
	}
	return strings.TrimRight(sdl.String(), "\n") + "\n"
}

var errSchemaHidden = code.New(code.Forbidden, "the schema is shown to callers with a token alone")

// Service resolves Query._service.
func (r *Resolver) Service(context.Context) (model.Service, error) {
	if r.HideSchema {
		return model.Service{}, errSchemaHidden
	}
	return model.Service{SDL: SubgraphSDL()}, nil
}
