package graphqlhttp_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// nested is a document in which fields stand in each other; its selection sets are as many.
func nested(sets int) string {
	return strings.Repeat("{ item ", sets-1) + "{ id } " + strings.Repeat("}", sets-1)
}

func aliases(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: id ", i)
	}
	return "{ item { " + b.String() + "} }"
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limits := graphqlhttp.Limits{
		Bytes: 4000, Tokens: 700, Depth: 5, Fields: 60, RootFields: 4, Aliases: 6, Directives: 3, Overlaps: 10,
	}
	server := serve(t, graphqlhttp.Options{Limits: limits})
	item := func(selections string) string { return "{ item { " + selections + " } }" }
	for _, c := range []struct {
		name, query string
		says        string // empty: it runs
	}{
		{"bytes", item("id") + strings.Repeat(" ", 4000-len(item("id"))), ""},
		{"a byte too many", item("id") + strings.Repeat(" ", 4001-len(item("id"))), "4001 bytes; 4000"},
		{"comments are tokens", item("id") + strings.Repeat("#\n", 694), ""},
		{"a token too many", item("id") + strings.Repeat("#\n", 695), "701 tokens; 700"},
		{"depth", nested(5), ""},
		{"too deep", nested(6), "6 deep; 5"},
		{"deep by fragments", "{ ...A } fragment A on Query { item { ...B } } fragment B on Item { item { id } }", ""},
		{
			"too deep by fragments",
			"{ ...A } fragment A on Query { item { ...B } } fragment B on Item { item { item { id } } }", "6 deep; 5",
		},
		{"too deep by inline fragments", item("... { ... { ... { ... { id } } } }"), "6 deep; 5"},
		{"root fields", "{ a: item {id} b: item {id} c: item {id} ... { item {id} } }", ""},
		{"a root field too many", "{ a: item {id} b: item {id} c: item {id} ... { item {id} __typename } }", "5 fields of its own; 4"},
		{"root fields of each operation", "query A {item{id} b: item{id}} query B {item{id} b: item{id}} query C {item{id}}", ""},
		{"aliases", aliases(6), ""},
		{"an alias too many", aliases(7), "7 aliases, fragments put in place; 6"},
		{
			"aliases of a fragment, each time",
			"{ item { ...A item { ...A item { ...A } } } } fragment A on Item { a: id b: id c: id }", "9 aliases",
		},
		{"directives", item("id @skip(if: false) ... @skip(if: false) { id } ... @skip(if: true) { id }"), ""},
		{"a directive too many", "query @a " + item("id @a ...F @a") + " fragment F on Item @a { id }", "4 directives"},
		{"fields of a fragment, each time", "{ item { ...A item { ...A item { ...A } } } } fragment A on Item { " +
			strings.Repeat("id ", 20) + "}", "63 fields, fragments put in place; 60"},
		{"overlaps", item("id id id id id"), ""},
		{"an overlap too many", item("id id id id id name name"), "11 pairs of fields for one place in the answer; 10"},
		{"overlaps deep down", item("item { id id id } ... { item { id id } } ...F") + " fragment F on Item { item { id } }", "18 pairs"},
		{"a fragment in itself", "{ item { ...A } } fragment A on Item { item { ...B } } fragment B on Item { ...A }", `"A" spreads itself`},
		{"two fragments of a name", "{ item { ...A } } fragment A on Item { id } fragment A on Item { name }", "same name"},
		{"an unused fragment", "{ item { id } } fragment A on Item { item { item { item { item { item { id } } } } } }", "deep"},
	} {
		got := server.do(t, post(body(t, c.query, nil), "Accept", responseJSON))
		if c.says == "" && got.Errors != nil && !strings.Contains(got.message(), "operationName") {
			t.Errorf("%s: %s", c.name, got.raw)
		}
		if c.says != "" && (got.StatusCode != http.StatusBadRequest || got.code() != code.GraphQLValidationFailed ||
			!strings.Contains(got.message(), c.says)) {
			t.Errorf("%s: %d %s; want %q", c.name, got.StatusCode, got.raw, c.says)
		}
	}
}

func TestAllExceededLimitsAreNamed(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{Limits: graphqlhttp.Limits{Depth: 1, Fields: 1}})
	if got := server.do(t, post(body(t, nested(3), nil))); len(got.Errors) != 2 {
		t.Errorf("%s", got.raw)
	}
}

// introspection is the query that graphql-js makes, with all of its options.
const introspection = `query IntrospectionQuery { __schema { description
	queryType { name kind } mutationType { name kind } subscriptionType { name kind } types { ...FullType }
	directives { name description isRepeatable locations args(includeDeprecated: true) { ...InputValue } } } }
fragment FullType on __Type { kind name description specifiedByURL isOneOf
	fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue }
		type { ...TypeRef } isDeprecated deprecationReason }
	inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef }
	enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name
	ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } } }`

func TestIntrospectionQueryPassesTheDefaults(t *testing.T) {
	t.Parallel()
	if got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, introspection, nil))); got.Errors != nil {
		t.Errorf("%s", got.raw)
	}
}

func TestUnknownOperation(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for request, says := range map[string]string{
		`{"query":"query A{__typename} query B{__typename}"}`:               "2 operations: operationName must say which",
		`{"query":"query A{__typename}","operationName":"B"}`:               `no operation "B"`,
		`{"query":"{__typename}","operationName":"B"}`:                      `no operation "B"`,
		`{"query":"{__typename} query B{__typename}"}`:                      "2 operations",
		`{"query":"fragment A on Query {__typename}"}`:                      "no operation",
		`{"query":" # nothing "}`:                                           "no operation",
		`{"query":"{a}","operationName":"` + strings.Repeat("é", 99) + `"}`: `"` + strings.Repeat("é", 60) + `…"`,
	} {
		got := server.do(t, post(request))
		if !strings.Contains(got.message(), says) || got.code() != code.GraphQLValidationFailed {
			t.Errorf("%s: %s; want %q", request, got.raw, says)
		}
	}
}
