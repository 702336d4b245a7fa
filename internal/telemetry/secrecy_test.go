package telemetry

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
)

// planted is whatever must not be told, wherever it comes from.
var planted = regexp.MustCompile(`(?i)planted|` + runID + `|dify\.example|hidden|ada@`)

// TestNothingIsTold searches everything that leaves the process for what was put everywhere: variables, arguments, aliases,
// headers, the query string, the API key, Dify's address, its answers, errors and panics.
func TestNothingIsTold(t *testing.T) {
	t.Parallel()
	for name, dify := range map[string]roundTrip{
		"healthy":      healthy,
		"status":       answering(http.StatusBadRequest, `{"code":"planted","message":"planted","status":400}`),
		"no JSON":      answering(http.StatusOK, `<planted>`),
		"unreachable":  func(*http.Request) (*http.Response, error) { return nil, errors.New("dial dify.example: planted") },
		"unauthorized": answering(http.StatusUnauthorized, `{"code":"planted"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, dify)
			for _, query := range []string{
				`query Named($id: UUID!) { planted: workflowRun(uuid: $id) { planted: inputs status } }`,
				`query Named { workflowRun(uuid: "planted") { inputs } planted: failing }`,
				`query Named { planted }`,
				`planted {`,
			} {
				w.ask(t, map[string]any{"query": query, "variables": map[string]any{
					"id": runID, "email": "ada@example.com", "session": "planted-session",
				}}, "Cookie: planted", "User-Agent: planted", "X-Forwarded-For: planted", "Tracestate: a=planted", "Baggage: a=planted")
			}
			w.ask(t, map[string]any{"query": "planted"}, "Authorization: ")
			told := w.log.String() + w.scrape(t) + exportedText(t, w)
			if found := planted.FindAllString(told, -1); len(found) > 0 {
				t.Errorf("%q in %s", found, told)
			}
			for _, want := range []string{`"operation":"Named"`, "difygraph_upstream_requests_total{", "url.template"} {
				if !strings.Contains(told, want) {
					t.Errorf("nothing is told of %s", want)
				}
			}
		})
	}
}

// exportedText is all that is in the spans, in the form that people read.
func exportedText(t *testing.T, w *world) string {
	t.Helper()
	var text bytes.Buffer
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(&text))
	if err != nil {
		t.Fatal(err)
	}
	if err := exporter.ExportSpans(context.WithoutCancel(t.Context()), w.exported(t).Snapshots()); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
