package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
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
	Breaker Breaker
}

// Breaker is the state of an app's circuit breaker.
type Breaker int64

// The states, by the numbers that the metrics have.
const (
	BreakerClosed Breaker = iota
	BreakerHalfOpen
	BreakerOpen
)

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

// gauges are what is read when metrics are.
type gauges struct {
	waiting, breaker, admitted      metric.Int64ObservableGauge
	waits, retries, cached, refused metric.Int64ObservableCounter
	renewed                         metric.Int64ObservableCounter
	waited                          metric.Float64ObservableCounter
}

func (t *Telemetry) observeState(meter metric.Meter) error {
	g, err := newGauges(meter)
	if err != nil {
		return fmt.Errorf("metrics: %w", err)
	}
	_, err = meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		if state := t.state.Load(); state != nil {
			g.observe(o, (*state)())
		}
		return nil
	}, g.waiting, g.breaker, g.admitted, g.waits, g.retries, g.cached, g.refused, g.renewed, g.waited)
	return err
}

func newGauges(meter metric.Meter) (*gauges, error) {
	var g gauges
	var errs [9]error
	g.waiting, errs[0] = meter.Int64ObservableGauge("difygraph.upstream.queue",
		metric.WithDescription("Calls to Dify that wait for their turn."))
	g.breaker, errs[1] = meter.Int64ObservableGauge("difygraph.upstream.breaker",
		metric.WithDescription("Circuit breaker: 0 closed, 1 half-open, 2 open."))
	g.waits, errs[2] = meter.Int64ObservableCounter("difygraph.upstream.waits",
		metric.WithDescription("Calls to Dify that had to wait for their turn."))
	g.waited, errs[3] = meter.Float64ObservableCounter("difygraph.upstream.wait", metric.WithUnit("s"),
		metric.WithDescription("Time that calls to Dify have waited for their turns, all together."))
	g.retries, errs[4] = meter.Int64ObservableCounter("difygraph.upstream.retries",
		metric.WithDescription("Requests to Dify that were sent again."))
	g.cached, errs[5] = meter.Int64ObservableCounter("difygraph.cache.requests",
		metric.WithDescription("Questions to the caches, by what came of them."))
	g.admitted, errs[6] = meter.Int64ObservableGauge("difygraph.gate.operations",
		metric.WithDescription("Operations that are admitted, by whether they run, wait for a slot to begin or to go on, or wait for an app."))
	g.refused, errs[7] = meter.Int64ObservableCounter("difygraph.gate.refusals",
		metric.WithDescription("What was not admitted: since the caller has its share, no slot came in time, or too much of the caller's waits for the app."))
	g.renewed, errs[8] = meter.Int64ObservableCounter("difygraph.cache.renewals",
		metric.WithDescription("Kept answers that were asked for again before they were too old."))
	return &g, errors.Join(errs[:]...)
}

func (g *gauges) observe(o metric.Observer, state State) {
	for _, s := range state.Apps {
		app := metric.WithAttributes(attribute.String("app", s.App))
		o.ObserveInt64(g.waiting, int64(s.Waiting), app)
		o.ObserveInt64(g.breaker, int64(s.Breaker), app)
		o.ObserveInt64(g.waits, s.Waits, app)
		o.ObserveFloat64(g.waited, s.Waited.Seconds(), app)
		o.ObserveInt64(g.retries, s.Retries, app)
	}
	for _, s := range state.Caches {
		g.observeCache(o, s)
	}
	for state, n := range state.Gate.Operations {
		o.ObserveInt64(g.admitted, int64(n), metric.WithAttributes(attribute.String("state", state)))
	}
	for reason, n := range state.Gate.Refusals {
		o.ObserveInt64(g.refused, n, metric.WithAttributes(attribute.String("reason", reason)))
	}
}

func (g *gauges) observeCache(o metric.Observer, s CacheState) {
	o.ObserveInt64(g.renewed, s.Renewals, metric.WithAttributes(attribute.String("cache", s.Cache)))
	for _, each := range []struct {
		result string
		count  int64
	}{{"hit", s.Hits}, {"join", s.Joins}, {"miss", s.Misses}} {
		o.ObserveInt64(g.cached, each.count,
			metric.WithAttributes(attribute.String("cache", s.Cache), attribute.String("result", each.result)))
	}
}
