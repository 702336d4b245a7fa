package telemetry

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/difygraph/difygraph/graph/code"
)

// line is the log's account of a request.
type line struct {
	method   string
	status   int // of HTTP; 0 where there was no answer
	duration time.Duration
}

// write has the same keys for every request, so that programs can read them; `codes` is there where an error is, `failed_apps`
// where apps failed, and `refused` where there is no caller.
func (l line) write(ctx context.Context, log *slog.Logger, r *record) {
	attrs := []slog.Attr{
		slog.String("operation", r.name),
		slog.String("kind", r.kind),
		slog.String("hash", r.hash),
		slog.String("caller", r.caller),
		slog.Int("price", r.account.Price),
		slog.Int("spent", r.account.Spent),
		slog.Int64("calls", r.calls.Load()),
		slog.Int("rows", r.account.Rows),
		slog.Float64("duration_ms", float64(l.duration.Microseconds())/1000),
		slog.String("method", l.method),
		slog.Int("status", l.status),
		slog.GroupAttrs("codes", counted(r.codes)...),
	}
	if len(r.failed) > 0 {
		attrs = append(attrs, slog.Any("failed_apps", slices.Sorted(maps.Keys(r.failed))))
	}
	if r.refused != "" {
		attrs = append(attrs, slog.String("refused", r.refused))
	}
	log.LogAttrs(ctx, slog.LevelInfo, "operation", attrs...)
}

// counted has the codes in the order of the alphabet.
func counted(codes map[code.Code]int) []slog.Attr {
	attrs := make([]slog.Attr, 0, len(codes))
	for _, c := range slices.Sorted(maps.Keys(codes)) {
		attrs = append(attrs, slog.Int(string(c), codes[c]))
	}
	return attrs
}
