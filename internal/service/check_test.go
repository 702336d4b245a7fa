package service

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestStartLooksAtEachAppOnce, and logs what is wrong with some of them alone: in words, without a key.
func TestStartLooksAtEachAppOnce(t *testing.T) {
	t.Parallel()
	dify := difytest.New(difytest.Options{})
	socket := httptest.NewServer(dify)
	t.Cleanup(socket.Close)
	yaml := "apps:\n"
	for key, mode := range map[string]string{"well": "workflow", "chat": "chat", "gone": "workflow"} {
		dify.AddApp(difytest.AppOptions{Name: key, APIKey: difyKey + key, Mode: mode})
		yaml += "  - {key: " + key + ", baseURL: '" + socket.URL + "/v1', apiKey: " + difyKey + key + "}\n"
	}
	dify.SetFault(func(r *http.Request) *difytest.Fault {
		if strings.HasSuffix(r.Header.Get("Authorization"), "gone") {
			return difytest.Unauthorized()
		}
		return nil
	})
	cfg, log := parse(t, yaml), new(lockedBuffer)
	s, err := New(cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.examine(t.Context(), cfg, slog.New(slog.NewJSONHandler(log, nil)))
	want := map[string]string{"chat": "Dify records no workflow logs", "gone": "401"}
	for _, line := range log.lines() {
		for app, problem := range want {
			if strings.Contains(line, `"level":"WARN","msg":"check: `) && strings.Contains(line, `"app":"`+app+`"`) && strings.Contains(line, problem) {
				delete(want, app)
			}
		}
	}
	if text := strings.Join(log.lines(), "\n"); len(want) > 0 || len(log.lines()) != 2 || strings.Contains(text, difyKey) {
		t.Errorf("nothing of %v in\n%s", want, text)
	}
	if info, logs := dify.Calls("/v1/info"), dify.Calls("/v1/workflows/logs"); info != 3 || logs != 2 {
		t.Errorf("%d calls of /info, %d of logs", info, logs)
	}
}
