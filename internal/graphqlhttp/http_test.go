package graphqlhttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

const typename = `{"query":"{__typename}"}`

func TestAcceptChoosesMediaType(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, c := range []struct {
		accept []string
		want   string // empty: 406
	}{
		{nil, "application/json"},
		{[]string{""}, "application/json"},
		{[]string{"*/*"}, "application/json"},
		{[]string{"application/*"}, "application/json"},
		{[]string{"*; q=.2"}, "application/json"},
		{[]string{"application/json"}, "application/json"},
		{[]string{"APPLICATION/JSON; charset=UTF-8"}, "application/json"},
		{[]string{"application/json, text/plain, */*"}, "application/json"},
		{[]string{responseJSON}, responseJSON},
		{[]string{responseJSON + ", application/json"}, responseJSON},
		{[]string{"application/json, " + responseJSON}, responseJSON},
		{[]string{responseJSON + ";q=0.5, application/json"}, "application/json"},
		{[]string{responseJSON + ";q=0.5, application/json;q=0.4"}, responseJSON},
		{[]string{"application/json;q=0.1", responseJSON + ";q=0.2"}, responseJSON},
		{[]string{responseJSON + ";q=0, */*"}, "application/json"},
		{[]string{"application/json;q=0, */*"}, responseJSON},
		{[]string{"application/json;q=0.1, application/*;q=0.5, */*;q=0.9"}, responseJSON},
		{[]string{responseJSON + ", application/json, text/event-stream, multipart/mixed"}, responseJSON},
		{[]string{"text/event-stream, */*;q=0.1"}, "application/json"},
		{[]string{"text/html, application/json;q=2"}, ""},
		{[]string{"text/event-stream"}, ""},
		{[]string{"text/html"}, ""},
		{[]string{"application/json;q=0"}, ""},
		{[]string{"application/json;charset=latin1"}, ""},
		{[]string{"no type at all"}, ""},
	} {
		r := post(typename)
		r.Header["Accept"] = c.accept
		got := server.do(t, r)
		want, status := c.want, http.StatusOK
		if c.want == "" {
			want, status = "application/json", http.StatusNotAcceptable
		}
		if got.StatusCode != status || got.Header.Get("Content-Type") != want+"; charset=utf-8" {
			t.Errorf("Accept %q: %d, %s; want %d, %s", c.accept, got.StatusCode, got.Header.Get("Content-Type"), status, want)
		}
	}
}

func TestEventStreamAloneIsRefusedClearly(t *testing.T) {
	t.Parallel()
	got := serve(t, graphqlhttp.Options{}).do(t, post(typename, "Accept", "text/event-stream"))
	if got.StatusCode != http.StatusNotAcceptable || !strings.Contains(got.message(), "no subscription") {
		t.Errorf("%d %s", got.StatusCode, got.raw)
	}
}

