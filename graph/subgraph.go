package graph

import (
	"context"
	"embed"
	"io/fs"
	"strings"

	"github.com/difygraph/difygraph/graph/code"

	"github.com/difygraph/difygraph/graph/model"
)

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
