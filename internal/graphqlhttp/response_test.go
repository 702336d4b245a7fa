package graphqlhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

func TestCompression(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	large, small := body(t, "{ long(bytes: 5000) }", nil), typename
	for _, c := range []struct{ accept, body, want string }{
		{"gzip", large, "gzip"},
		{"GZIP, deflate, br", large, "gzip"},
		{"x-gzip", large, "gzip"},
		{"gzip;q=0.1", large, "gzip"},
		{"identity;q=0.5, gzip;q=0.5", large, "gzip"},
		{"br, *;q=0.1", large, "gzip"},
		{"gzip, deflate, br, zstd", large, "zstd"},
		{"zstd;q=0.5, gzip", large, "gzip"},
		{"zstd, *", large, "zstd"},
		{"zstd;q=0, gzip", large, "gzip"},
		{"zstd", large, "zstd"},
		{"zstd", small, ""},
		{"gzip", small, ""},
		{"", large, ""},
		{"br", large, ""},
		{"gzip;q=0", large, ""},
		{"gzip;q=0, *", large, ""},
		{"*, gzip;q=0", large, ""},
		{"gzip;q=0.5, zstd;q=0.7, identity", large, ""},
	} {
		got := server.do(t, post(c.body, "Accept-Encoding", c.accept))
		if coding := got.Header.Get("Content-Encoding"); coding != c.want {
			t.Errorf("Accept-Encoding %q: the answer is %q", c.accept, coding)
		}
		if c.body == large && len(got.Data["long"].(string)) != 5000 {
			t.Errorf("Accept-Encoding %q: the data is not whole", c.accept)
		}
		if got.Header.Get("Vary") != "Accept, Accept-Encoding" {
			t.Errorf("Vary %q", got.Header.Get("Vary"))
		}
	}
}

// TestLargeAnswersAreCompressedWhileTheyAreSent, and so have no length.
func TestLargeAnswersAreCompressedWhileTheyAreSent(t *testing.T) {
	t.Parallel()
	got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, "{ long(bytes: 1000000) }", nil), "Accept-Encoding", "gzip"))
	if text, _ := got.Data["long"].(string); got.Header.Get("Content-Encoding") != "gzip" || got.Header.Get("Content-Length") != "" || len(text) != 1_000_000 {
		t.Errorf("%v, %d bytes", got.Header, len(text))
	}
}

func TestContentLengthIsThatOfTheBody(t *testing.T) {
	t.Parallel()
	socket := httptest.NewServer(serve(t, graphqlhttp.Options{}))
	t.Cleanup(socket.Close)
	for _, request := range []*http.Request{
		post(body(t, "{ long(bytes: 200000) }", nil)),
		post(body(t, "{ long(bytes: 200000) }", nil), "Accept-Encoding", "gzip"),
		post(body(t, "{ none }", nil)),
		post("no JSON"),
		post(typename, "Accept", "text/html"),
		httptest.NewRequest(http.MethodPut, "/", nil),
	} {
		sent, err := http.NewRequestWithContext(t.Context(), request.Method, socket.URL, request.Body)
		if err != nil {
			t.Fatal(err)
		}
		sent.Header = request.Header
		resp, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(sent)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		if err != nil || resp.Header.Get("Content-Length") != strconv.Itoa(len(raw)) || resp.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d bytes, %v, %v", request.Method, len(raw), err, resp.Header)
		}
		_ = resp.Body.Close()
	}
}

func TestPartsOfAnswer(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for query, want := range map[string]string{
		"{ __typename }":   `{"data":{"__typename":"Query"}}`,
		"{ fail(times:1)}": `{"errors":[{"message":"failed"}],"data":{"fail":null}}`,
		"query COST_LIMIT_EXCEEDED { __typename }": `{"errors":[{"message":"refused",` +
			`"extensions":{"code":"COST_LIMIT_EXCEEDED","retryAfter":1.2}}]}`,
	} {
		if got := server.do(t, post(body(t, query, nil))); got.raw != want {
			t.Errorf("%s: %s, want %s", query, got.raw, want)
		}
	}
}

func TestManyErrorsAreCut(t *testing.T) {
	t.Parallel()
	got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, "{ fail(times: 250) }", nil)))
	if len(got.Errors) != 101 || got.Errors[100].Message != "150 more errors are left out" {
		t.Errorf("%d errors, the last %q", len(got.Errors), got.Errors[len(got.Errors)-1].Message)
	}
	if _, ok := got.Data["fail"]; !ok {
		t.Error("the data is left out too")
	}
}

func TestManyMistakesOfADocumentAreCut(t *testing.T) {
	t.Parallel()
	query := "{ item { " + strings.Repeat("none ", 30) + "} }"
	for set, shown := range map[int]int{10: 10, 0: 20, 100: 20} {
		got := serve(t, graphqlhttp.Options{MaxErrors: set}).do(t, post(body(t, query, nil)))
		if len(got.Errors) != shown+1 || got.Errors[shown].Message != "more errors are left out" {
			t.Errorf("%d errors, the last %q", len(got.Errors), got.Errors[len(got.Errors)-1].Message)
		}
		if last := got.Errors[len(got.Errors)-1]; code.OfExtensions(last.Extensions) != code.GraphQLValidationFailed {
			t.Errorf("the last is without its code: %v", last.Extensions)
		}
	}
}

func TestManyWrongVariablesAreCut(t *testing.T) {
	t.Parallel()
	for wrong, shown := range map[int]int{20: 20, 21: 21, 50: 21} {
		var declared, used strings.Builder
		for i := range wrong {
			fmt.Fprintf(&declared, "$v%d: Int! ", i)
			fmt.Fprintf(&used, "$v%d ", i)
		}
		got := serve(t, graphqlhttp.Options{}).do(t, post(body(t, "query("+declared.String()+") { echo(ints: ["+used.String()+"]) }", nil)))
		if last := got.Errors[len(got.Errors)-1].Message; len(got.Errors) != shown || (last == "more errors are left out") != (wrong > 20) {
			t.Errorf("%d errors for %d variables, the last %q", len(got.Errors), wrong, last)
		}
	}
}

func TestHeavyErrorsAreCut(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{MaxErrorBytes: 10_000})
	query := "{ " + strings.Repeat(`echo(level: "`+strings.Repeat("n", 2000)+`") `, 20) + "}"
	got := server.do(t, post(body(t, query, nil)))
	if len(got.raw) > 10_200 || !strings.HasSuffix(got.Errors[len(got.Errors)-1].Message, "more errors are left out") {
		t.Errorf("%d bytes, the last error %q", len(got.raw), got.Errors[len(got.Errors)-1].Message)
	}
	long := strings.Repeat("ö", 2000)
	for _, text := range []string{long, "x" + long} { // whose characters end at even and at odd bytes
		one := server.do(t, post(body(t, `{ echo(level: "`+text+`") }`, nil)))
		if n := len(one.message()); n > 1010 || !strings.HasSuffix(one.message(), "ö…") {
			t.Errorf("a message of %d bytes: %s", n, one.message())
		}
	}
}
