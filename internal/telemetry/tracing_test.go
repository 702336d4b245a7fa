package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// TestSpansStandBelowEachOther: the request, its operation, the resolvers that call, and their calls.
func TestSpansStandBelowEachOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}})
	want := map[string]string{
		"POST /graphql":           "",
		"query":                   "POST /graphql",
		"Query.workflowRun":       "query",
		"GET /workflows/run/{id}": "Query.workflowRun",
		"WorkflowRun.inputs":      "query",
		"GET /info":               "WorkflowRun.inputs",
	}
	if diff := cmp.Diff(want, parents(w.exported(t))); diff != "" {
		t.Error(diff)
	}
}

// parents has the name of each span's parent by its own.
func parents(spans tracetest.SpanStubs) map[string]string {
	names, parents := map[string]string{}, map[string]string{}
	for _, span := range spans {
		names[span.SpanContext.SpanID().String()] = span.Name
	}
	for _, span := range spans {
		parents[span.Name] = names[span.Parent.SpanID().String()]
	}
	return parents
}

func TestSpanAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}})
	want := map[string]map[string]any{
		"POST /graphql": {"http.request.method": "POST", "http.route": "/graphql", "http.response.status_code": int64(200)},
		"query": {
			"graphql.operation.type": "query", "graphql.operation.name": "Run", "difygraph.operation.hash": runQueryHash,
			"difygraph.operation.price": int64(40), "difygraph.operation.spent": int64(21),
			"difygraph.operation.rows": int64(1), "difygraph.operation.calls": int64(2),
		},
		"Query.workflowRun": {},
		"GET /workflows/run/{id}": {
			"http.request.method": "GET", "url.template": "/workflows/run/{id}", "difygraph.app": appKey,
			"http.response.status_code": int64(200),
		},
		"WorkflowRun.inputs": {},
		"GET /info": {
			"http.request.method": "GET", "url.template": "/info", "difygraph.app": appKey, "http.response.status_code": int64(200),
		},
	}
	got := map[string]map[string]any{}
	for _, span := range w.exported(t) {
		got[span.Name] = values(span.Attributes)
		if span.Status.Code != codes.Unset {
			t.Errorf("%s: %v", span.Name, span.Status)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func values(attrs []attribute.KeyValue) map[string]any {
	values := make(map[string]any)
	for _, attr := range attrs {
		values[string(attr.Key)] = attr.Value.AsInterface()
	}
	return values
}

// TestListedNameIsTheSpans: a name that the server has a list of says more than the kind.
func TestListedNameIsTheSpans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	w.List(map[string]string{digest(runQuery): "Run"})
	w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}})
	if _, ok := parents(w.exported(t))["query Run"]; !ok {
		t.Error(parents(w.exported(t)))
	}
}

// TestOnlyTraceparentGoesUpstream: what else a trace came with stays here.
func TestOnlyTraceparentGoesUpstream(t *testing.T) {
	t.Parallel()
	const traceID = "0af7651916cd43dd8448eb211c80319c"
	var mu sync.Mutex
	var sent []http.Header
	w := newWorld(t, func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, r.Header.Clone())
		return healthy(r)
	})
	w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}},
		"Traceparent: 00-"+traceID+"-b7ad6b7169203331-01", "Tracestate: vendor=planted", "Baggage: user=planted", "B3: 1")
	for _, header := range sent {
		got := header.Get("Traceparent")
		for _, expected := range []string{"Accept", "Authorization", "Traceparent", "User-Agent"} {
			header.Del(expected)
		}
		if !strings.HasPrefix(got, "00-"+traceID+"-") || strings.Contains(got, "b7ad6b7169203331") || len(header) > 0 {
			t.Errorf("traceparent %q, beside it %v", got, header)
		}
	}
	for _, span := range w.exported(t) {
		if span.SpanContext.TraceID().String() != traceID || span.SpanContext.TraceState().Len() > 0 {
			t.Errorf("%s: %v", span.Name, span.SpanContext)
		}
	}
	if len(sent) != 2 {
		t.Errorf("%d requests", len(sent))
	}
}

// TestCallerDecidesWhetherToTrace: by the flag of its traceparent, which goes upstream as it came.
func TestCallerDecidesWhetherToTrace(t *testing.T) {
	t.Parallel()
	var flag string
	w := newWorld(t, func(r *http.Request) (*http.Response, error) {
		flag = r.Header.Get("Traceparent")[53:]
		return healthy(r)
	})
	w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}},
		"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
	if spans := w.exported(t); len(spans) > 0 || flag != "00" {
		t.Errorf("%d spans, flag %q", len(spans), flag)
	}
}

