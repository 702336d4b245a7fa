package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Format is how lines of the log look.
type Format string

// The formats.
const (
	JSON Format = "json" // an object a line
	Text Format = "text" // key=value
)

// NewLogger writes lines in the format, JSON unless it is Text. Lines of a request that is traced name its trace and span.
func NewLogger(w io.Writer, format Format) *slog.Logger {
	if format == Text {
		return slog.New(traced{slog.NewTextHandler(w, nil)})
	}
	return slog.New(traced{slog.NewJSONHandler(w, nil)})
}

// traced adds to a line where it belongs.
type traced struct{ slog.Handler }

func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r = r.Clone() // other handlers may have it
		r.AddAttrs(slog.String("trace_id", span.TraceID().String()), slog.String("span_id", span.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(attrs)} }

func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
