package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func TestWantsTraces(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]bool{
		"":                                      false,
		"OTEL_SERVICE_NAME=x":                   false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=x":         true,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=x":  true,
		"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=x": false,
		"OTEL_TRACES_EXPORTER=otlp":             true,
		"OTEL_TRACES_EXPORTER=console":          true,
		"OTEL_TRACES_EXPORTER=none":             false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=x OTEL_TRACES_EXPORTER=none": false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=x OTEL_SDK_DISABLED=true":    false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=x OTEL_SDK_DISABLED=TRUE":    false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=x OTEL_SDK_DISABLED=false":   true,
	} {
		if got := wantsTraces(variables(environment)); got != want {
			t.Errorf("%q: %v", environment, got)
		}
	}
}

// variables is os.Getenv for an environment that stands on one line.
func variables(environment string) func(string) string {
	return func(name string) string {
		for variable := range strings.FieldsSeq(environment) {
			if value, ok := strings.CutPrefix(variable, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// TestNoTracesUnlessAskedFor: where the environment says nothing, nothing is sent anywhere.
func TestNoTracesUnlessAskedFor(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	if exporter, err := TraceExporter(t.Context()); exporter != nil || err != nil {
		t.Errorf("%v, %v", exporter, err)
	}
}

// TestTracesByTheEnvironment: spans reach a collector of OpenTelemetry's protocol at the latest with the end of the program.
func TestTracesByTheEnvironment(t *testing.T) {
	received := make(chan string, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		received <- r.Method + " " + r.URL.Path + " " + r.Header.Get("Content-Type")
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	exporter, err := TraceExporter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	told, err := New(t.Context(), Options{Traces: exporter})
	if err != nil {
		t.Fatal(err)
	}
	_, span := told.tracer.Start(t.Context(), "test")
	span.End()
	if err := told.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-received; got != "POST /v1/traces application/x-protobuf" {
		t.Error(got)
	}
}

// TestExporterByItsName: what is not built in is refused with words on what is.
func TestExporterByItsName(t *testing.T) {
	t.Parallel()
	for environment, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=otlp":                 "",
		"OTEL_TRACES_EXPORTER=console":              "",
		"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf": "",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf":      "",
		"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json": "port 4318",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc": "port 4318",
		"OTEL_TRACES_EXPORTER=pigeon":      "must be otlp, console or none",
	} {
		exporter, err := newExporter(t.Context(), variables(environment))
		if want == "" && (err != nil || exporter == nil) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", environment, err)
		}
	}
}

func TestUnknownExporter(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "pigeon")
	if _, err := TraceExporter(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "traces: ") {
		t.Error(err)
	}
}

func TestUnreadableResource(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "no equals sign")
	if _, err := New(t.Context(), Options{Traces: new(spanLog)}); err == nil {
		t.Error("no error")
	}
}

// TestShutdownIsBounded: a collector that hangs keeps nobody longer than allowed.
func TestShutdownIsBounded(t *testing.T) {
	t.Parallel()
	hanging := &hangingExporter{released: make(chan struct{})}
	told, err := New(t.Context(), Options{Traces: hanging, Metrics: true})
	if err != nil {
		t.Fatal(err)
	}
	_, span := told.tracer.Start(t.Context(), "test")
	span.End()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := told.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(hanging.released)
}

type hangingExporter struct{ released chan struct{} }

func (e *hangingExporter) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	<-e.released
	return nil
}

func (e *hangingExporter) Shutdown(context.Context) error { return nil }

// TestHangingCollectorStopsNoRequest: spans that find no room are dropped.
func TestHangingCollectorStopsNoRequest(t *testing.T) {
	t.Parallel()
	hanging := &hangingExporter{released: make(chan struct{})}
	told := newTelemetry(t, Options{Traces: hanging, Log: NewLogger(new(syncBuffer), JSON)})
	served := told.Middleware("/graphql")(http.NotFoundHandler())
	for range 3000 { // the queue has room for 2,048, and 512 are being sent
		served.ServeHTTP(discardResponse{}, requestTo(t.Context(), "/graphql"))
	}
	close(hanging.released)
}