func TestWebSocketIsRefusedClearly(t *testing.T) {
	t.Parallel()
	r := get(url.Values{"query": {"{__typename}"}}, "Connection", "keep-alive, Upgrade", "Upgrade", "WebSocket")
	got := serve(t, graphqlhttp.Options{}).do(t, r)
	if got.StatusCode != http.StatusBadRequest || !strings.Contains(got.message(), "no WebSocket") {
		t.Errorf("%d %s", got.StatusCode, got.raw)
	}
	if r := post(typename, "Upgrade", "h2c", "Connection", "Upgrade"); serve(t, graphqlhttp.Options{}).do(t, r).StatusCode != http.StatusOK {
		t.Error("an offer of another protocol is not passed over")
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, method := range []string{"PUT", "PATCH", "DELETE", "TRACE", "QUERY"} {
		got := server.do(t, httptest.NewRequest(method, "/graphql?query={__typename}", nil))
		if got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET, HEAD, OPTIONS, POST" {
			t.Errorf("%s: %d, Allow %q", method, got.StatusCode, got.Header.Get("Allow"))
		}
	}
	got := server.do(t, httptest.NewRequest(http.MethodOptions, "/graphql", nil))
	if got.StatusCode != http.StatusNoContent || got.Header.Get("Allow") != "GET, HEAD, OPTIONS, POST" || got.raw != "" {
		t.Errorf("OPTIONS: %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
}

func TestGetRunsQueriesAlone(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for range 2 { // the second time the document may be a kept one
		got := server.do(t, get(url.Values{"query": {"mutation { change }"}}))
		if got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "POST" {
			t.Errorf("mutation: %d %s", got.StatusCode, got.raw)
		}
		if got := server.do(t, post(`{"query":"mutation { change }"}`)); got.StatusCode != http.StatusOK || got.Errors != nil {
			t.Errorf("mutation by POST: %s", got.raw)
		}
	}
	two := url.Values{"query": {"query A { a: __typename } mutation B { change }"}, "operationName": {"A"}}
	if got := server.do(t, get(two)); got.Data["a"] != "Query" {
		t.Errorf("the query beside a mutation: %s", got.raw)
	}
	two.Set("operationName", "B")
	if got := server.do(t, get(two)); got.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("the mutation beside a query: %s", got.raw)
	}
}

// TestSubscriptionByGet: nobody is told to come by POST with what is not served by POST either.
func TestSubscriptionByGet(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	const text = "subscription { changed }"
	byGet, byPost := server.do(t, get(url.Values{"query": {text}})), server.do(t, post(body(t, text, nil)))
	if byGet.raw != byPost.raw || byGet.StatusCode != byPost.StatusCode || byGet.code() != code.GraphQLValidationFailed ||
		strings.Contains(byGet.message(), "POST") {
		t.Errorf("by GET: %d %s\nby POST: %d %s", byGet.StatusCode, byGet.raw, byPost.StatusCode, byPost.raw)
	}
}

// TestHead: its answer is that to GET, but for the body.
func TestHead(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(serve(t, graphqlhttp.Options{}))
	t.Cleanup(server.Close)
	for query, status := range map[string]int{"{__typename}": 200, "{none}": 400, "mutation { change }": 405} {
		at := server.URL + "/graphql?" + url.Values{"query": {query}}.Encode()
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r, err := http.NewRequestWithContext(t.Context(), method, at, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept", "application/graphql-response+json")
			got, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			read, err := io.ReadAll(got.Body)
			_ = got.Body.Close()
			if err != nil || got.StatusCode != status || (len(read) == 0) != (method == http.MethodHead) || got.Header.Get("Content-Type") == "" {
				t.Errorf("%s %s: %d %v, %d bytes", method, query, got.StatusCode, got.Header, len(read))
			}
		}
	}
}

func TestContentTypeAndEncoding(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, c := range []struct {
		contentType []string
		encoding    string
		want        int
	}{
		{[]string{"application/json"}, "", 200},
		{[]string{"Application/JSON; Charset=UTF-8"}, "", 200},
		{[]string{"application/json"}, "identity", 200},
		{nil, "", 415},
		{[]string{""}, "", 415},
		{[]string{"text/plain"}, "", 415},
		{[]string{"application/x-www-form-urlencoded"}, "", 415},
		{[]string{"multipart/form-data; boundary=x"}, "", 415},
		{[]string{"application/graphql"}, "", 415},
		{[]string{"application/json; charset=latin1"}, "", 415},
		{[]string{"application/json", "text/plain"}, "", 415},
		{[]string{"application/json"}, "gzip", 415},
	} {
		r := post(typename)
		r.Header["Content-Type"] = c.contentType
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		got := server.do(t, r)
		if got.StatusCode != c.want {
			t.Errorf("%q, encoding %q: %d, want %d", c.contentType, c.encoding, got.StatusCode, c.want)
		}
		if c.encoding == "gzip" && got.Header.Get("Accept-Encoding") != "identity" {
			t.Error("the refusal does not say which encoding is taken")
		}
	}
}

func TestStatusByCode(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, c := range []struct {
		operation   string
		plain, full int // application/json, application/graphql-response+json
	}{
		{"{", 200, 400},
		{"{ none }", 200, 400},
		{"{ fail(times: 1) }", 200, 200},
		{"query UNAUTHENTICATED { __typename }", 401, 401},
		{"query RATE_LIMITED { __typename }", 429, 429},
		{"query OVERLOADED { __typename }", 503, 503},
		{"query PANIC { __typename }", 500, 500},
		{"query COST_LIMIT_EXCEEDED { __typename }", 200, 400},
	} {
		for accept, want := range map[string]int{"application/json": c.plain, responseJSON: c.full} {
			got := server.do(t, post(body(t, c.operation, nil), "Accept", accept))
			if got.StatusCode != want {
				t.Errorf("%s as %s: %d, want %d", c.operation, accept, got.StatusCode, want)
			}
			if _, ok := got.Data["fail"]; strings.Contains(got.raw, `"data"`) != ok {
				t.Errorf("%s: data is there although nothing was executed, or is not: %s", c.operation, got.raw)
			}
			if strings.Contains(got.raw, "secret") {
				t.Errorf("%s: shows what it panicked with", c.operation)
			}
		}
	}
}

func TestRetryAfterIsRoundedUp(t *testing.T) {
	t.Parallel()
	got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, "query OVERLOADED { __typename }", nil)))
	if got.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q for 1.2 seconds", got.Header.Get("Retry-After"))
	}
}

func TestRefuseSpeaksGraphQL(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	recorder := httptest.NewRecorder()
	recorder.Header().Set("WWW-Authenticate", "Bearer")
	server.transport.Refuse(recorder, post(typename, "Accept", responseJSON), http.StatusUnauthorized, &gqlerror.Error{
		Message: "who are you?", Extensions: map[string]any{"code": "UNAUTHENTICATED", "retryAfter": 3},
	})
	const want = `{"errors":[{"message":"who are you?","extensions":{"code":"UNAUTHENTICATED","retryAfter":3}}]}`
	h := recorder.Header()
	if recorder.Code != 401 || recorder.Body.String() != want || h.Get("WWW-Authenticate") != "Bearer" ||
		h.Get("Retry-After") != "3" || h.Get("Content-Type") != responseJSON+"; charset=utf-8" {
		t.Errorf("%d %s %v", recorder.Code, recorder.Body, h)
	}
}

func TestOperationWithoutTimeLeft(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	got := server.do(t, post(body(t, "{ __typename }", nil)).WithContext(ctx))
	if got.StatusCode != http.StatusGatewayTimeout || got.code() != "OPERATION_TIMEOUT" {
		t.Errorf("%d %s", got.StatusCode, got.raw)
	}
}