// TestMalformedTraceparent: is none.
func TestMalformedTraceparent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	w.ask(t, map[string]any{"query": "{ _service }"}, "Traceparent: 00-planted-planted-01")
	want := map[string]string{"POST /graphql": "", "query": "POST /graphql"}
	if diff := cmp.Diff(want, parents(w.exported(t))); diff != "" {
		t.Error(diff)
	}
}

// TestResolverSpansAreBounded: fields under many aliases do not flood whoever takes the spans.
func TestResolverSpansAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	var query strings.Builder
	for i := range 2 * maxResolverSpans {
		fmt.Fprintf(&query, "a%d: failing ", i)
	}
	w.ask(t, map[string]any{"query": "{" + query.String() + "}"})
	if got := len(w.exported(t)); got != maxResolverSpans+2 {
		t.Errorf("%d spans", got)
	}
}

// TestNoSpansForFieldsThatDoNotCall: a row's own fields, and resolvers that mostly have their answer.
func TestNoSpansForFieldsThatDoNotCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	w.ask(t, map[string]any{"query": `{ _service workflowRun(uuid: "` + runID + `") { status version } }`})
	got := parents(w.exported(t))
	for _, name := range []string{"Query._service", "WorkflowRun.status", "WorkflowRun.version"} {
		if _, ok := got[name]; ok {
			t.Errorf("%s has a span", name)
		}
	}
}

// TestMadeUpMethod: the client's word for a method is in neither span nor line.
func TestMadeUpMethod(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	r := httptest.NewRequestWithContext(t.Context(), "PLANTED", "/graphql", nil)
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
	spans, told := w.exported(t), w.log.String()
	if spans[0].Name != "_OTHER /graphql" || strings.Contains(told, "PLANTED") {
		t.Error(spans[0].Name, told)
	}
}

// TestTransportLeavesRequestsAlone, as [http.RoundTripper] demands.
func TestTransportLeavesRequestsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	r := requestTo(t.Context(), "/v1/info")
	answer, err := w.Transport(appKey, roundTrip(healthy)).RoundTrip(r)
	if err != nil || len(r.Header) > 0 {
		t.Errorf("%v, header %v", err, r.Header)
	}
	_ = answer.Body.Close()
}

// TestFailedSpans name the kind of the failure.
func TestFailedSpans(t *testing.T) {
	t.Parallel()
	cut := func(r *http.Request) (*http.Response, error) {
		response, err := healthy(r)
		response.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), broken{}))
		return response, err
	}
	for name, test := range map[string]struct {
		dify roundTrip
		want string
	}{
		"status":      {answering(http.StatusBadGateway, "planted"), "5xx"},
		"unreachable": {func(*http.Request) (*http.Response, error) { return nil, errors.New("planted") }, "unreachable"},
		"cut":         {cut, "cut"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.dify)
			w.ask(t, map[string]any{"query": "query($id: UUID!) { workflowRun(uuid: $id) { status } }", "variables": map[string]any{"id": runID}})
			got := map[string]any{}
			for _, span := range w.exported(t) {
				if span.Status.Code == codes.Error {
					got[span.Name] = values(span.Attributes)["error.type"]
				}
			}
			want := map[string]any{"query": "internal", "Query.workflowRun": nil, "GET /workflows/run/{id}": test.want}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestCallWhoseCallersLeft is told apart from one that was too slow.
func TestCallWhoseCallersLeft(t *testing.T) {
	t.Parallel()
	for want, begin := range map[string]func(context.Context) (context.Context, context.CancelFunc){
		"canceled": context.WithCancel,
		"timeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 0)
		},
	} {
		ctx, cancel := begin(t.Context())
		cancel()
		w := newWorld(t, func(r *http.Request) (*http.Response, error) { return nil, r.Context().Err() })
		_, _ = w.Transport(appKey, roundTrip(healthyUnlessOver)).RoundTrip(requestTo(ctx, "/v1/info"))
		spans := w.exported(t)
		if len(spans) != 1 || values(spans[0].Attributes)["error.type"] != want {
			t.Errorf("%s: %+v", want, spans)
		}
	}
}

func healthyUnlessOver(r *http.Request) (*http.Response, error) {
	if err := context.Cause(r.Context()); err != nil {
		return nil, err
	}
	return healthy(r)
}

func TestRouteOf(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/workflows/logs":               "/workflows/logs",
		"/workflows/logs":                  "/workflows/logs",
		"/v1/workflows/run/" + runID:       "/workflows/run/{id}",
		"/v1/workflows/run/info":           "/workflows/run/{id}",
		"/v1/end-users/" + runID:           "/end-users/{id}",
		"/info":                            "/info",
		"/workflows/run/info/v1/info":      "/info",
		"/v1/workflows/run/" + runID + "/": "other",
		"/v1/secret":                       "other",
		"/":                                "other",
		"":                                 "other",
	} {
		if got := routeOf(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}
