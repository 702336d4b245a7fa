package difyapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

const testKey = "app-not-a-real-key"

// emptyPage is the smallest body that is a page of the API, whatever the limit was.
const emptyPage = `{"total":0,"has_more":false,"data":[]}`

// serve starts a server on a real socket, and a client with a transport of its own for it.
func serve(t *testing.T, handler http.Handler) *difyapi.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	transport := difyapi.NewTransport()
	t.Cleanup(transport.CloseIdleConnections)
	return newClient(t, difyapi.Options{BaseURL: server.URL + "/v1", Transport: transport})
}

func newClient(t testing.TB, opts difyapi.Options) *difyapi.Client {
	t.Helper()
	if opts.BaseURL == "" {
		opts.BaseURL = "http://dify.test/v1"
	}
	opts.APIKey = testKey
	client, err := difyapi.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// roundTrip is a transport without a network.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) {
	return f(req)
}

// answering is a transport that gives the same answer to every request.
func answering(status int, body string, header ...string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		return response(req, status, body, header...), nil
	}
}

// besideInfo answers so, but for GET /info as Dify does.
func besideInfo(other http.RoundTripper) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		if strings.HasSuffix(req.URL.Path, "/info") {
			return response(req, http.StatusOK, `{"name":"Echo","tags":[]}`), nil
		}
		return other.RoundTrip(req)
	}
}

// response makes an answer of JSON, unless a header of name and value pairs says another type.
func response(req *http.Request, status int, body string, header ...string) *http.Response {
	h := http.Header{"Content-Type": {"application/json"}}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: req}
}

// respond makes a handler of one answer.
func respond(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}
