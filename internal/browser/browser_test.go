package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/difygraph/difygraph/graph/code"
)

// refuseInTest writes what it is told.
func refuseInTest(w http.ResponseWriter, _ *http.Request, status int, c code.Code, message string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s: %s", c, message)
}

// run is the handler behind the guards.
var run = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "run") })

// send gives the handler a request with these headers; Host among them is the request's.
func send(t testing.TB, handler http.Handler, method string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/graphql", http.NoBody)
	r.Header = header.Clone()
	r.Host = header.Get("Host")
	r.Header.Del("Host")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}
