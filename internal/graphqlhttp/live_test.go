package graphqlhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/graphqlhttp"
)

const liveSchemaText = `
type Query { answer(after: Int = 0): Int }
type Mutation { change: Int }
type Subscription {
	"1, 2, and so on, each some milliseconds after the one before."
	count(to: Int!, every: Int = 0): Int!
	"Nothing, for ever."
	idle: Int!
	"An error before the first event."
	refused: Int!
	"An event, and then a panic."
	broken: Int!
	"Ten events of many bytes."
	large: String!
}
`

// liveSchema executes the schema above. It counts what is under way.
type liveSchema struct {
	schema   *ast.Schema
	underWay *atomic.Int64
}

func (s liveSchema) Schema() *ast.Schema { return s.schema }

func (liveSchema) Complexity(context.Context, string, string, int, map[string]any) (int, bool) {
	return 0, false
}

func (s liveSchema) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	field := graphql.CollectFields(op, op.Operation.SelectionSet, nil)[0]
	if field.Name == "refused" {
		graphql.AddError(ctx, code.New(code.BadUserInput, "no such thing"))
		return nil
	}
	next := s.events(ctx, field.Name, field.ArgumentMap(op.Variables))
	s.underWay.Add(1)
	if op.Operation.Operation != ast.Subscription {
		defer s.underWay.Add(-1)
		return graphql.OneShot(&graphql.Response{Data: []byte(`{"` + field.Alias + `":` + next() + `}`)})
	}
	context.AfterFunc(ctx, func() { s.underWay.Add(-1) })
	before, release := context.WithCancel(ctx)
	release()
	return func(event context.Context) *graphql.Response {
		if before.Err() == nil {
			panic("the event before is held for as long as the subscription")
		}
		before = event
		value := next()
		if value == "" {
			return nil
		}
		return &graphql.Response{Data: []byte(`{"` + field.Alias + `":` + value + "\n}")}
	}
}

// events gives the values of a field, and an empty text after the last.
func (liveSchema) events(ctx context.Context, field string, args map[string]any) func() string {
	number := func(name string) int {
		n, _ := graphql.UnmarshalInt(args[name])
		return n
	}
	told, to, every := 0, 0, 0
	switch field {
	case "answer":
		to, every = 1, number("after")
	case "change", "broken":
		to = 1
	case "count":
		to, every = number("to"), number("every")
	case "large":
		to = 10
	case "idle":
		to, every = 1, 1<<40
	}
	return func() string {
		told++
		if told > to {
			if field == "broken" {
				panic("a secret")
			}
			return ""
		}
		if !sleep(ctx, every) {
			return ""
		}
		if field == "large" {
			return `"` + strings.Repeat("x", 256<<10) + `"`
		}
		return fmt.Sprint(told)
	}
}

func sleep(ctx context.Context, milliseconds int) bool {
	if milliseconds == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(time.Duration(milliseconds) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// liveAPI serves it over connections in memory.
type liveAPI struct {
	http.Handler
	underWay *atomic.Int64
	listener *memoryListener
	client   *http.Client
}

// withHeaders puts what a request says of itself into its context.
func withHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, r.Header.Get("Authorization"))))
	})
}

type callerKey struct{}

func callerOf(ctx context.Context) string {
	caller, _ := ctx.Value(callerKey{}).(string)
	return caller
}

func newLive(t testing.TB, o graphqlhttp.Options) *liveAPI {
	t.Helper()
	schema := gqlparser.MustLoadSchema(&ast.Source{Name: "live", Input: liveSchemaText})
	transport, err := graphqlhttp.New(schema, o)
	if err != nil {
		t.Fatal(err)
	}
	a := &liveAPI{underWay: new(atomic.Int64), listener: newMemoryListener()}
	server := handler.New(liveSchema{schema, a.underWay})
	server.SetErrorPresenter(func(ctx context.Context, err error) *gqlerror.Error {
		shown := graphql.DefaultErrorPresenter(ctx, err)
		if known, ok := code.Of(err); ok && shown.Extensions == nil {
			shown.Extensions = map[string]any{"code": known.Code()}
		}
		return shown
	})
	server.SetRecoverFunc(func(context.Context, any) error {
		return &gqlerror.Error{Message: "internal error 1", Extensions: map[string]any{"code": code.InternalServerError}}
	})
	transport.Mount(server)
	a.Handler = withHeaders(server)
	a.client = &http.Client{Transport: &http.Transport{DialContext: a.listener.dial}}
	return a
}

// inBubble serves within a bubble of virtual time. Nothing of the server may be left at its end.
func inBubble(t *testing.T, o graphqlhttp.Options, test func(t *testing.T, a *liveAPI)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		a := newLive(t, o)
		server := &http.Server{Handler: a, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute}
		ended := make(chan error, 1)
		go func() { ended <- server.Serve(a.listener) }()
		test(t, a)
		synctest.Wait()
		if n := a.underWay.Load(); n != 0 {
			t.Errorf("%d operations are under way at the end", n)
		}
		a.client.CloseIdleConnections()
		_ = server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// memoryListener listens within the process: real sockets would hold up the clock of a bubble.
type memoryListener struct {
	connections chan net.Conn
	closed      context.Context //nolint:containedctx // it closes once
	close       context.CancelFunc
}

func newMemoryListener() *memoryListener {
	closed, cancel := context.WithCancel(context.Background())
	return &memoryListener{connections: make(chan net.Conn), closed: closed, close: cancel}
}

func (l *memoryListener) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.connections <- server:
		return client, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case connection := <-l.connections:
		return connection, nil
	case <-l.closed.Done():
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.close()
	return nil
}

func (*memoryListener) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// subscription is the body of a request.
func subscription(query string) string {
	text, _ := json.Marshal(map[string]string{"query": query})
	return string(text)
}

func (a *liveAPI) post(t *testing.T, query string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://service/graphql", strings.NewReader(subscription(query)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(with(r, headers))
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// record serves a request that ends by itself.
func (a *liveAPI) record(r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	a.ServeHTTP(recorder, r)
	return recorder
}
