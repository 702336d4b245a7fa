package service

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
