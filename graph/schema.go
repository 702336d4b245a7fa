package graph

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"

	"github.com/difygraph/difygraph/graph/generated"
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
