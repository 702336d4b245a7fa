package telemetry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TraceExporter makes the exporter that the environment of the process asks for by OpenTelemetry's own variables, such as
// OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER=otlp; nil where it asks for none. What can't be exported later is told
// to OpenTelemetry's error handler, see [Log.TakeOver].
//
// OTLP goes over HTTP alone: every collector takes it, and the package that also knows gRPC brings ten modules more.
func TraceExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	if !wantsTraces(os.Getenv) {
		return nil, nil //nolint:nilnil // none is asked for, and none there is
	}
	exporter, err := newExporter(ctx, os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	return exporter, nil
}

func newExporter(ctx context.Context, getenv func(string) string) (sdktrace.SpanExporter, error) {
	switch getenv("OTEL_TRACES_EXPORTER") {
	case "", "otlp":
		protocol := cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), overHTTP)
		if protocol != overHTTP {
			return nil, errors.New("OTEL_EXPORTER_OTLP_PROTOCOL must be " + overHTTP + ", which collectors take on port 4318, or be unset")
		}
		return otlptracehttp.New(ctx)
	case "console":
		return stdouttrace.New()
	default:
		return nil, errors.New("OTEL_TRACES_EXPORTER must be otlp, console or none")
	}
}

// overHTTP is OpenTelemetry's name for the one form of OTLP that is built in.
const overHTTP = "http/protobuf"

// wantsTraces tells whether traces are asked for. OpenTelemetry would send them to this machine where nothing is said.
func wantsTraces(getenv func(string) string) bool {
	if strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := getenv("OTEL_TRACES_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// failureKind is why something was not exported, in a word: an exporter's error repeats the collector's address and answer.
func failureKind(err error) string {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return "timeout"
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return "unreachable"
	}
	return "refused"
}
