package telemetry

import (
	"context"
	"log/slog"
	"time"

	"github.com/difygraph/difygraph/graph/code"
)

// AppChange is that an app went down or came back.
type AppChange struct {
	App  string // its configured key
	Host string // of its base URL
	// Code is that of the failure by which it is down; empty where it is back.
	Code code.Code
	// Since is when the app began to fail.
	Since time.Time
}

// NoteApp writes a line of its own for the change.
func (t *Telemetry) NoteApp(c AppChange) {
	level, message := slog.LevelWarn, "app is down"
	attrs := []slog.Attr{slog.String("app", c.App), slog.String("host", c.Host)}
	if c.Code == "" {
		level, message = slog.LevelInfo, "app is back"
	} else {
		attrs = append(attrs, slog.String("code", string(c.Code)))
	}
	attrs = append(attrs, slog.Time("since", c.Since.UTC()))
	t.log.LogAttrs(context.Background(), level, message, attrs...)
}
