package graphqlhttp_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// variable sends one variable of a type to the argument of echo that has this type, and returns what arrived there as JSON.
func variable(t *testing.T, server *api, argument, declared, value string) (arrived string, a answer) {
	t.Helper()
	request := `{"query":"query($v: ` + declared + `) { echo(` + argument + `: $v) }","variables":{"v":` + value + `}}`
	if value == "" {
		request = strings.Replace(request, `"v":`, "", 1)
	}
	got := server.do(t, post(request))
	if got.Errors != nil {
		return "", got
	}
	var arguments map[string]json.RawMessage
	if err := json.Unmarshal([]byte(got.Data["echo"].(string)), &arguments); err != nil {
		t.Fatal(err)
	}
	return string(arguments[argument]), got
}

func TestVariablesAreTaken(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, c := range []struct{ argument, declared, value, want string }{
		{"int", "Int", `5`, `5`},
		{"int", "Int", `5.0`, `5`},
		{"int", "Int", `5e2`, `500`},
		{"int", "Int", `-2147483648`, `-2147483648`},
		{"int", "Int", `2147483647`, `2147483647`},
		{"int", "Int", `null`, `null`},
		{"int", "Int", ``, ``},
		{"int", "Int = 3", ``, `3`},
		{"int", "Int = 3", `null`, `null`},
		{"int", "Int! = 3", ``, `3`},
		{"need", "Int", ``, `7`},
		{"float", "Float", `5`, `5`},
		{"float", "Float", `5.5`, `5.5`},
		{"float", "Float", `1e300`, `1e+300`},
		{"text", "String", `"5"`, `"5"`},
		{"flag", "Boolean", `true`, `true`},
		{"id", "ID", `"x"`, `"x"`},
		{"id", "ID", `5`, `"5"`},
		{"id", "ID", `123456789012345678901234567890`, `"123456789012345678901234567890"`},
		{"level", "Level", `"LOW"`, `"LOW"`},
		{"ints", "[Int!]", `[1, 2]`, `[1,2]`},
		{"ints", "[Int!]", `1`, `[1]`},
		{"ints", "[Int!]", `[]`, `[]`},
		{"nested", "[[Int]]", `1`, `[[1]]`},
		{"nested", "[[Int]]", `[1, null, [2, null]]`, `[[1],null,[2,null]]`},
		{"box", "Box", `{"name":"a"}`, `{"name":"a"}`},
		{
			"box", "Box", `{"name":"a","size":2,"inner":{"name":"b","levels":"HIGH"}}`,
			`{"inner":{"levels":["HIGH"],"name":"b"},"name":"a","size":2}`,
		},
		{"box", "Box", `{"name":"a","inner":null}`, `{"inner":null,"name":"a"}`},
		{"choice", "Choice", `{"a":1}`, `{"a":1}`},
		{"any", "Any", `{"a":[1.50,"x",null]}`, `{"a":[1.50,"x",null]}`},
		{"any", "Any", `123456789012345678901234567890`, `123456789012345678901234567890`},
	} {
		arrived, got := variable(t, server, c.argument, c.declared, c.value)
		if got.Errors != nil {
			t.Errorf("%s = %s: %s", c.declared, c.value, got.raw)
		} else if diff := cmp.Diff(c.want, arrived); diff != "" {
			t.Errorf("%s = %s arrives as %s, want %s", c.declared, c.value, arrived, c.want)
		}
	}
}

