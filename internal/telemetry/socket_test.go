package telemetry

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// TestOperationsOfASocketAreToldOf one by one, by whom the socket is, and the socket is none itself.
func TestOperationsOfASocketAreToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, healthy)
		socket := w.Middleware("/graphql")(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.WriteHeader(http.StatusSwitchingProtocols)
			NoteCaller(r.Context(), "ann")
			for range 2 {
				ctx, end := w.Operation(r.Context())
				time.Sleep(time.Second)
				NoteRefusal(ctx, code.RateLimited)
				end()
			}
		}))
		socket.ServeHTTP(httptest.NewRecorder(), requestTo(t.Context(), "/graphql"))
		lines := w.lines(t)
		if len(lines) != 2 {
			t.Fatalf("%d lines: %v", len(lines), lines)
		}
		for _, line := range lines {
			if line["caller"] != "ann" || line["method"] != "WEBSOCKET" || line["status"] != 200.0 || line["duration_ms"] != 1000.0 {
				t.Errorf("%v", line)
			}
		}
		if metrics := w.scrape(t); !strings.Contains(metrics, `difygraph_operations_total{class="refused",operation="other"} 2`) {
			t.Errorf("%s", metrics)
		}
	})
}

// TestSubscriptionIsToldOfAtItsEnd: it is counted, but how long its client wanted it is no duration of an operation's, nor is it
// one that is being executed while it waits; and a client that ends it does not cancel anything.
func TestSubscriptionIsToldOfAtItsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, healthy)
		ctx, leave := context.WithCancel(t.Context())
		during := ""
		served := w.Middleware("/graphql")(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			op := &graphql.OperationContext{RawQuery: "subscription { ticks }", Operation: &ast.OperationDefinition{Operation: ast.Subscription, Name: "Ticks"}}
			ctx := graphql.WithOperationContext(r.Context(), op)
			next := extension{w.Telemetry}.InterceptOperation(ctx, func(context.Context) graphql.ResponseHandler {
				return func(context.Context) *graphql.Response {
					time.Sleep(time.Hour)
					during = w.scrape(t) //nolint:contextcheck // It is a request of its own.
					return &graphql.Response{Errors: gqlerror.List{}}
				}
			})
			next(ctx)
			leave()
		}))
		served.ServeHTTP(httptest.NewRecorder(), requestTo(ctx, "/graphql"))
		lines := w.lines(t)
		if len(lines) != 1 || lines[0]["kind"] != "subscription" || lines[0]["status"] != 200.0 || lines[0]["duration_ms"] != 3_600_000.0 {
			t.Errorf("%v", lines)
		}
		if !strings.Contains(during, "difygraph_operations_active 0") {
			t.Errorf("it is active while it waits")
		}
		if metrics := w.scrape(t); strings.Contains(metrics, "difygraph_operation_duration_seconds_count") ||
			!strings.Contains(metrics, `difygraph_operations_total{class="ok",operation="other"} 1`) {
			t.Errorf("%s", metrics)
		}
	})
}
