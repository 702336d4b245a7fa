package graphqlhttp_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// FuzzRequest sends bodies with what else a request has. Whatever comes, the answer is one JSON object with data or errors,
// and one that never ran says so without the key data.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{
		typename, "", "[" + typename + "]", typename + typename, `{"query":"{`, "{\"query\":\"\xff\"}",
		`{"query":"query($v: Box) { echo(box: $v) }","variables":{"v":{"name":"a","levels":["LOW"]}}}`,
		`{"query":"{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"}`,
		`{"query":"query A { fail(times: 3) } query B { __typename }","operationName":"A"}`,
		persistedBody(sha("{__typename}"), "{__typename}"), persistedBody(sha("{__typename}"), ""),
		`{"query":"{ echo(any: {a: [1e999]}) }"}`, `{"query":"query($v: [[Int]] = [1]) { echo(nested: $v) }","variables":{"v":[null]}}`,
	} {
		f.Add(body, "*/*", "application/json")
	}
	f.Add(typename, "application/graphql-response+json;q=0.5, */*;q=0.1", "application/json; charset=utf-8")
	server := serve(f, graphqlhttp.Options{})
	f.Fuzz(func(t *testing.T, body, accept, contentType string) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header.Set("Accept", accept)
		r.Header.Set("Content-Type", contentType)
		recorder := httptest.NewRecorder()
		server.ServeHTTP(recorder, r)
		raw := recorder.Body.Bytes()
		var answer map[string]json.RawMessage
		if err := json.Unmarshal(raw, &answer); err != nil || !utf8.Valid(raw) {
			t.Fatalf("%v: %q", err, raw)
		}
		if answer["errors"] == nil && answer["data"] == nil || recorder.Code >= 400 && answer["data"] != nil {
			t.Fatalf("%d %s", recorder.Code, raw)
		}
	})
}
