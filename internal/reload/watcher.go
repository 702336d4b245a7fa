package reload

import (
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"time"
)

const (
	// interval is that of the looks. To watch folders would tell sooner, and not at all on some network file systems.
	interval = 10 * time.Second
	// patience is how many looks in a row may find a file gone before that is worth a warning.
	patience = 3
)

// Load reads files by read alone, and puts what it makes of them into force. On an error it has left all as it was. Errors
// are logged, so they must show no secret.
//
// Fixed are the settings that cannot change while the process runs, such as an address that is listened on: values by names.
// The values are compared, and not logged.
type Load func(read ReadFile) (fixed map[string]string, err error)

// Watcher loads again when a file that was read for the last load has changed, be it that the load failed: its files are
// the ones that somebody is about to mend.
type Watcher struct {
	load   Load
	read   ReadFile
	log    *slog.Logger
	files  record
	failed bool              // the last load
	fixed  map[string]string // of the first load
}

// NewWatcher reads files by read, and logs to log. Nothing is loaded yet.
func NewWatcher(load Load, read ReadFile, log *slog.Logger) *Watcher {
	return &Watcher{load: load, read: read, log: log}
}

// Start loads for the first time. To be called before Run.
func (w *Watcher) Start() error {
	fixed, err := w.attempt()
	w.fixed = fixed
	return err
}

// Run looks at the files every 10 s, and whenever something comes from hangups, until ctx ends. A load that fails is logged,
// once for each content of the files, and leaves in force what is.
func (w *Watcher) Run(ctx context.Context, hangups <-chan os.Signal) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			w.look()
		case <-hangups:
			w.hangUp()
		}
	}
}

// look loads what has changed.
func (w *Watcher) look() {
	if changed := w.files.changes(w.read); len(changed) > 0 {
		w.reload(changed)
		return
	}
	if gone := w.files.missing(patience); len(gone) > 0 {
		w.log.Warn("configuration: files are gone; what was read of them stays in force", "files", gone)
	}
}

// hangUp answers whoever asks for a reload, by a line of the log at least. What was loaded well and has not changed is not
// loaded again: that would only cost what is cached.
func (w *Watcher) hangUp() {
	changed := w.files.changes(w.read)
	if len(changed) == 0 && !w.failed && w.files.complete() {
		w.log.Info("configuration: nothing has changed")
		return
	}
	w.reload(changed)
}

func (w *Watcher) reload(changed []string) {
	fixed, err := w.attempt()
	if err != nil {
		w.log.Error("configuration: not reloaded; the one before stays in force", "changed", changed, "error", err)
		return
	}
	w.log.Info("configuration: reloaded", "changed", changed)
	if names := differences(w.fixed, fixed); len(names) > 0 {
		w.log.Warn("configuration: some settings change with a restart only", "settings", names)
	}
}

// attempt loads on a new record.
func (w *Watcher) attempt() (map[string]string, error) {
	w.files = make(record)
	fixed, err := w.load(w.files.over(w.read))
	w.failed = err != nil
	return fixed, err
}

// differences are the names, sorted, that do not have the same value in both.
func differences(a, b map[string]string) (names []string) {
	all := make(map[string]string, len(a))
	maps.Copy(all, a)
	maps.Copy(all, b)
	for name := range all {
		before, was := a[name]
		after, is := b[name]
		if was != is || before != after {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
