package service

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/internal/telemetry"
)

// lockedBuffer takes lines from many goroutines.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Split(strings.TrimSpace(b.buffer.String()), "\n")
}

// TestNightOnCall: an app whose key is refused has one warning with app, host, code and since when, however often it is asked for; each
// page without its rows names it, and is not ok in metrics; nothing shows the key.
func TestNightOnCall(t *testing.T) {
	t.Parallel()
	log := new(lockedBuffer)
	told, err := telemetry.New(t.Context(), telemetry.Options{Log: telemetry.NewLogger(log, telemetry.JSON), Metrics: true, Account: AccountOf})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, "auth: none", Options{Telemetry: told})
	s.dify.SetFault(func(r *http.Request) *difytest.Fault {
		if strings.HasSuffix(r.Header.Get("Authorization"), "b") {
			return difytest.Unauthorized()
		}
		return nil
	})
	const times = 3
	for range times {
		s.ask(t, `{workflowLogs(onAppFailure: PARTIAL) {nodes {uuid}}}`)
	}
	s.ask(t, `{workflowLogs(apps: ["b"]) {nodes {uuid}}}`)
	down, named := 0, 0
	for _, line := range log.lines() {
		if strings.Contains(line, `"app is down"`) {
			down++
			for _, part := range []string{`"level":"WARN"`, `"app":"b"`, `"host":"127.0.0.1:`, `"code":"UPSTREAM_UNAUTHORIZED"`, `"since":"2`} {
				if !strings.Contains(line, part) {
					t.Errorf("%s is missing: %s", part, line)
				}
			}
		}
		if strings.Contains(line, `"failed_apps":["b"]`) {
			named++
		}
		if strings.Contains(line, difyKey) {
			t.Errorf("a key: %s", line)
		}
	}
	if down != 1 || named != times+1 {
		t.Errorf("%d lines of its fall, %d that name it:\n%s", down, named, strings.Join(log.lines(), "\n"))
	}
	w := httptest.NewRecorder()
	told.MetricsHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	metrics := w.Body.String()
	if strings.Contains(metrics, `class="ok"`) || !strings.Contains(metrics, `difygraph_operations_total{class="upstream",operation="other"} 4`) {
		t.Error(metrics)
	}
}
