package telemetry

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/difygraph/difygraph/difyapi"
)

// State is what others count, as far as it has come. It is asked for whenever metrics are read.
type State struct {
	Apps   []AppState
	Caches []CacheState
	Gate   GateState
}

// GateState is how what is admitted to be executed stands, and what was refused so far.
type GateState struct {
	// Operations are by what they do: they run, or wait for something. Refusals are by their reasons. Both have fixed sets of names.
	Operations map[string]int
	Refusals   map[string]int64
}

// AppState is how the calls to an app stand. The totals may begin anew, as with a new configuration.
type AppState struct {
	App string // its configured key
	// Waiting is how many calls wait for their turn now.
	Waiting int
	// Waits is how many calls have waited so far, and Waited for how long all of them together.
	Waits  int64
	Waited time.Duration
	// Retries is how many requests were sent again so far.
	Retries int64
	Breaker difyapi.BreakerState // metrics have its number
	// Down says that its calls fail.
	Down bool
}

// CacheState is how often a cache was asked so far, and what came of it.
type CacheState struct {
	Cache string // what it keeps, of a fixed set
	// Hits were answered by what was kept, Joins by a call that was under way, Misses by a call of their own.
	Hits, Joins, Misses int64
	// Renewals were asked for in the background, for kept answers that were about to be too old.
	Renewals int64
}

// Observe replaces where the state is asked for. The function is called at any time and by any goroutine.
func (t *Telemetry) Observe(state func() State) { t.state.Store(&state) }

// number is one of the state's, as metrics have it.
type number struct {
	*prometheus.Desc
	kind prometheus.ValueType
}

func counter(name, help string, labels ...string) number {
	return number{prometheus.NewDesc(name, help, labels, nil), prometheus.CounterValue}
}

func gauge(name, help string, labels ...string) number {
	return number{prometheus.NewDesc(name, help, labels, nil), prometheus.GaugeValue}
}

var (
	waiting = gauge("difygraph_upstream_queue", "Calls to Dify that wait for their turn.", "app")
	breaker = gauge("difygraph_upstream_breaker", "Circuit breaker: 0 closed, 1 half-open, 2 open.", "app")
	up      = gauge("difygraph_app_up", "1 unless calls to the app fail.", "app")
	waits   = counter("difygraph_upstream_waits_total", "Calls to Dify that had to wait for their turn.", "app")
	waited  = counter("difygraph_upstream_wait_seconds_total",
		"Time that calls to Dify have waited for their turns, all together.", "app")
	retries  = counter("difygraph_upstream_retries_total", "Requests to Dify that were sent again.", "app")
	cached   = counter("difygraph_cache_requests_total", "Questions to the caches, by what came of them.", "cache", "result")
	renewed  = counter("difygraph_cache_renewals_total", "Kept answers that were asked for again before they were too old.", "cache")
	admitted = gauge("difygraph_gate_operations",
		"Operations that are admitted, by whether they run, wait for a slot to begin or to go on, or wait for an app.", "state")
	refused = counter("difygraph_gate_refusals_total",
		"What was not admitted: since the caller has its share, no slot came in time, or too much of the caller's waits for the app.", "reason")
)

// stateCollector asks for the state whenever metrics are read.
type stateCollector struct{ state *atomic.Pointer[func() State] }

// Describe names what [stateCollector.Collect] gives.
func (stateCollector) Describe(to chan<- *prometheus.Desc) {
	for _, n := range []number{waiting, breaker, up, waits, waited, retries, cached, renewed, admitted, refused} {
		to <- n.Desc
	}
}

// Collect gives nothing where nobody counts yet.
func (c stateCollector) Collect(to chan<- prometheus.Metric) {
	if state := c.state.Load(); state != nil {
		(*state)().give(func(n number, value float64, labels ...string) {
			to <- prometheus.MustNewConstMetric(n.Desc, n.kind, value, labels...)
		})
	}
}

func (s State) give(to func(n number, value float64, labels ...string)) {
	for _, a := range s.Apps {
		to(waiting, float64(a.Waiting), a.App)
		to(breaker, float64(a.Breaker), a.App)
		to(up, oneUnless(a.Down), a.App)
		to(waits, float64(a.Waits), a.App)
		to(waited, a.Waited.Seconds(), a.App)
		to(retries, float64(a.Retries), a.App)
	}
	for _, c := range s.Caches {
		to(cached, float64(c.Hits), c.Cache, "hit")
		to(cached, float64(c.Joins), c.Cache, "join")
		to(cached, float64(c.Misses), c.Cache, "miss")
		to(renewed, float64(c.Renewals), c.Cache)
	}
	for state, n := range s.Gate.Operations {
		to(admitted, float64(n), state)
	}
	for reason, n := range s.Gate.Refusals {
		to(refused, float64(n), reason)
	}
}

func oneUnless(not bool) float64 {
	if not {
		return 0
	}
	return 1
}
