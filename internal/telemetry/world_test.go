package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	gqlhttp "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/gqlerror"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"github.com/difygraph/difygraph/difyapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a server of a small API over a Dify that is a function.
type world struct {
	*Telemetry
	client  *difyapi.Client
	log     *syncBuffer
	spans   *spanLog
	handler http.Handler
}

const (
	appKey = "translator"
	runID  = "0198b7aa-1111-7c5e-8f00-5ec2e75ec2e7"
)

// newWorld tells everything unless options say otherwise. Its Dify answers as dify does.
func newWorld(t testing.TB, dify roundTrip, options ...func(*Options)) *world {
	t.Helper()
	w := &world{log: new(syncBuffer), spans: new(spanLog)}
	o := Options{Log: NewLogger(w.log, JSON), Metrics: true, Traces: w.spans, Account: accountOf, Version: "1.2.3"}
	for _, change := range options {
		change(&o)
	}
	w.Telemetry = newTelemetry(t, o)
	var err error
	w.client, err = difyapi.New(difyapi.Options{
		BaseURL: "http://dify.example/hidden/v1", APIKey: "app-planted-key", Transport: w.Transport(appKey, dify),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := handler.New(newAPI(w.resolve))
	server.AddTransport(gqlhttp.POST{})
	server.Use(w.Extension())
	server.Use(costs{})
	w.handler = w.Middleware("/graphql")(named(server))
	return w
}

func newTelemetry(t testing.TB, o Options) *Telemetry {
	t.Helper()
	told, err := New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := told.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return told
}

func silent(o *Options) { o.Metrics, o.Traces = false, nil }

// resolve is the API's resolver of all fields.
func (w *world) resolve(ctx context.Context, field string, args map[string]any) (any, error) {
	switch field {
	case "workflowRun":
		id, _ := args["uuid"].(string)
		_, err := w.client.WorkflowRun(ctx, id)
		return map[string]any{}, err
	case "inputs":
		_, err := w.client.Info(ctx)
		return "planted-input", err
	case "failing":
		return nil, errors.New("planted-error")
	default:
		return "planted-answer", nil
	}
}

// named stands for the server's authentication.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Authorization") {
		case "":
			NoteStranger(r.Context(), "no token")
			NoteRefusal(r.Context(), "UNAUTHENTICATED")
			w.WriteHeader(http.StatusUnauthorized)
		default:
			NoteCaller(r.Context(), "dashboard")
			next.ServeHTTP(w, r)
		}
	})
}

// costs stands for what the server asks of an operation before it is executed, and accounts for afterwards.
type costs struct{}

func (costs) ExtensionName() string { return "Costs" }

func (costs) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptOperation refuses operations of one name.
func (costs) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Name == "TooMuch" {
		return graphql.OneShot(&graphql.Response{Errors: gqlerror.List{{Extensions: map[string]any{"code": "RATE_LIMITED"}}}})
	}
	return next(ctx)
}

func (costs) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	if response != nil && response.Data != nil {
		response.Extensions = map[string]any{"cost": Account{Price: 40, Spent: 21, Rows: 1}}
	}
	return response
}

func accountOf(_ context.Context, response *graphql.Response) Account {
	account, _ := response.Extensions["cost"].(Account)
	return account
}

// ask sends an operation.
func (w *world) ask(t *testing.T, params map[string]any, headers ...string) {
	t.Helper()
	body, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer planted-token")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Set(name, value)
	}
	w.handler.ServeHTTP(httptest.NewRecorder(), r)
}

// lines are the log's, without what no test can know.
func (w *world) lines(t *testing.T) (lines []map[string]any) {
	t.Helper()
	for text := range strings.Lines(w.log.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		delete(line, "time")
		lines = append(lines, line)
	}
	return lines
}

// exported are the spans that have ended.
func (w *world) exported(t *testing.T) tracetest.SpanStubs {
	t.Helper()
	if err := w.traces.ForceFlush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.spans.stubs()
}

// scrape is what Prometheus would read.
func (w *world) scrape(t *testing.T) string {
	t.Helper()
	answer := httptest.NewRecorder()
	w.MetricsHandler().ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

// roundTrip is a Dify that is a function.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// healthy is a Dify that has one run.
func healthy(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/info") {
		return answering(http.StatusOK, `{"name":"planted-name","description":"","tags":[]}`)(r)
	}
	return answering(http.StatusOK, `{"id":"`+runID+`","workflow_id":"`+runID+`","status":"succeeded","inputs":{"a":"planted-body"},`+
		`"outputs":{},"error":null,"total_steps":1,"total_tokens":1,"created_at":1,"finished_at":2,"elapsed_time":1}`)(r)
}

// answering is a Dify that says the same to everybody.
func answering(status int, body string) roundTrip {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
			Body: io.NopCloser(strings.NewReader(body)), Request: r,
		}, nil
	}
}

// spanLog keeps spans.
type spanLog struct {
	mu    sync.Mutex
	spans []sdktrace.ReadOnlySpan
}

func (l *spanLog) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.spans = append(l.spans, spans...)
	return nil
}

func (l *spanLog) Shutdown(context.Context) error { return nil }

func (l *spanLog) stubs() tracetest.SpanStubs {
	l.mu.Lock()
	defer l.mu.Unlock()
	return tracetest.SpanStubsFromReadOnlySpans(l.spans)
}

// syncBuffer is a log that is read while it may be written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func requestTo(ctx context.Context, path string) *http.Request {
	return httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil)
}
