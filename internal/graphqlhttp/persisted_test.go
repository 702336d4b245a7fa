package graphqlhttp_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// persistedBody asks by hash; with a text where there is one.
func persistedBody(hash, text string) string {
	extensions := `"extensions":{"persistedQuery":{"version":1,"sha256Hash":"` + hash + `"}}`
	if text == "" {
		return "{" + extensions + "}"
	}
	return `{"query":` + quote(text) + "," + extensions + "}"
}

func TestAutomaticPersistedQuery(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	const text = "{ a: __typename }"
	unknown := server.do(t, post(persistedBody(sha(text), "")))
	if unknown.message() != "PersistedQueryNotFound" || unknown.code() != "PERSISTED_QUERY_NOT_FOUND" || unknown.StatusCode != http.StatusOK {
		t.Errorf("not registered: %d %s", unknown.StatusCode, unknown.raw)
	}
	if got := server.do(t, post(persistedBody(sha(text), text))); got.Data["a"] != "Query" {
		t.Errorf("registering: %s", got.raw)
	}
	if got := server.do(t, post(persistedBody(sha(text), ""))); got.Data["a"] != "Query" {
		t.Errorf("registered: %s", got.raw)
	}
	byGet := url.Values{"extensions": {`{"persistedQuery":{"version":1,"sha256Hash":"` + sha(text) + `"}}`}}
	if got := server.do(t, get(byGet)); got.Data["a"] != "Query" {
		t.Errorf("registered, by GET: %s", got.raw)
	}
}

func TestPersistedQueryRefusals(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	hash := sha("{ __typename }")
	for request, says := range map[string]string{
		persistedBody(hash, "{ item { id } }"):                          "provided sha does not match query",
		persistedBody(strings.ToUpper(hash), ""):                        "64 hexadecimal digits",
		persistedBody(hash[1:], ""):                                     "64 hexadecimal digits",
		`{"extensions":{"persistedQuery":{"version":1}}}`:               "64 hexadecimal digits",
		`{"extensions":{"persistedQuery":{"version":2}}}`:               "version must be 1",
		`{"extensions":{"persistedQuery":{"version":"1"}}}`:             "version must be 1",
		`{"extensions":{"persistedQuery":"x"}}`:                         "must be an object",
		`{"extensions":{"persistedQuery":null}}`:                        "no query",
		`{"query":"{a}","extensions":{"persistedQuery":{"version":3}}}`: "version must be 1",
	} {
		if got := server.do(t, post(request)); !strings.Contains(got.message(), says) || got.code() != code.BadUserInput {
			t.Errorf("%s: %s; want %q", request, got.raw, says)
		}
	}
}

func TestInvalidTextsAreNotRegistered(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, text := range []string{"{ none }", "{"} {
		server.do(t, post(persistedBody(sha(text), text)))
		if got := server.do(t, post(persistedBody(sha(text), ""))); got.message() != "PersistedQueryNotFound" {
			t.Errorf("%s: %s", text, got.raw)
		}
	}
}

func TestRegisteredTextsAreBounded(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{Persisted: graphqlhttp.Persisted{AutomaticBytes: 10_000}})
	texts := make([]string, 100)
	for i := range texts {
		texts[i] = fmt.Sprintf("{ a%d: __typename } #", i) + strings.Repeat("x", 1000)
		if got := server.do(t, post(persistedBody(sha(texts[i]), texts[i]))); got.Errors != nil {
			t.Fatal(got.raw)
		}
	}
	known := 0
	for _, text := range texts {
		if got := server.do(t, post(persistedBody(sha(text), ""))); got.Errors == nil {
			known++
		}
	}
	if known == 0 || known > 10 {
		t.Errorf("%d texts of a kilobyte are known, 10 kilobytes are allowed", known)
	}
}

func TestAutomaticPersistedQueriesSwitchedOff(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{Persisted: graphqlhttp.Persisted{AutomaticBytes: -1}})
	const text = "{ a: __typename }"
	if got := server.do(t, post(persistedBody(sha(text), text))); got.Data["a"] != "Query" {
		t.Errorf("hash and text: %s", got.raw)
	}
	if got := server.do(t, post(persistedBody(sha(text), ""))); got.message() != "PersistedQueryNotSupported" {
		t.Errorf("hash alone: %s", got.raw)
	}
}

