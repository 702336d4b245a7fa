package telemetry

import (
	"log"
	"log/slog"
	"strings"
)

// TakeStandardLog makes the logger the default one, and has it write what comes by package log, as far as that may be shown. Go's
// own packages log there, and net/http a part of an answer: what comes after its end, which may be anything that an
// upstream knows. They quote what is not their own words, so a line ends before its first quote.
func TakeStandardLog(l *slog.Logger) {
	slog.SetDefault(l)
	log.SetFlags(0)
	log.SetOutput(standardLog{l})
}

type standardLog struct{ log *slog.Logger }

func (s standardLog) Write(line []byte) (int, error) {
	shown, _, _ := strings.Cut(strings.TrimSuffix(string(line), "\n"), `"`)
	s.log.Warn("standard library", "message", strings.TrimSpace(shown)) //nolint:noctx // Whoever writes a line has none.
	return len(line), nil
}
