package telemetry

import (
	"context"
	"io"
	"log"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
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
func NewLogger(w io.Writer, format Format) *slog.Logger { return slog.New(newHandler(w, format)) }

func newHandler(w io.Writer, format Format) slog.Handler {
	if format == Text {
		return traced{slog.NewTextHandler(w, nil)}
	}
	return traced{slog.NewJSONHandler(w, nil)}
}

// Log is the log of the process. It never waits for whoever reads it, see [Queue]; where lines were dropped, a line says how
// many.
type Log struct {
	*slog.Logger
	*Queue
}

// OpenLog writes to w as [NewLogger] does, until it is closed.
func OpenLog(ctx context.Context, w io.Writer, format Format) *Log {
	direct, ctx := newHandler(w, format), context.WithoutCancel(ctx)
	queue := NewQueue(w, func(dropped int64) error {
		told := slog.NewRecord(time.Now(), slog.LevelWarn, "log: lines were dropped, since they were not taken in time", 0)
		told.AddAttrs(slog.Int64("dropped", dropped))
		return direct.Handle(ctx, told)
	})
	return &Log{Logger: NewLogger(queue, format), Queue: queue}
}

// TakeOver has the whole process write here: [slog.Default], the standard library's log, which [net/http] writes to, as far as
// its words are its own, and OpenTelemetry.
func (l *Log) TakeOver() {
	slog.SetDefault(l.Logger)
	log.SetFlags(0)
	log.SetOutput(libraries{l.Logger})
	otel.SetLogger(logr.FromSlogHandler(l.Handler()))
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { l.Warn("telemetry", "failure", failureKind(err)) }))
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