func listOf(t *testing.T, texts ...string) *graphqlhttp.Operations {
	t.Helper()
	var members []string
	for _, text := range texts {
		members = append(members, quote(sha(text))+":"+quote(text))
	}
	list, err := graphqlhttp.ParseOperations([]byte("{" + strings.Join(members, ",") + "}"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestListedOperations(t *testing.T) {
	t.Parallel()
	const listed, other = "query Listed { a: __typename }", "{ b: __typename }"
	server := serve(t, graphqlhttp.Options{Persisted: graphqlhttp.Persisted{Listed: listOf(t, listed)}})
	if got := server.do(t, post(persistedBody(sha(listed), ""))); got.Data["a"] != "Query" {
		t.Errorf("listed: %s", got.raw)
	}
	if got := server.do(t, post(persistedBody(sha(other), other))); got.Errors != nil {
		t.Errorf("another: %s", got.raw)
	}
	if got := server.do(t, post(persistedBody(sha(other), ""))); got.Data["b"] != "Query" {
		t.Errorf("another, registered: %s", got.raw)
	}
}

func TestOnlyListedOperations(t *testing.T) {
	t.Parallel()
	const listed, other = "query Listed { a: __typename }", "{ b: __typename }"
	server := serve(t, graphqlhttp.Options{
		Persisted: graphqlhttp.Persisted{Listed: listOf(t, listed), OnlyListed: true},
	})
	for _, request := range []string{persistedBody(sha(listed), ""), persistedBody(sha(listed), listed), body(t, listed, nil)} {
		if got := server.do(t, post(request)); got.Data["a"] != "Query" {
			t.Errorf("listed: %s", got.raw)
		}
	}
	for range 2 { // nothing is registered by the first
		for _, request := range []string{persistedBody(sha(other), other), body(t, other, nil), body(t, "{", nil)} {
			if got := server.do(t, post(request)); !strings.Contains(got.message(), "not among them") {
				t.Errorf("another: %s", got.raw)
			}
		}
		if got := server.do(t, post(persistedBody(sha(other), ""))); got.code() != code.PersistedQueryNotFound {
			t.Errorf("another's hash: %s", got.raw)
		}
	}
}

func TestListedOperationsAreChecked(t *testing.T) {
	t.Parallel()
	list := listOf(t, "query Good { __typename }", "query Bad { none }", "query Deep "+nested(30))
	_, err := graphqlhttp.New(loadSchema(), graphqlhttp.Options{Persisted: graphqlhttp.Persisted{Listed: list}})
	if err == nil || !strings.Contains(err.Error(), `"Bad"`) || !strings.Contains(err.Error(), `"Deep"`) || strings.Contains(err.Error(), "Good") {
		t.Errorf("%v", err)
	}
}

func TestOnlyListedWantsAList(t *testing.T) {
	t.Parallel()
	_, err := graphqlhttp.New(loadSchema(), graphqlhttp.Options{Persisted: graphqlhttp.Persisted{OnlyListed: true}})
	if err == nil {
		t.Error("a server that runs nothing is made")
	}
}

// spy notes the documents that are executed.
type spy struct{ documents []any }

func (*spy) ExtensionName() string                   { return "Spy" }
func (*spy) Validate(graphql.ExecutableSchema) error { return nil }

func (s *spy) MutateOperationContext(_ context.Context, op *graphql.OperationContext) *gqlerror.Error {
	s.documents = append(s.documents, op.Doc)
	return nil
}

func TestDocumentsAreParsedOnce(t *testing.T) {
	t.Parallel()
	const listed, other = "query Listed { a: __typename }", "query Other { b: __typename }"
	server := serve(t, graphqlhttp.Options{Persisted: graphqlhttp.Persisted{Listed: listOf(t, listed)}})
	seen := &spy{}
	server.Handler.(*handler.Server).Use(seen)
	for _, request := range []string{persistedBody(sha(listed), ""), body(t, listed, nil), body(t, other, nil), persistedBody(sha(other), other)} {
		server.do(t, post(request))
	}
	d := seen.documents
	if len(d) != 4 || d[0] != d[1] || d[2] != d[3] || d[1] == d[2] {
		t.Errorf("the same text has several documents: %v", d)
	}
}
