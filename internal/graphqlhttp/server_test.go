package graphqlhttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/klauspost/compress/zstd"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

const schemaText = `
type Query {
	"What was given, as JSON."
	echo(
		int: Int, float: Float, text: String, flag: Boolean, id: ID, level: Level, ints: [Int!], nested: [[Int]],
		box: Box, choice: Choice, any: Any, need: Int! = 7
	): String!
	item: Item
	long(bytes: Int!): String!
	fail(times: Int!): String
	panic: String
}
type Mutation { change: String }
type Item { id: ID! name: String item: Item }
enum Level { LOW HIGH }
input Box { size: Int! = 1, name: String!, inner: Box, levels: [Level!] }
input Choice @oneOf { a: Int, b: Int }
scalar Any
`

func loadSchema() *ast.Schema {
	return gqlparser.MustLoadSchema(&ast.Source{Name: "test", Input: schemaText})
}

// testSchema executes without generated code: enough of GraphQL to see what reaches execution.
type testSchema struct{ schema *ast.Schema }

func (s testSchema) Schema() *ast.Schema { return s.schema }

func (testSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s testSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	return func(ctx context.Context) *graphql.Response { return s.answer(ctx, op) }
}

func (testSchema) answer(ctx context.Context, op *graphql.OperationContext) *graphql.Response {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, f := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query", "Mutation"}) {
		if i > 0 {
			out.WriteByte(',')
		}
		name, _ := json.Marshal(f.Alias)
		value, _ := json.Marshal(resolve(ctx, f, op.Variables))
		out.Write(append(append(name, ':'), value...))
	}
	out.WriteByte('}')
	return &graphql.Response{Data: out.Bytes()}
}

func resolve(ctx context.Context, f graphql.CollectedField, variables map[string]any) any {
	args := f.ArgumentMap(variables)
	switch f.Name {
	case "__typename":
		return f.ObjectDefinition.Name
	case "__type":
		return map[string]any{"name": args["name"]}
	case "echo":
		text, _ := json.Marshal(args)
		return string(text)
	case "long":
		n, _ := graphql.UnmarshalInt(args["bytes"])
		return strings.Repeat("x", min(max(0, n), 1<<20))
	case "fail":
		n, _ := graphql.UnmarshalInt(args["times"])
		for range min(n, 1000) {
			graphql.AddError(ctx, errors.New("failed"))
		}
	case "panic":
		panic("a secret")
	}
	return nil
}

// codeByName refuses operations that are named like a code.
type codeByName struct{}

func (codeByName) ExtensionName() string                   { return "CodeByName" }
func (codeByName) Validate(graphql.ExecutableSchema) error { return nil }

func (codeByName) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	name := op.Operation.Name
	if len(name) < 4 || strings.ToUpper(name) != name {
		return nil
	}
	if name == "PANIC" {
		panic("a secret")
	}
	return &gqlerror.Error{Message: "refused", Extensions: map[string]any{"code": name, "retryAfter": 1.2}}
}

// api is a GraphQL endpoint without a socket.
type api struct {
	http.Handler
	transport *graphqlhttp.Transport
}

func serve(t testing.TB, o graphqlhttp.Options) *api {
	t.Helper()
	schema := loadSchema()
	transport, err := graphqlhttp.New(schema, o)
	if err != nil {
		t.Fatal(err)
	}
	server := handler.New(testSchema{schema})
	server.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		shown := graphql.DefaultErrorPresenter(ctx, err)
		if errors.Is(err, context.DeadlineExceeded) {
			shown.Extensions = map[string]any{"code": "OPERATION_TIMEOUT"}
		}
		return shown
	})
	server.SetRecoverFunc(func(context.Context, any) error {
		return &gqlerror.Error{Message: "internal error 1", Extensions: map[string]any{"code": code.InternalServerError}}
	})
	server.Use(codeByName{})
	transport.Mount(server)
	return &api{server, transport}
}

// answer is what came back.
type answer struct {
	*http.Response
	raw        string
	Errors     []shownError
	Data       map[string]any
	Extensions map[string]any
}

type shownError struct {
	Message    string
	Locations  []gqlerror.Location
	Extensions map[string]any
}

func (a answer) code() code.Code {
	if len(a.Errors) == 0 {
		return ""
	}
	return code.OfExtensions(a.Errors[0].Extensions)
}

func (a answer) message() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Message
}

func (a *api) do(t testing.TB, r *http.Request) answer {
	t.Helper()
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, r)
	got := answer{Response: recorder.Result()}
	body := io.Reader(got.Body)
	if got.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = unzipped
	}
	if got.Header.Get("Content-Encoding") == "zstd" {
		decoder, err := zstd.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		body = decoder
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	got.raw = string(raw)
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &got); err != nil {
			t.Fatalf("the answer is no JSON: %v: %s", err, raw)
		}
	}
	return got
}

// post is a POST of a body. Headers are given by name and value.
func post(body string, headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return with(r, headers)
}

func get(parameters url.Values, headers ...string) *http.Request {
	return with(httptest.NewRequest(http.MethodGet, "/graphql?"+parameters.Encode(), nil), headers)
}

func with(r *http.Request, headers []string) *http.Request {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return r
}

// body is the JSON of a request.
func body(t testing.TB, query string, variables map[string]any) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const responseJSON = "application/graphql-response+json"
