package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/difygraph/difygraph/graph/code"
)

// seconds are the bounds of durations: an answer of the cache takes one millisecond, a slow Dify up to its timeout.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// maxSeries is what each instrument has at most. Labels have the names of apps and of listed operations, never what a client
// chose, so that this is for files that are long or change often: what goes beyond is counted together.
const maxSeries = 20_000

// MetricsHandler answers GET /metrics in the formats of Prometheus. It is for a port of its own: it asks nobody who they
// are. Without [Options.Metrics] it has nothing.
func (t *Telemetry) MetricsHandler() http.Handler {
	mux := http.NewServeMux()
	if t.registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	}
	return mux
}

// startCounting makes all instruments, and adds what Go and the operating system tell of the process.
func (t *Telemetry) startCounting(described *resource.Resource, o Options) error {
	t.registry = prometheus.NewRegistry()
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := otelprometheus.New(otelprometheus.WithRegisterer(t.registry), otelprometheus.WithoutScopeInfo(),
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes))
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	t.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithResource(described),
		sdkmetric.WithCardinalityLimit(maxSeries))
	meter := t.meters.Meter(scope)
	if t.counts, err = newInstruments(meter); err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	return errors.Join(t.observeState(meter), observeLog(meter, o.Dropped), observeBuild(meter, o.Version))
}

// observeBuild says which program this is, to tell replicas of two versions apart.
func observeBuild(meter metric.Meter, version string) error {
	if version == "" {
		return nil
	}
	build := metric.WithAttributes(attribute.String("version", version), attribute.String("goversion", runtime.Version()))
	_, err := meter.Int64ObservableGauge("difygraph.build_info",
		metric.WithDescription("1, with the versions of the program and of Go."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(1, build)
			return nil
		}))
	return err
}

// observeLog tells what the log could not.
func observeLog(meter metric.Meter, dropped func() int64) error {
	if dropped == nil {
		return nil
	}
	_, err := meter.Int64ObservableCounter("difygraph.log.dropped",
		metric.WithDescription("Lines of the log that were lost, since they were not taken in time."),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error {
			o.Observe(dropped())
			return nil
		}))
	return err
}

// instruments are what is counted as it happens. A nil one counts nothing.
type instruments struct {
	operations metric.Int64Counter
	durations  metric.Float64Histogram
	active     metric.Int64UpDownCounter
	refusals   metric.Int64Counter

	calls         metric.Int64Counter
	callDurations metric.Float64Histogram
}

func newInstruments(meter metric.Meter) (*instruments, error) {
	var i instruments
	var errs [6]error
	bounds := metric.WithExplicitBucketBoundaries(seconds...)
	i.operations, errs[0] = meter.Int64Counter("difygraph.operations",
		metric.WithDescription("Requests for an operation, by its name and by what went wrong at worst."))
	i.durations, errs[1] = meter.Float64Histogram("difygraph.operation.duration", metric.WithUnit("s"), bounds,
		metric.WithDescription("Time from a request's header to the end of its answer."))
	i.active, errs[2] = meter.Int64UpDownCounter("difygraph.operations.active",
		metric.WithDescription("Operations that are being executed."))
	i.refusals, errs[3] = meter.Int64Counter("difygraph.refusals",
		metric.WithDescription("Operations that were refused because they or all together ask for too much."))
	i.calls, errs[4] = meter.Int64Counter("difygraph.upstream.requests",
		metric.WithDescription("Requests to Dify, second tries included, by the status of the answer."))
	i.callDurations, errs[5] = meter.Float64Histogram("difygraph.upstream.duration", metric.WithUnit("s"), bounds,
		metric.WithDescription("Time from a request to Dify to the end of its answer, without the wait for its turn."))
	return &i, errors.Join(errs[:]...)
}

func (i *instruments) operation(ctx context.Context, name string, worst code.Class, codes map[code.Code]int, took time.Duration) {
	if i == nil {
		return
	}
	named := attribute.String("operation", name)
	i.operations.Add(ctx, 1, metric.WithAttributes(named, attribute.Stringer("class", worst)))
	i.durations.Record(ctx, took.Seconds(), metric.WithAttributes(named))
	for c := range codes {
		if c.Class() == code.Refused {
			i.refusals.Add(ctx, 1, metric.WithAttributes(attribute.String("code", string(c))))
		}
	}
}

// enter counts an operation until leave.
func (i *instruments) enter(ctx context.Context) (leave func()) {
	if i == nil {
		return func() {}
	}
	i.active.Add(ctx, 1)
	return func() { i.active.Add(ctx, -1) }
}

func (i *instruments) call(ctx context.Context, app, route, outcome string, took time.Duration) {
	if i == nil {
		return
	}
	to := []attribute.KeyValue{attribute.String("app", app), attribute.String("route", route)}
	i.callDurations.Record(ctx, took.Seconds(), metric.WithAttributes(to...))
	i.calls.Add(ctx, 1, metric.WithAttributes(append(to, attribute.String("status", outcome))...))
}
