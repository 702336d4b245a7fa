package telemetry

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

// TestUntoldFieldsCostNothing: an operation that is not traced, because no traces are wanted or because it was not chosen,
// takes as many allocations with many fields as gqlgen by itself.
func TestUntoldFieldsCostNothing(t *testing.T) {
	t.Parallel()
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	for name, options := range map[string]func(*Options){
		"off":        silent,
		"not chosen": func(o *Options) { o.Metrics = false },
	} {
		w := newWorld(t, healthy, options)
		ctx := withRecord(t.Context(), new(record))
		ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{})
		if w.tracer != nil {
			r := requestTo(ctx, "/graphql")
			r.Header.Set("Traceparent", traceparent)
			ctx, _ = w.startRequest(ctx, r, "/graphql")
		}
		op := graphql.GetOperationContext(ctx)
		op.ResolverMiddleware = nil
		w.startOperation(ctx, new(record))
		if op.ResolverMiddleware != nil {
			t.Errorf("%s: something stands around each field", name)
		}
	}
}

// TestUntoldOperationAllocates: what an operation itself takes with nothing but the log is a handful of allocations.
func TestUntoldOperationAllocates(t *testing.T) { //nolint:paralleltest // counts the process's allocations
	w := newWorld(t, healthy, silent)
	ctx := withRecord(t.Context(), new(record))
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{RawQuery: "{ _service }"})
	e := extension{w.Telemetry}
	answer := &graphql.Response{}
	run := func(context.Context) *graphql.Response { return answer }
	got := testing.AllocsPerRun(100, func() {
		e.InterceptOperation(ctx, func(context.Context) graphql.ResponseHandler { return run })(ctx)
	})
	if got > 5 {
		t.Errorf("%v allocations", got)
	}
}

// BenchmarkOperation is a request for 100 fields: with the log alone, with metrics, and traced.
func BenchmarkOperation(b *testing.B) {
	body := []byte(`{"query":"{` + aliases(100) + `}"}`)
	for _, mode := range []struct {
		name string
		set  func(*Options)
	}{
		{"log", silent},
		{"metrics", func(o *Options) { o.Traces = nil }},
		{"traces", func(o *Options) { o.Traces = tracetest.NewNoopExporter() }},
	} {
		b.Run(mode.name, func(b *testing.B) {
			w := newWorld(b, healthy, mode.set, func(o *Options) { o.Log = NewLogger(io.Discard, JSON) })
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer x")
				w.handler.ServeHTTP(discard{http.Header{}}, r)
			}
		})
	}
}

func aliases(n int) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, " a%d: _service", i)
	}
	return text.String()
}
