package graphqlhttp_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

// list is a JSON list of n elements.
func list(n int, element string) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

// TestManyValues: what they would come to is refused before any is built, by POST and by GET alike.
func TestManyValues(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	const query = "query($v: Any) { echo(any: $v) }"
	for _, c := range []struct {
		name, variables string
		says            string // empty: it runs
	}{
		{"a thousand representations", `{"v":` + list(1000, `{"__typename":"DifyApp","id":"x","a":1,"b":null,"c":[true]}`) + `}`, ""},
		{"values", `{"v":` + list(9997, "0") + `}`, ""}, // with the query, their list and the object around it
		{"a value too many", `{"v":` + list(10_000, "0") + `}`, "more than 10000 values"},
		{"undeclared ones", `{"none":` + list(10_000, "{}") + `}`, "more than 10000 values"},
		{"members", `{"v":{` + strings.TrimSuffix(numbered(10_000, `"a%d":0,`), ",") + `}}`, "more than 10000 values"},
		{"deep", `{"v":` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, ""},
		{"too deep", `{"v":` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `}`, "nested too deep"},
		{"undeclared and too deep", `{"none":` + strings.Repeat(`{"a":`, 33) + "0" + strings.Repeat("}", 33) + `}`, "nested too deep"},
		{"deep and cut", `{"v":` + strings.Repeat("[", 20_000), "nested too deep"},
		{"a number of very many digits", `{"v":` + strings.Repeat("9", 900_000) + `}`, ""},
		{"very many escapes", `{"v":"` + strings.Repeat(`\u0041`, 100_000) + `"}`, ""},
	} {
		byPost := server.do(t, post(`{"query":`+quote(query)+`,"variables":`+c.variables+`}`))
		byGet := server.do(t, get(url.Values{"query": {query}, "variables": {c.variables}}))
		for way, got := range map[string]answer{"POST": byPost, "GET": byGet} {
			refused := c.says != ""
			if refused != (got.StatusCode == http.StatusBadRequest && got.code() == code.BadUserInput) ||
				!strings.Contains(got.message(), c.says) || !refused && got.Errors != nil {
				t.Errorf("%s, %s: %d %.200s; want %q", way, c.name, got.StatusCode, got.raw, c.says)
			}
		}
	}
}

func TestMistakesInUndeclaredVariablesAreFound(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for variables, says := range map[string]string{
		`{"none":{"a":1,"a":2}}`:                          "a name twice",
		`{"none":[{"a":{"b":0,"\u0062":1}}]}`:             "a name twice",
		`{"none":[1,]}`:                                   "no valid JSON",
		`{"none":"\ud800"}`:                               "no valid JSON",
		`{"none":` + strings.Repeat(`[`, 5) + `}`:         "no valid JSON",
		`{"none":[` + strings.Repeat(`"x",`, 99) + `nul]`: "no valid JSON",
	} {
		got := server.do(t, post(`{"query":"{__typename}","variables":`+variables+`}`))
		if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.message(), says) {
			t.Errorf("%s: %d %s", variables, got.StatusCode, got.raw)
		}
		if got := server.do(t, get(url.Values{"query": {"{__typename}"}, "variables": {variables}})); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s by GET: %d %s", variables, got.StatusCode, got.raw)
		}
	}
}

func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

func TestOnlyDeclaredVariablesArrive(t *testing.T) {
	t.Parallel()
	got := serve(t, graphqlhttp.Options{}).do(t, post(
		`{"variables":{"a":{"x":[1]},"v":{"y":[2,{"z":null}]},"b":1},"query":"query($v: Any) { echo(any: $v) }"}`))
	if got.Errors != nil || !strings.Contains(got.Data["echo"].(string), `"any":{"y":[2,{"z":null}]}`) {
		t.Errorf("%s", got.raw)
	}
}

