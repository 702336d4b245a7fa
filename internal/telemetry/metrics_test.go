package telemetry

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/code"
)

// samples are the scraped lines of difygraph's own metrics, without buckets and what the program is.
func samples(text string) (samples []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "difygraph_") && !strings.Contains(line, "_bucket{") && !strings.HasPrefix(line, "difygraph_build_info{") &&
			!strings.HasPrefix(line, "difygraph_config_") {
			samples = append(samples, strings.TrimSpace(line))
		}
	}
	return samples
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(r *http.Request) (*http.Response, error) {
			time.Sleep(250 * time.Millisecond)
			return healthy(r)
		}, func(o *Options) { o.Traces = nil })
		w.List(map[string]string{digest(runQuery): "Run"})
		w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}})
		w.ask(t, map[string]any{"query": "query Other { _service }"})
		w.ask(t, map[string]any{"query": "{ _service }"}, "Authorization: ")
		want := []string{
			`difygraph_callers_refused_total{reason="no token"} 1`,
			`difygraph_operation_duration_seconds_count{operation="Run"} 1`,
			`difygraph_operation_duration_seconds_count{operation="other"} 2`,
			`difygraph_operation_duration_seconds_sum{operation="Run"} 0.5`,
			`difygraph_operation_duration_seconds_sum{operation="other"} 0`,
			`difygraph_operations_active 0`,
			`difygraph_operations_total{class="denied",operation="other"} 1`,
			`difygraph_operations_total{class="ok",operation="Run"} 1`,
			`difygraph_operations_total{class="ok",operation="other"} 1`,
			`difygraph_upstream_duration_seconds_count{app="translator",route="/info"} 1`,
			`difygraph_upstream_duration_seconds_count{app="translator",route="/workflows/run/{id}"} 1`,
			`difygraph_upstream_duration_seconds_sum{app="translator",route="/info"} 0.25`,
			`difygraph_upstream_duration_seconds_sum{app="translator",route="/workflows/run/{id}"} 0.25`,
			`difygraph_upstream_requests_total{app="translator",route="/info",status="2xx"} 1`,
			`difygraph_upstream_requests_total{app="translator",route="/workflows/run/{id}",status="2xx"} 1`,
		}
		got := samples(w.scrape(t))
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestReloadsInMetrics: each is counted from the start on, and the gauge says how the last one went.
func TestReloadsInMetrics(t *testing.T) {
	t.Parallel()
	w := &world{Telemetry: newTelemetry(t, Options{Metrics: true})}
	check := func(last, ok, failed int) {
		t.Helper()
		text := w.scrape(t)
		for _, want := range []string{
			fmt.Sprintf("difygraph_config_last_reload_successful %d\n", last),
			fmt.Sprintf("difygraph_config_reloads_total{result=\"ok\"} %d\n", ok),
			fmt.Sprintf("difygraph_config_reloads_total{result=\"failed\"} %d\n", failed),
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s", want)
			}
		}
	}
	check(1, 0, 0)
	w.Reloaded(false)
	check(0, 0, 1)
	w.Reloaded(true)
	check(1, 1, 1)
	Discard().Reloaded(true) // counts nothing
}

// TestStateInMetrics: what others count is asked for at each scrape, of who counts now.
func TestStateInMetrics(t *testing.T) {
	t.Parallel()
	told := newTelemetry(t, Options{Metrics: true})
	w := &world{Telemetry: told}
	if got := samples(w.scrape(t)); !slices.Equal(got, []string{"difygraph_operations_active 0"}) {
		t.Errorf("before anybody counts: %v", got)
	}
	told.Observe(func() State { return State{Apps: []AppState{{App: "old", Retries: 1}}} })
	w.scrape(t)
	told.Observe(func() State {
		return State{
			Apps: []AppState{{
				App: appKey, Waiting: 3, Waits: 10, Waited: 1500 * time.Millisecond, Retries: 4, Breaker: difyapi.BreakerOpen, Down: true,
			}},
			Caches: []CacheState{{Cache: "logs", Hits: 5, Joins: 6, Misses: 7, Renewals: 2}},
			Gate:   GateState{Operations: map[string]int{"running": 8}, Refusals: map[string]int64{"share": 9}},
		}
	})
	want := []string{
		`difygraph_app_up{app="translator"} 0`,
		`difygraph_cache_renewals_total{cache="logs"} 2`,
		`difygraph_cache_requests_total{cache="logs",result="hit"} 5`,
		`difygraph_cache_requests_total{cache="logs",result="join"} 6`,
		`difygraph_cache_requests_total{cache="logs",result="miss"} 7`,
		`difygraph_gate_operations{state="running"} 8`,
		`difygraph_gate_refusals_total{reason="share"} 9`,
		`difygraph_operations_active 0`,
		`difygraph_upstream_breaker{app="translator"} 2`,
		`difygraph_upstream_queue{app="translator"} 3`,
		`difygraph_upstream_retries_total{app="translator"} 4`,
		`difygraph_upstream_wait_seconds_total{app="translator"} 1.5`,
		`difygraph_upstream_waits_total{app="translator"} 10`,
	}
	got := samples(w.scrape(t))
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestBuildInMetrics tells replicas of two versions apart.
func TestBuildInMetrics(t *testing.T) {
	t.Parallel()
	told := newTelemetry(t, Options{Metrics: true, Version: "v1.2.3"})
	want := fmt.Sprintf("difygraph_build_info{goversion=%q,version=\"v1.2.3\"} 1\n", runtime.Version())
	if got := (&world{Telemetry: told}).scrape(t); !strings.Contains(got, want) {
		t.Errorf("no %s in\n%s", want, got)
	}
}

// TestRefusals are counted by their code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	told := newTelemetry(t, Options{Metrics: true, Log: NewLogger(new(syncBuffer), JSON)})
	for _, c := range []code.Code{"RATE_LIMITED", "RATE_LIMITED", "OVERLOADED", "FORBIDDEN"} {
		h := told.Middleware("/graphql")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			NoteRefusal(r.Context(), c)
			w.WriteHeader(http.StatusServiceUnavailable)
		}))
		h.ServeHTTP(httptest.NewRecorder(), requestTo(t.Context(), "/graphql"))
	}
	text := (&world{Telemetry: told}).scrape(t)
	for _, want := range []string{`difygraph_refusals_total{code="OVERLOADED"} 1`, `difygraph_refusals_total{code="RATE_LIMITED"} 2`} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "FORBIDDEN") {
		t.Error("a caller without a scope is no refusal")
	}
}

