package telemetry

import (
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/difygraph/difygraph/graph/code"
)

// seconds are the bounds of durations: an answer of the cache takes one millisecond, a slow Dify up to its timeout.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}

// MetricsHandler answers GET /metrics in the formats of Prometheus. It is for a port of its own: it is unauthenticated, and does
// not bound how many ask at once. Without
// [Options.Metrics] it has nothing.
func (t *Telemetry) MetricsHandler() http.Handler {
	mux := http.NewServeMux()
	if t.registry != nil {
		mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{}))
	}
	return mux
}

// startCounting makes all instruments, and adds what Go and the operating system tell of the process.
func (t *Telemetry) startCounting(o Options) {
	t.registry = prometheus.NewRegistry()
	t.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), stateCollector{&t.state})
	create := promauto.With(t.registry)
	t.counts = newInstruments(create)
	t.counts.lastReload.Set(1)
	for _, result := range []string{reloadOK, reloadFailed} {
		t.counts.reloads.WithLabelValues(result) // so that the first of each is a rise from 0
	}
	if o.Version != "" {
		create.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "difygraph_build_info", Help: "1, with the versions of the program and of Go.",
			ConstLabels: prometheus.Labels{"version": o.Version, "goversion": runtime.Version()},
		}, func() float64 { return 1 })
	}
	if o.Dropped != nil {
		create.NewCounterFunc(prometheus.CounterOpts{
			Name: "difygraph_log_dropped_total", Help: "Lines of the log that were lost, since they were not taken in time.",
		}, func() float64 { return float64(o.Dropped()) })
	}
}

// instruments are what is counted as it happens. A nil one counts nothing. Labels have the names of apps and of listed operations,
// never what a client chose: there can't be too many series.
type instruments struct {
	operations *prometheus.CounterVec
	durations  *prometheus.HistogramVec
	active     prometheus.Gauge
	refusals   *prometheus.CounterVec
	strangers  *prometheus.CounterVec

	reloads    *prometheus.CounterVec
	lastReload prometheus.Gauge

	calls         *prometheus.CounterVec
	callDurations *prometheus.HistogramVec
}

func newInstruments(create promauto.Factory) *instruments {
	return &instruments{
		operations: create.NewCounterVec(prometheus.CounterOpts{
			Name: "difygraph_operations_total", Help: "Requests for an operation, by its name and by what went wrong at worst.",
		}, []string{"operation", "class"}),
		durations: create.NewHistogramVec(prometheus.HistogramOpts{
			Name: "difygraph_operation_duration_seconds", Help: "Time from a request's header to the end of its answer.", Buckets: seconds,
		}, []string{"operation"}),
		active: create.NewGauge(prometheus.GaugeOpts{
			Name: "difygraph_operations_active", Help: "Operations that are being executed.",
		}),
		refusals: create.NewCounterVec(prometheus.CounterOpts{
			Name: "difygraph_refusals_total", Help: "Operations that were refused because they or all together ask for too much.",
		}, []string{"code"}),
		strangers: create.NewCounterVec(prometheus.CounterOpts{
			Name: "difygraph_callers_refused_total", Help: "Requests without a caller, by what was wrong with their token.",
		}, []string{"reason"}),
		reloads: create.NewCounterVec(prometheus.CounterOpts{
			Name: "difygraph_config_reloads_total", Help: "Reloads of the configuration: ok, or failed, which left the one before in force.",
		}, []string{"result"}),
		lastReload: create.NewGauge(prometheus.GaugeOpts{
			Name: "difygraph_config_last_reload_successful", Help: "0 if the last reload of the configuration failed, else 1.",
		}),
		calls: create.NewCounterVec(prometheus.CounterOpts{
			Name: "difygraph_upstream_requests_total", Help: "Requests to Dify, second tries included, by the status of the answer.",
		}, []string{"app", "route", "status"}),
		callDurations: create.NewHistogramVec(prometheus.HistogramOpts{
			Name: "difygraph_upstream_duration_seconds", Buckets: seconds,
			Help: "Time from a request to Dify to the end of its answer, without the wait for its turn.",
		}, []string{"app", "route"}),
	}
}

func (i *instruments) operation(name string, worst code.Class, codes map[code.Code]int) {
	if i == nil {
		return
	}
	i.operations.WithLabelValues(name, worst.String()).Inc()
	for c := range codes {
		if c.Class() == code.Refused {
			i.refusals.WithLabelValues(string(c)).Inc()
		}
	}
}

// What comes of a reload.
const (
	reloadOK     = "ok"
	reloadFailed = "failed"
)

// Reloaded counts a reload of the configuration.
func (t *Telemetry) Reloaded(ok bool) {
	if t.counts == nil {
		return
	}
	t.counts.lastReload.Set(oneUnless(!ok))
	result := reloadOK
	if !ok {
		result = reloadFailed
	}
	t.counts.reloads.WithLabelValues(result).Inc()
}

// stranger counts a request without a caller.
func (i *instruments) stranger(why string) {
	if i != nil && why != "" {
		i.strangers.WithLabelValues(why).Inc()
	}
}

func (i *instruments) duration(name string, took time.Duration) {
	if i != nil {
		i.durations.WithLabelValues(name).Observe(took.Seconds())
	}
}

// enter counts an operation until leave.
func (i *instruments) enter() (leave func()) {
	if i == nil {
		return func() {}
	}
	i.active.Inc()
	return i.active.Dec
}

func (i *instruments) call(app, route, outcome string, took time.Duration) {
	if i == nil {
		return
	}
	i.callDurations.WithLabelValues(app, route).Observe(took.Seconds())
	i.calls.WithLabelValues(app, route, outcome).Inc()
}
