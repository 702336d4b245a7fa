package graphqlhttp_test

import (
	"strings"
	"testing"

	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// TestWrongEnumValues: the message names the enum, also where a list of it is expected, and what could be meant.
func TestWrongEnumValues(t *testing.T) {
	t.Parallel()
	loud, quiet := serve(t, graphqlhttp.Options{}), serve(t, graphqlhttp.Options{NoSuggestions: true})
	long := strings.Repeat("A", 65)
	for literal, want := range map[string][2]string{
		`level: LOWW`:                        {`Value "LOWW" does not exist in "Level" enum.`, ` Did you mean LOW?`},
		`level: OTHER`:                       {`Value "OTHER" does not exist in "Level" enum.`, ` Its values are LOW, HIGH.`},
		`level: ` + long:                     {`Value "` + long + `" does not exist in "Level" enum.`, ` Its values are LOW, HIGH.`},
		`level: "HIGH"`:                      {`Enum "Level" cannot represent non-enum value: "HIGH".`, ` Did you mean HIGH?`},
		`level: 1`:                           {`Enum "Level" cannot represent non-enum value: 1.`, ` Its values are LOW, HIGH.`},
		`box: {name: "a", levels: LOWW}`:     {`Value "LOWW" does not exist in "Level" enum.`, ` Did you mean LOW?`},
		`box: {name: "a", levels: [LOW, X]}`: {`Value "X" does not exist in "Level" enum.`, ` Its values are LOW, HIGH.`},
		`box: {name: "a", levels: true}`:     {`Enum "Level" cannot represent non-enum value: true.`, ` Its values are LOW, HIGH.`},
		`box: {name: "a", levels: {}}`:       {`Expected value of type "Level", found an object.`, ``},
	} {
		request := post(body(t, `{ echo(`+literal+`) }`, nil))
		if got := loud.do(t, request); len(got.Errors) != 1 || got.message() != want[0]+want[1] {
			t.Errorf("%s: %s", literal, got.raw)
		}
		request = post(body(t, `{ echo(`+literal+`) }`, nil))
		if got := quiet.do(t, request); len(got.Errors) != 1 || got.message() != want[0] {
			t.Errorf("%s, without suggestions: %s", literal, got.raw)
		}
	}
}

// TestWrongEnumValuesInVariables are told in the same way.
func TestWrongEnumValuesInVariables(t *testing.T) {
	t.Parallel()
	loud, quiet := serve(t, graphqlhttp.Options{}), serve(t, graphqlhttp.Options{NoSuggestions: true})
	for value, want := range map[string]string{
		`"LOWW"`: ` Did you mean LOW?`, `"low"`: ` Did you mean LOW?`, `"other"`: ` Its values are LOW, HIGH.`, `1`: ` Its values are LOW, HIGH.`, `{}`: ` Its values are LOW, HIGH.`,
	} {
		_, got := variable(t, loud, "level", "Level", value)
		_, short := variable(t, quiet, "level", "Level", value)
		if !strings.HasPrefix(got.message(), "$v: expected a value of Level, got ") || got.message() != short.message()+want {
			t.Errorf("%s: %s; without suggestions: %s", value, got.raw, short.raw)
		}
	}
}
