// Package telemetry tells operators what the server does: a line in the log for each operation, traces, and metrics.
//
// The way of a request: [Telemetry.Middleware] begins a record of it (record.go), [Telemetry.Extension] notes the operation
// and its answer (extension.go), and [Telemetry.Transport] the requests to Dify (upstream.go). At the end the record becomes
// a line (line.go) and numbers (metrics.go). What is asked of the rest of the server is in state.go.
//
// No request waits for whoever takes what is told: lines of the log ([Queue]) and spans (2,048 of them, as OpenTelemetry has it)
// are dropped where they are not taken in time.
//
// Nothing here holds variables, arguments, the text of a query, an API key, an id, an address or a body. Clients choose the
// names of operations: the log and the attributes of spans have them, shortened; the labels of metrics and the names of
// spans have those alone that the server has a list of.
package telemetry

import (
	"cmp"
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/difygraph/difygraph/graph/code"
)

// scope is what spans name as their origin.
const scope = "github.com/difygraph/difygraph"

// Options say where to tell. The zero value writes lines to the default log, and does nothing else.
type Options struct {
	// Log takes a line for each operation; [slog.Default] if nil.
	Log *slog.Logger
	// Dropped is how many lines of the log are lost so far. It may be nil.
	Dropped func() int64
	// Metrics lets the server be counted and measured, see [Telemetry.MetricsHandler].
	Metrics bool
	// Traces takes the spans; see [TraceExporter]. None are made if it is nil. It is shut down with the Telemetry.
	Traces sdktrace.SpanExporter
	// Account says by an operation's context and its answer what it took. It may be nil.
	Account func(context.Context, *graphql.Response) Account
	// Version is the program's, for traces and metrics. It may be empty.
	Version string
}

// Account is what an operation took, in the measure of its price.
type Account struct {
	// Price is what it could have cost at most, Spent what it did cost.
	Price, Spent int
	// Rows is how many rows its lists have shown.
	Rows int
	// FailedApps are the apps that its lists have left out, with the codes of their failures.
	FailedApps map[string]code.Code
}

// Telemetry is safe for concurrent use. It lasts as long as the process: configurations may come and go.
type Telemetry struct {
	log     *slog.Logger
	account func(context.Context, *graphql.Response) Account
	listed  atomic.Pointer[map[string]string]
	state   atomic.Pointer[func() State]

	tracer trace.Tracer // nil: no spans are made
	traces *sdktrace.TracerProvider

	counts   *instruments // nil: nothing is counted
	registry *prometheus.Registry
}

// New is to be ended by [Telemetry.Shutdown]. It fails where spans are to be made, and the environment describes this process
// (OTEL_RESOURCE_ATTRIBUTES) in a way that can't be read.
func New(ctx context.Context, o Options) (*Telemetry, error) {
	t := &Telemetry{log: cmp.Or(o.Log, slog.Default()), account: noAccount}
	if o.Account != nil {
		t.account = o.Account
	}
	if o.Metrics {
		t.startCounting(o)
	}
	if o.Traces == nil {
		return t, nil
	}
	described, err := describe(ctx, o.Version)
	if err != nil {
		return nil, err
	}
	t.startTracing(o.Traces, described)
	return t, nil
}

// Discard tells nobody anything. It needs no end.
func Discard() *Telemetry { return &Telemetry{log: slog.New(slog.DiscardHandler), account: noAccount} }

func noAccount(context.Context, *graphql.Response) Account { return Account{} }

// Shutdown sends what has not been sent yet, for as long as ctx lasts, and ends what goes on in the background.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	if t.traces == nil {
		return nil
	}
	return t.traces.Shutdown(ctx)
}

// List replaces the operations that have names in metrics and in names of spans: by the SHA-256 of their text in hexadecimal
// digits. Any other is "other" there, whatever its client calls it.
func (t *Telemetry) List(operations map[string]string) { t.listed.Store(&operations) }

// listedName is the name of an operation where no client may choose it, by its hash; empty if it is not listed.
func (t *Telemetry) listedName(hash string) string {
	if listed := t.listed.Load(); listed != nil {
		return (*listed)[hash]
	}
	return ""
}

// describe says what process this is.
func describe(ctx context.Context, version string) (*resource.Resource, error) {
	return resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(serviceName("difygraph"), serviceVersion(version)),
		resource.WithFromEnv(), // OTEL_SERVICE_NAME wins
	)
}
