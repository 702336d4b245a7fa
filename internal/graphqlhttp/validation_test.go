package graphqlhttp_test

import (
	"strings"
	"testing"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

func TestLiteralsAreStrict(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for argument, says := range map[string]string{
		`int: 2147483647`:                      "",
		`int: -2147483648`:                     "",
		`int: 2147483648`:                      "32-bit",
		`int: 99999999999999999999`:            "32-bit",
		`int: 5.0`:                             "Int cannot",
		`int: "5"`:                             "Int cannot",
		`int: {}`:                              "found an object",
		`ints: [1, 2147483648]`:                "32-bit",
		`ints: 2147483648`:                     "32-bit",
		`float: 5`:                             "",
		`float: 1e999`:                         "Float cannot",
		`float: "1"`:                           "Float cannot",
		`flag: {}`:                             "found an object",
		`flag: 1`:                              "Boolean cannot",
		`flag: "true"`:                         "Boolean cannot",
		`text: 5`:                              "String cannot",
		`text: A`:                              "String cannot",
		`id: 5`:                                "",
		`id: 5.5`:                              "ID cannot",
		`level: LOW`:                           "",
		`level: low`:                           "does not exist",
		`level: "LOW"`:                         "non-enum value",
		`level: {}`:                            "found an object",
		`level: 1`:                             "non-enum value",
		`box: {name: "a", levels: LOW}`:        "",
		`box: {name: "a", levels: {}}`:         "found an object",
		`box: {size: 5}`:                       "required type",
		`box: {name: null}`:                    "found null",
		`box: {name: "a", size: 2147483648}`:   "32-bit",
		`box: {name: "a", none: 1}`:            "not defined",
		`box: {name: "a", name: "b"}`:          "only one input field",
		`box: "a"`:                             "Expected value",
		`need: null`:                           "found null",
		`any: {a: [1, {b: 9007199254740993}]}`: "",
		`any: 99999999999999999999`:            "out of range",
		`any: {a: [99999999999999999999]}`:     "out of range",
		`any: {a: 1e999}`:                      "out of range",
		`choice: {a: 1}`:                       "",
		`choice: {a: 1, b: 2}`:                 "exactly one",
	} {
		got := server.do(t, post(body(t, "{ echo("+argument+") }", nil)))
		if says == "" && got.Errors != nil {
			t.Errorf("%s: %s", argument, got.raw)
		}
		if says != "" && (!strings.Contains(got.message(), says) || got.code() != code.GraphQLValidationFailed) {
			t.Errorf("%s: %s; want %q", argument, got.raw, says)
		}
	}
}

func TestErrorsOfDocumentsSayWhere(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for query, want := range map[string]code.Code{
		"{\n  none }": code.GraphQLValidationFailed,
		"{\n  }":      code.GraphQLParseFailed,
	} {
		got := server.do(t, post(body(t, query, nil)))
		if got.code() != want || len(got.Errors[0].Locations) != 1 || got.Errors[0].Locations[0].Line != 2 {
			t.Errorf("%q: %s", query, got.raw)
		}
	}
}

func TestSuggestionsCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"{ ite }", "{ item }", "{ echo(integer: 1) }", `{ echo(level: "LOWW") }`, "{ echo(level: LOWW) }",
		"{ ... on Quer { item { id } } }", "query($b: Boxx) { echo(box: $b) }", "{ echo(box: {nam: 1}) }",
		"{ item { id @skip(iff: true) } }", "{ __typename { id } }", "{ item { id { x } } }",
	} {
		r := body(t, query, nil)
		loud := serve(t, graphqlhttp.Options{}).do(t, post(r))
		quiet := serve(t, graphqlhttp.Options{NoSuggestions: true}).do(t, post(r))
		if loud.Errors == nil || quiet.Errors == nil {
			t.Fatalf("%s is valid", query)
		}
		if strings.Contains(quiet.raw, "Did you mean") {
			t.Errorf("%s: %s", query, quiet.raw)
		}
	}
	if loud := serve(t, graphqlhttp.Options{}).do(t, post(body(t, "{ ite }", nil))); !strings.Contains(loud.raw, `Did you mean \"item\"?`) {
		t.Errorf("no suggestion: %s", loud.raw)
	}
}

func TestIntrospectionCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	on, off := serve(t, graphqlhttp.Options{}), serve(t, graphqlhttp.Options{NoIntrospection: true})
	for query, refused := range map[string]bool{
		`{ __schema { queryType { name } } }`:                               true,
		`{ a: __type(name: "Query") { name } }`:                             true,
		`{ ...F } fragment F on Query { ... { __schema { description } } }`: true,
		`{ __typename item { __typename } }`:                                false,
	} {
		if got := off.do(t, post(body(t, query, nil))); (got.Errors != nil) != refused ||
			refused && !strings.Contains(got.message(), "introspection is switched off") {
			t.Errorf("%s, switched off: %s", query, got.raw)
		}
		if got := on.do(t, post(body(t, query, nil))); got.Errors != nil {
			t.Errorf("%s: %s", query, got.raw)
		}
	}
}
