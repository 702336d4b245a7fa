package service

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// TestMetricsKnowTheirHosts: a page that makes its own name mean this machine reads nothing.
func TestMetricsKnowTheirHosts(t *testing.T) {
	t.Parallel()
	told, err := telemetry.New(t.Context(), telemetry.Options{Metrics: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Hosts: []string{"difygraph.monitoring.svc"}, Metrics: config.Metrics{Listen: "metrics.example:9090", Open: true}}
	for host, status := range map[string]int{
		"localhost:9090":                http.StatusOK,
		"10.0.3.4:9090":                 http.StatusOK,
		"difygraph.monitoring.svc:9090": http.StatusOK,
		"metrics.example:9090":          http.StatusOK,
		"evil.example:9090":             http.StatusMisdirectedRequest,
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/metrics", nil)
		r.Host = host
		Metrics(cfg, told).ServeHTTP(w, r)
		if w.Code != status || strings.Contains(w.Body.String(), "go_goroutines") != (status == http.StatusOK) {
			t.Errorf("%s: %d, want %d", host, w.Code, status)
		}
	}
}

// TestMetricsTellOfTheGate: what runs, what waits, and what was refused and why.
func TestMetricsTellOfTheGate(t *testing.T) {
	t.Parallel()
	told, err := telemetry.New(t.Context(), telemetry.Options{Metrics: true})
	if err != nil {
		t.Fatal(err)
	}
	cfg := parse(t, "limits: {operations: 1, waiting: 0}\napps: [{key: a, baseURL: 'http://dify.test/v1', apiKey: app-1234567890}]\n")
	s, err := New(cfg, Options{Telemetry: told})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	told.Observe(s.State)
	o, err := s.process.gate.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Leave)
	if _, err := s.process.gate.Enter(t.Context()); err == nil {
		t.Fatal("there was room for another")
	}
	w := httptest.NewRecorder()
	told.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`difygraph_gate_operations{state="running"} 1`, `difygraph_gate_operations{state="entering"} 0`,
		`difygraph_gate_operations{state="returning"} 0`, `difygraph_gate_operations{state="app"} 0`,
		`difygraph_gate_refusals_total{reason="share"} 1`, `difygraph_gate_refusals_total{reason="late"} 0`,
		`difygraph_gate_refusals_total{reason="app"} 0`,
	} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
}

// unread is an answer that its client does not take before release.
type unread struct {
	http.ResponseWriter

	release <-chan struct{}
}

func (u unread) Write(p []byte) (int, error) {
	<-u.release
	return u.ResponseWriter.Write(p)
}

// TestClientsThatDoNotReadKeepNobodyFromTheMetrics: their answers are gathered, and hold nothing that others wait for.
func TestClientsThatDoNotReadKeepNobodyFromTheMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told, err := telemetry.New(t.Context(), telemetry.Options{Metrics: true})
		if err != nil {
			t.Fatal(err)
		}
		handler := Metrics(&config.Config{Metrics: config.Metrics{Listen: "127.0.0.1:9090"}}, told)
		scrape := func(w http.ResponseWriter) {
			r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
			r.Host = "localhost:9090"
			handler.ServeHTTP(w, r)
		}
		release := make(chan struct{})
		defer close(release)
		for range 64 {
			go scrape(unread{httptest.NewRecorder(), release})
		}
		synctest.Wait()
		w := httptest.NewRecorder()
		if scrape(w); w.Code != http.StatusOK {
			t.Errorf("%d: %s", w.Code, w.Body)
		}
	})
}

// TestProfilesAreServedWhereTheConfigurationSaysSo: and never on names that are not the server's.
func TestProfilesAreServedWhereTheConfigurationSaysSo(t *testing.T) {
	t.Parallel()
	told, err := telemetry.New(t.Context(), telemetry.Options{Metrics: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		pprof      bool
		host, path string
		status     int
	}{
		{false, "localhost:9090", "/debug/pprof/", http.StatusNotFound},
		{false, "localhost:9090", "/debug/pprof/heap", http.StatusNotFound},
		{true, "localhost:9090", "/debug/pprof/", http.StatusOK},
		{true, "localhost:9090", "/debug/pprof/heap", http.StatusOK},
		{true, "localhost:9090", "/debug/pprof/trace?seconds=0.001", http.StatusOK},
		{true, "localhost:9090", "/debug/pprof/cmdline", http.StatusNotFound},
		{true, "localhost:9090", "/metrics", http.StatusOK},
		{true, "evil.example:9090", "/debug/pprof/heap", http.StatusMisdirectedRequest},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, test.path, nil)
		r.Host = test.host
		Metrics(&config.Config{Metrics: config.Metrics{Listen: "127.0.0.1:9090", Pprof: test.pprof}}, told).ServeHTTP(w, r)
		if w.Code != test.status {
			t.Errorf("%+v: %d", test, w.Code)
		}
	}
}
