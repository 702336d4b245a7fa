package graphqlhttp_test

import (
	"strings"
	"testing"

	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

func manifest(operations string) string {
	return `{"format":"apollo-persisted-query-manifest","version":1,"operations":[` + operations + `]}`
}

func TestParseOperations(t *testing.T) {
	t.Parallel()
	const text = "query A { __typename }"
	good := `{"id":"` + sha(text) + `","name":"A","type":"query","body":"` + text + `"}`
	for _, c := range []struct{ name, list, says string }{
		{"an object", `{"` + sha(text) + `":"` + text + `"}`, ""},
		{"a manifest", manifest(good), ""},
		{"a manifest with more in it", strings.Replace(manifest(good), "{", `{"x":1,`, 1), ""},
		{"no JSON", `{`, "no JSON object"},
		{"a list", `[]`, "no JSON object"},
		{"a name twice", `{"a":"x","a":"x"}`, "duplicate"},
		{"nothing", `{}`, "empty"},
		{"a manifest of nothing", manifest(""), "empty"},
		{"another version", strings.Replace(manifest(good), ":1,", ":2,", 1), "version 2; known is"},
		{"another format", strings.Replace(manifest(good), "apollo", "other", 1), `"other-persisted-query-manifest"`},
		{"an operation twice", manifest(good + "," + good), `operations[1] ("A"): it is listed twice`},
		{"another's id", manifest(strings.Replace(good, "query A", "query B", 1)), "must be the SHA-256 of its text, " + sha("query B { __typename }")},
		{"another's hash", `{"` + sha("x") + `":"` + text + `"}`, "must be the SHA-256"},
		{"no hash", `{"A":"` + text + `"}`, `operation "A"`},
		{"no text", `{"` + sha(text) + `":5}`, "must map each SHA-256 to a text"},
		{"no GraphQL", `{"` + sha("{") + `":"{"}`, "no GraphQL"},
	} {
		list, err := graphqlhttp.ParseOperations([]byte(c.list))
		if c.says == "" && (err != nil || list.Len() != 1) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v; want %q", c.name, err, c.says)
		}
	}
}