// TestUsesOfValues: what a variable holds counts wherever it is used, and so do long texts and the document's own values.
func TestUsesOfValues(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{Limits: graphqlhttp.Limits{ValueUses: 100}})
	aliased := func(n int, field string) string { return numbered(n, "a%d: "+field+" ") }
	for _, c := range []struct{ name, query, value, says string }{
		{"a list once", "query($v: Any) { echo(any: $v) }", list(99, "1"), ""},
		{"a value too many", "query($v: Any) { echo(any: $v) }", list(100, "1"), "come to 101 values"},
		{"a list at four aliases", "query($v: Any) {" + aliased(4, "echo(any: $v)") + "}", list(24, "1"), ""},
		{"a list at five aliases", "query($v: Any) {" + aliased(5, "echo(any: $v)") + "}", list(24, "1"), "come to 125 values"},
		{"a list in a list", "query($v: Any) { echo(any: [$v, {a: $v}]) }", list(49, "1"), "come to 102 values"},
		{
			"in a fragment that is spread often",
			"query($v: Any) { ...A ...A ...A } fragment A on Query { ...B ...B } fragment B on Query { echo(any: $v) }", list(16, "1"), "102 values",
		},
		{"in a directive", "query($v: Boolean!) {" + strings.Repeat("__typename @skip(if: $v) ", 20) + "}", "false", ""},
		{"a default", "query($v: Any = " + list(60, "1") + ") { a: echo(any: $v) b: echo(any: $v) }", "", "122 values"},
		{"a text", "query($v: String) {" + aliased(10, "echo(text: $v)") + "}", `"` + strings.Repeat("x", 256*9) + `"`, ""},
		{"a longer text", "query($v: String) {" + aliased(10, "echo(text: $v)") + "}", `"` + strings.Repeat("x", 256*10) + `"`, "110 values"},
		{"a number", "query($v: Any) {" + aliased(10, "echo(any: $v)") + "}", strings.Repeat("9", 256*10), "110 values"},
		{"values of the document", "{ ...A ...A } fragment A on Query { echo(ints: " + list(60, "1") + ") }", "", "122 values"},
	} {
		request := `{"query":` + quote(c.query) + `,"variables":{"v":` + c.value + `}}`
		if c.value == "" {
			request = `{"query":` + quote(c.query) + `}`
		}
		got := server.do(t, post(request))
		if c.says == "" && got.Errors != nil {
			t.Errorf("%s: %s", c.name, got.raw)
		}
		if c.says != "" && (!strings.Contains(got.message(), c.says) || got.code() != code.BadUserInput) {
			t.Errorf("%s: %.300s; want %q", c.name, got.raw, c.says)
		}
	}
}

func TestBytesAreChargedBeforeTheyAreDecoded(t *testing.T) {
	t.Parallel()
	var charged []int
	server := serve(t, graphqlhttp.Options{Charge: func(_ context.Context, bytes int, _ bool) *gqlerror.Error {
		if charged = append(charged, bytes); bytes < 100 {
			return nil
		}
		return &gqlerror.Error{Message: "spent", Extensions: map[string]any{"code": "RATE_LIMITED", "retryAfter": 3}}
	}})
	if got := server.do(t, post(typename)); got.Errors != nil {
		t.Errorf("%s", got.raw)
	}
	byGet := get(url.Values{"query": {"{__typename}"}})
	if got := server.do(t, byGet); got.Errors != nil {
		t.Errorf("%s", got.raw)
	}
	refused := server.do(t, post("no JSON"+strings.Repeat(" ", 200)))
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "3" || refused.code() != "RATE_LIMITED" {
		t.Errorf("%d %s", refused.StatusCode, refused.raw)
	}
	if got := fmt.Sprint(charged); got != fmt.Sprint([]int{len(typename), len(byGet.URL.RawQuery), 207}) {
		t.Errorf("charged for %s bytes", got)
	}
}

// TestLongHeadersAreNotRead: a request with one is refused, whoever refuses it, and in the plain media type.
func TestLongHeadersAreNotRead(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	long := strings.Repeat("a/b, ", 500)
	for _, name := range []string{"Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Connection", "Upgrade"} {
		for _, lines := range [][]string{{long}, strings.SplitAfter(long, ", ")} {
			r := post(typename, "Accept", responseJSON)
			r.Header[name] = lines
			got := server.do(t, r)
			if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.message(), "the header "+name+" is longer than 2048 bytes") {
				t.Errorf("%s in %d lines: %d %s", name, len(lines), got.StatusCode, got.raw)
			}
		}
	}
	r := post(typename, "Accept", long+responseJSON, "Accept-Encoding", "gzip, "+long)
	recorder := httptest.NewRecorder()
	server.transport.Refuse(recorder, r, http.StatusUnauthorized, &gqlerror.Error{Message: strings.Repeat("who? ", 500)})
	if got := recorder.Header(); got.Get("Content-Type") != "application/json; charset=utf-8" || got.Get("Content-Encoding") != "" {
		t.Errorf("refused by another handler: %v", got)
	}
}

// TestManyDocumentsOfOneCallerLeaveTheOthersTheirs: what is asked for now and then outlives twice as many texts in between as
// are kept. Their first reads may find them forgotten: how often a text is asked for is not noted before the cache is half full.
func TestManyDocumentsOfOneCallerLeaveTheOthersTheirs(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{Persisted: graphqlhttp.Persisted{AutomaticBytes: 100_000}})
	text := func(name string, i int) string {
		return fmt.Sprintf("{ %s%d: __typename } #", name, i) + strings.Repeat("x", 1000)
	}
	forgotten := 0
	for i := range 4000 {
		flood := text("flood", i)
		if got := server.do(t, post(persistedBody(sha(flood), flood))); got.Errors != nil {
			t.Fatal(got.raw)
		}
		if i%20 > 0 {
			continue
		}
		polite := text("polite", i/20%10)
		if got := server.do(t, post(persistedBody(sha(polite), ""))); got.Errors == nil {
			continue
		} else if i >= 2000 {
			forgotten++
		}
		server.do(t, post(persistedBody(sha(polite), polite)))
	}
	if forgotten > 10 {
		t.Errorf("%d of 100 texts that are asked for were forgotten", forgotten)
	}
}
