package graphqlhttp_test

import (
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, c := range []struct {
		name, body string
		want       int
		says       string
	}{
		{"plain", typename, 200, ""},
		{"with space around", " \n" + typename + " \r\n\t", 200, ""},
		{"other members", `{"query":"{__typename}","id":[1],"x":{"y":null}}`, 200, ""},
		{"nulls", `{"query":"{__typename}","operationName":null,"variables":null,"extensions":null}`, 200, ""},
		{"empty operation name", `{"query":"{__typename}","operationName":""}`, 200, ""},
		{"escapes", `{"query":"{__t\u0079pename}"}`, 200, ""},
		{"nothing", "", 400, "empty"},
		{"space alone", "  ", 400, "empty"},
		{"a cut object", `{"query":"{__typename}"`, 400, "JSON"},
		{"no JSON", `secret`, 400, "JSON"},
		{"a bad member", `{"query":secret}`, 400, "JSON"},
		{"two values", typename + typename, 400, "nothing after"},
		{"garbage behind", typename + "secret", 400, "nothing after"},
		{"a comma too many", `{"query":"{__typename}",}`, 400, "JSON"},
		{"a batch", "[" + typename + "]", 400, "batches"},
		{"an empty batch", "[]", 400, "batches"},
		{"a string", `"secret"`, 400, "object"},
		{"a number", `5`, 400, "object"},
		{"null", `null`, 400, "object"},
		{"a name twice", `{"query":"{__typename}","query":"{secret}"}`, 400, "twice"},
		{"a name twice within", `{"query":"{__typename}","variables":{"secret":1,"secret":2}}`, 400, "twice"},
		{"no query", `{"qeury":"{__typename}"}`, 400, "no query"},
		{"query null", `{"query":null}`, 400, "no query"},
		{"query empty", `{"query":""}`, 400, "no query"},
		{"query a number", `{"query":5}`, 400, `"query" must be a JSON string or null, and is a number`},
		{"query an object", `{"query":{"secret":1}}`, 400, `"query" must be`},
		{"query a list", `{"query":["secret"]}`, 400, `is a list`},
		{"query false", `{"query":false}`, 400, `is true or false`},
		{"operationName a number", `{"query":"{__typename}","operationName":5}`, 400, `"operationName" must be`},
		{"variables a list", `{"query":"{__typename}","variables":[]}`, 400, `"variables" must be a JSON object`},
		{"variables a string", `{"query":"{__typename}","variables":"{}"}`, 400, `is a string`},
		{"extensions a string", `{"query":"{__typename}","extensions":"secret"}`, 400, `"extensions" must be`},
		{"invalid UTF-8", "{\"query\":\"{__typename} #\xff\"}", 400, "UTF-8"},
		{"half a surrogate pair", `{"query":"{__typename} #\ud800"}`, 400, "JSON"},
		{"very deep", `{"query":"{__typename}","variables":{"a":` + strings.Repeat("[", 20_000), 400, "JSON"},
	} {
		got := server.do(t, post(c.body))
		if got.StatusCode != c.want || !strings.Contains(got.message(), c.says) {
			t.Errorf("%s: %d %s; want %d, %q", c.name, got.StatusCode, got.raw, c.want, c.says)
		}
		if strings.Contains(got.raw, "secret") {
			t.Errorf("%s: the answer repeats the body: %s", c.name, got.raw)
		}
		if c.want == 400 && (strings.Contains(got.raw, `"data"`) || got.code() != code.BadUserInput) {
			t.Errorf("%s: %s", c.name, got.raw)
		}
	}
}

func TestQueryStrings(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	const echo = "query E($id: ID) { echo(id: $id) }"
	for _, c := range []struct {
		name   string
		values url.Values
		want   int
		says   string
	}{
		{"plain", url.Values{"query": {"{__typename}"}}, 200, ""},
		{"all of it", url.Values{"query": {echo}, "operationName": {"E"}, "variables": {`{"id":"x"}`}, "extensions": {"{}"}}, 200, ""},
		{"empty and unknown ones", url.Values{"query": {echo}, "variables": {""}, "extensions": {"null"}, "x": {"1", "2"}}, 200, ""},
		{"no query", url.Values{}, 400, "no query"},
		{"query twice", url.Values{"query": {echo, echo}}, 400, "more than once"},
		{"query no UTF-8", url.Values{"query": {"{__typename} #\xff"}}, 400, "UTF-8"},
		{"variables no JSON", url.Values{"query": {echo}, "variables": {"{secret"}}, 400, `"variables" is no valid JSON`},
		{"variables two values", url.Values{"query": {echo}, "variables": {"{}{}"}}, 400, "JSON"},
		{"variables a list", url.Values{"query": {echo}, "variables": {"[1]"}}, 400, "is a list"},
		{"a name twice", url.Values{"query": {echo}, "variables": {`{"id":1,"id":2}`}}, 400, "JSON"},
		{"extensions a number", url.Values{"query": {echo}, "extensions": {"5"}}, 400, "is a number"},
	} {
		got := server.do(t, get(c.values))
		if got.StatusCode != c.want || !strings.Contains(got.message(), c.says) || strings.Contains(got.raw, "secret") {
			t.Errorf("%s: %d %s; want %d, %q", c.name, got.StatusCode, got.raw, c.want, c.says)
		}
	}
	r := get(nil)
	r.URL.RawQuery = "query=%zz"
	if got := server.do(t, r); got.StatusCode != http.StatusBadRequest {
		t.Errorf("a bad escape: %d", got.StatusCode)
	}
}

func TestBodyLimit(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{MaxBodyBytes: 100})
	fits := typename + strings.Repeat(" ", 100-len(typename))
	if got := server.do(t, post(fits)); got.StatusCode != http.StatusOK {
		t.Errorf("100 bytes of 100: %s", got.raw)
	}
	if got := server.do(t, post(fits+" ")); got.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(got.message(), "100") {
		t.Errorf("101 bytes: %s", got.raw)
	}
	unannounced := post(fits + " ")
	unannounced.ContentLength = -1
	if got := server.do(t, unannounced); got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("101 bytes in chunks: %s", got.raw)
	}
	if got := server.do(t, get(url.Values{"query": {strings.Repeat(" ", 100)}})); got.StatusCode != http.StatusRequestURITooLong {
		t.Errorf("a long query string: %s", got.raw)
	}
}

// unread fails the test if it is read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

func TestBodyIsNotReadInVain(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for _, headers := range [][]string{
		{"Accept", "text/html"}, {"Content-Encoding", "gzip"}, {"Content-Type", "text/plain"},
	} {
		r := post("", headers...)
		r.Body = io.NopCloser(unread{t})
		server.do(t, r)
	}
	r := post("")
	r.Body, r.ContentLength = io.NopCloser(unread{t}), 2<<20
	server.do(t, r)
}

// cut ends before its time.
type cut struct{ error }

func (c cut) Read([]byte) (int, error) { return 0, c.error }

func TestBodyThatDoesNotArrive(t *testing.T) {
	t.Parallel()
	server := serve(t, graphqlhttp.Options{})
	for err, want := range map[error]int{
		io.ErrUnexpectedEOF:    http.StatusBadRequest,
		os.ErrDeadlineExceeded: http.StatusRequestTimeout,
	} {
		r := post("")
		r.Body, r.ContentLength = io.NopCloser(cut{err}), 5
		if got := server.do(t, r); got.StatusCode != want || got.Errors == nil {
			t.Errorf("%v: %d %s", err, got.StatusCode, got.raw)
		}
	}
}
