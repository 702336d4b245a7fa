package graphqlhttp

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// idleSchema answers every operation with an empty object.
type idleSchema struct{ schema *ast.Schema }

func (s idleSchema) Schema() *ast.Schema { return s.schema }

func (idleSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (idleSchema) Exec(context.Context) graphql.ResponseHandler {
	return graphql.OneShot(&graphql.Response{Data: []byte("{}")})
}

// serveIdle is an endpoint over HTTP whose pool a test can look at.
func serveIdle(t *testing.T, o Options) (*Transport, string) {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "test", Input: shapesSchema})
	transport, err := New(schema, o)
	if err != nil {
		t.Fatal(err)
	}
	server := handler.New(idleSchema{schema})
	transport.Mount(server)
	socket := httptest.NewServer(server)
	t.Cleanup(socket.Close)
	return transport, socket.URL
}

// TestBodiesInFlightAreBounded sends many large bodies at once, of a variable that nobody declares, and keeps those that have
// arrived from being decoded until all have arrived or are refused. What is held never exceeds one caller's share.
func TestBodiesInFlightAreBounded(t *testing.T) {
	t.Parallel()
	const size, callers = 64 << 10, 64
	var transport *Transport
	var peak atomic.Int64
	accounted := make(chan struct{}, 2*callers)
	proceed := make(chan struct{})
	note := func() int64 {
		transport.pool.mu.Lock()
		defer transport.pool.mu.Unlock()
		held := transport.options.InFlightBytes - transport.pool.bytes.Free()
		peak.Store(max(peak.Load(), held))
		return held
	}
	transport, url := serveIdle(t, Options{
		MaxBodyBytes: size, InFlightBytes: 1 << 20, Limits: Limits{Values: 1000},
		Charge: func(context.Context, int, bool) *gqlerror.Error {
			note()
			accounted <- struct{}{}
			<-proceed
			return nil
		},
	})
	body := `{"query":"{ __typename }","variables":{"none":["` + strings.Repeat("x", size-100) + `"]}}`
	var served, refused atomic.Int64
	var requests sync.WaitGroup
	for range callers {
		requests.Go(func() {
			switch status := postTo(t, url, body); status {
			case http.StatusOK:
				served.Add(1)
			case http.StatusServiceUnavailable:
				refused.Add(1)
				accounted <- struct{}{}
			default:
				t.Errorf("%d", status)
			}
		})
	}
	for range callers {
		<-accounted
	}
	close(proceed)
	requests.Wait()
	// Half of them is the caller's; the one of its requests that goes on whatever the others hold may take it beyond, by a quarter
	// at most.
	most := transport.options.InFlightBytes * 3 / 4
	if peak.Load() > most || peak.Load() < 4*size {
		t.Errorf("%d bytes were held at once, of %d that one caller may", peak.Load(), most)
	}
	if served.Load() < 4 || served.Load()+refused.Load() != callers {
		t.Errorf("%d served, %d refused", served.Load(), refused.Load())
	}
	if held := note(); held != 0 {
		t.Errorf("%d bytes are held when no request is under way", held)
	}
}

func postTo(t *testing.T, url, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, io.MultiReader(strings.NewReader(body))) // in chunks, to be paid for once it is there
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}