// TestActiveOperations are those that are executed at the moment, not the requests that are read.
func TestActiveOperations(t *testing.T) {
	t.Parallel()
	var during string
	var w *world
	w = newWorld(t, func(r *http.Request) (*http.Response, error) {
		during = w.scrape(t)
		return healthy(r)
	})
	w.ask(t, map[string]any{"query": runQuery, "variables": map[string]any{"id": runID}})
	if !strings.Contains(during, "difygraph_operations_active 1\n") || !strings.Contains(w.scrape(t), "difygraph_operations_active 0\n") {
		t.Errorf("during: %s", samples(during))
	}
}

var labelled = regexp.MustCompile(`(?m)^[a-z_]+\{.*?\}`)

// TestClientsMakeNoLabels: ten thousand names of operations leave the same series behind as the first one did.
func TestClientsMakeNoLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy, func(o *Options) { o.Traces = nil })
	w.List(map[string]string{digest("query Listed { _service }"): "Listed"})
	ask := func(name string) { w.ask(t, map[string]any{"query": "query " + name + " { _service }"}) }
	askWrong := func(name string) {
		r := httptest.NewRequestWithContext(t.Context(), name, "/graphql?"+name, nil)
		w.handler.ServeHTTP(httptest.NewRecorder(), r)
		w.ask(t, map[string]any{"query": "{ " + name + " }", "operationName": name})
	}
	ask("Listed")
	ask("first")
	askWrong("first")
	before := labelled.FindAllString(w.scrape(t), -1)
	for i := range 10_000 {
		ask(fmt.Sprintf("made_up_%d", i))
	}
	for i := range 100 {
		askWrong(fmt.Sprintf("made_up_%d", i))
	}
	after := w.scrape(t)
	if diff := cmp.Diff(before, labelled.FindAllString(after, -1)); diff != "" || strings.Contains(after, "made_up") {
		t.Error(diff)
	}
}

// TestNamesOfListedOperationsAreTheirs: another operation of the same name is another one.
func TestNamesOfListedOperationsAreTheirs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy, func(o *Options) { o.Traces = nil })
	w.List(map[string]string{digest("query Listed { _service }"): "Listed"})
	w.ask(t, map[string]any{"query": "query Listed { __typename }"})
	w.ask(t, map[string]any{"query": "{ __typename }", "operationName": "Listed"})
	if text := w.scrape(t); strings.Contains(text, "Listed") {
		t.Error(samples(text))
	}
}

// TestRuntimeMetrics: Go's own are among them, and the process's.
func TestRuntimeMetrics(t *testing.T) {
	t.Parallel()
	w := &world{Telemetry: newTelemetry(t, Options{Metrics: true})}
	text := w.scrape(t)
	for _, want := range []string{"go_goroutines ", "process_resident_memory_bytes "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
}

// TestMetricsHandlerHasOneAddress, and none without metrics.
func TestMetricsHandlerHasOneAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		metrics      bool
		method, path string
		want         int
	}{
		{true, http.MethodGet, "/metrics", http.StatusOK},
		{true, http.MethodGet, "/", http.StatusNotFound},
		{true, http.MethodPost, "/metrics", http.StatusMethodNotAllowed},
		{false, http.MethodGet, "/metrics", http.StatusNotFound},
	} {
		answer := httptest.NewRecorder()
		newTelemetry(t, Options{Metrics: test.metrics}).MetricsHandler().
			ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), test.method, test.path, nil))
		if answer.Code != test.want {
			t.Errorf("%+v: %d", test, answer.Code)
		}
	}
}
