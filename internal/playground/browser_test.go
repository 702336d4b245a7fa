package playground

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/difygraph/difygraph/internal/playground/browsertest"
	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

func TestPlainPageInBrowser(t *testing.T) {
	t.Parallel()
	browsertest.Run(t, serveWithAPI(t, fstest.MapFS{}), browsertest.Plain)
}

func TestGraphiQLInBrowser(t *testing.T) {
	t.Parallel()
	if browsertest.BuiltIn() != browsertest.GraphiQL {
		t.Skip("GraphiQL is not built in: go generate ./internal/playground builds it in")
	}
	browsertest.Run(t, serveWithAPI(t, graphiql.Bundle()), browsertest.GraphiQL)
}

// serveWithAPI starts a server of the playground and of an API with endless runs, and returns its URL.
func serveWithAPI(t *testing.T, bundle fs.FS) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", newHandler(Options{}.withDefaults(), bundle))
	mux.HandleFunc("POST /graphql", answerAPI)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// introspected is the answer to an introspection query of the schema that the examples are for.
//
//go:embed testdata/introspection.json
var introspected []byte

// answerAPI knows two queries: introspection, and a list of runs by first and after, whatever fields are asked for.
func answerAPI(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Query     string
		Variables struct {
			First int
			After string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if strings.Contains(request.Query, "__schema") {
		fmt.Fprintf(w, "%s", introspected)
		return
	}
	fmt.Fprint(w, listAnswer(request.Variables.After, request.Variables.First))
}

// listAnswer numbers the runs in a way that goes on from the cursor.
func listAnswer(after string, first int) string {
	nodes := make([]string, first)
	for i := range nodes {
		nodes[i] = fmt.Sprintf(`{"id": "run%s-%d"}`, after, i)
	}
	return fmt.Sprintf(`{"data": {"workflowLogs": {"nodes": [%s], "pageInfo": {"hasNextPage": true, "endCursor": "%sx"}}}}`,
		strings.Join(nodes, ", "), after)
}