func TestVariablesAreRefused(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	long := strings.Repeat("é", 200)
	for _, c := range []struct{ argument, declared, value, says string }{
		{"int", "Int", `"5"`, `$v: expected an Int, a whole number of 32 bits, got "5"`},
		{"int", "Int", `5.5`, `got 5.5`},
		{"int", "Int", `2147483648`, `got 2147483648`},
		{"int", "Int", `-2147483649`, `got -2147483649`},
		{"int", "Int", `1e999`, `got 1e999`},
		{"int", "Int", `true`, `got true`},
		{"int", "Int", `{}`, `got an object`},
		{"int", "Int", `[1]`, `got a list`},
		{"int", "Int!", `null`, `$v: expected Int!, got null`},
		{"int", "Int!", ``, `$v: a value of type Int! is required`},
		{"float", "Float", `"5.5"`, `a Float, a number, got "5.5"`},
		{"float", "Float", `1e999`, `got 1e999`},
		{"text", "String", `5`, `expected a String, got 5`},
		{"text", "String", `["a"]`, `got a list`},
		{"flag", "Boolean", `"true"`, `expected a Boolean, got "true"`},
		{"flag", "Boolean", `1`, `got 1`},
		{"id", "ID", `5.5`, `an ID, a string or a whole number, got 5.5`},
		{"id", "ID", `true`, `got true`},
		{"level", "Level", `"low"`, `expected a value of Level, got "low"`},
		{"level", "Level", `0`, `got 0`},
		{"level", "Level", `"` + long + `"`, `got "` + strings.Repeat("é", 60) + `…"`},
		{"ints", "[Int!]", `[1, "2"]`, `$v[1]: expected an Int`},
		{"ints", "[Int!]", `[1, null]`, `$v[1]: expected Int!, got null`},
		{"ints", "[Int!]", `"1"`, `$v: expected an Int`},
		{"nested", "[[Int]]", `[[1], ["x"]]`, `$v[1][0]: expected an Int`},
		{"box", "Box", `5`, `$v: expected Box, got 5`},
		{"box", "Box", `[{"name":"a"}, {"name":"b"}]`, `got a list`},
		{"box", "Box", `{}`, `$v.name: a value of type String! is required`},
		{"box", "Box", `{"name":null}`, `$v.name: expected String!, got null`},
		{"box", "Box", `{"name":"a","size":null}`, `$v.size: expected Int!, got null`},
		{"box", "Box", `{"name":"a","none":1}`, `$v.none: Box has no such field`},
		{"box", "Box", `{"name":"a","__typename":"Box"}`, `no such field`},
		{"box", "Box", `{"name":"a","` + long + `":1}`, `$v.` + strings.Repeat("é", 60) + `…: Box`},
		{"box", "Box", `{"name":"a","inner":{"name":"b","levels":["HIGH","NO"]}}`, `$v.inner.levels[1]: expected a value of Level, got "NO"`},
		{"choice", "Choice", `{}`, `exactly one`},
		{"choice", "Choice", `{"a":1,"b":2}`, `exactly one`},
		{"choice", "Choice", `{"a":null}`, `exactly one`},
	} {
		_, got := variable(t, server, c.argument, c.declared, c.value)
		if !strings.Contains(got.message(), c.says) || got.code() != code.BadUserInput || strings.Contains(got.raw, `"data"`) {
			t.Errorf("%s = %s: %s; want %q", c.declared, c.value, got.raw, c.says)
		}
	}
}

func TestEachWrongVariableIsNamed(t *testing.T) {
	t.Parallel()
	query := "query($a: Int, $b: [Int], $c: Int!) {\n echo(int: $a) x: echo(nested: [$b]) y: echo(need: $c) }"
	got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, query, map[string]any{"a": "1", "b": []any{"1", "2"}})))
	if len(got.Errors) != 3 || got.Errors[0].Locations[0].Column != 7 {
		t.Errorf("%s", got.raw)
	}
}

func TestVariablesThatAreNotDeclaredAreIgnored(t *testing.T) {
	t.Parallel()
	got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, "{ __typename }", map[string]any{"none": map[string]any{"a": 1}})))
	if got.Errors != nil {
		t.Errorf("%s", got.raw)
	}
}

func TestNullWhereNoneIsAllowed(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, query := range []string{
		"query($v: Boolean = true) { __typename @skip(if: $v) }",
		"query($v: Boolean = true) { ... @include(if: $v) { __typename } }",
		"query($v: Boolean = true) { ...F @include(if: $v) } fragment F on Query { __typename }",
	} {
		got := server.do(t, post(`{"query":`+quote(query)+`,"variables":{"v":null}}`))
		if !strings.HasPrefix(got.message(), "$v: null was given") || got.code() != code.BadUserInput {
			t.Errorf("%s: %s", query, got.raw)
		}
		if got := server.do(t, post(`{"query":`+quote(query)+`}`)); got.Errors != nil {
			t.Errorf("%s, without the variable: %s", query, got.raw)
		}
	}
	for _, allowed := range []string{
		"query($v: Int) { echo(int: $v) }",
		"query($v: Int) { echo(need: $v) }", // the field's own error, not the request's
		"query($v: Boolean = true) { __typename item @skip(if: true) { name @skip(if: $v) } }",
		"query($v: Boolean = true) { __typename ... @include(if: false) { item { name @include(if: $v) } } }",
	} {
		if got := server.do(t, post(`{"query":`+quote(allowed)+`,"variables":{"v":null}}`)); got.Errors != nil {
			t.Errorf("%s: %s", allowed, got.raw)
		}
	}
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}
