package service

import (
	"os"
	"runtime/debug"
)

// gcPercent is Go's GOGC where the environment has none. The server holds little and makes much that is soon gone: at Go's own
// 100 an eighth of its time goes into collecting it. A busy server is still below 64 MB.
const gcPercent = 200

// TuneMemory sets how much memory the process takes to have less work. GOGC, where it is set, wins.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}
