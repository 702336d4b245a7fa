package service

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
	// settleTime is that of the looks while something changes: what is seen may be half-written.
	settleTime = time.Second
	// patience is how many looks in a row may find a file gone before that is worth a warning.
	patience = 3
	// restlessness is how many looks may find files changing before that is worth one.
	restlessness = 30
)

// load reads files by read alone, and puts what it makes of them into force. On an error it has left all as it was, as where a
// file can't be read. Errors are logged, so they must show no secret.
//
// Fixed are the settings that cannot change while the process runs, such as an address that is listened on: values by names.
// The values are compared, and not logged.
type load func(read readFile) (fixed map[string]string, err error)

// watcher loads again when a file that was read for the last load has changed, be it that the load failed: its files are
// the ones that somebody is about to mend.
type watcher struct {
	load     load
	read     readFile
	log      *slog.Logger
	reloaded func(ok bool) // called after each reload
	files    snapshot
	settling settling
	asked    bool              // for a reload
	failed   bool              // the last load
	fixed    map[string]string // of the first load
}

// newWatcher reads files by read, and logs to log. Nothing is loaded yet.
func newWatcher(load load, read readFile, log *slog.Logger) *watcher {
	return &watcher{load: load, read: read, log: log, reloaded: func(bool) {}}
}

// Start loads for the first time. To be called before Run.
func (w *watcher) Start() error {
	w.files = make(snapshot)
	fixed, err := w.load(w.files.over(w.read))
	w.failed, w.fixed = err != nil, fixed
	return err
}

// Run looks at the files every 10 s, and whenever something comes from hangups, until ctx ends. What has changed is looked at
// again a second later, until it has stayed the same, and only then loaded; so are the files that it names. A load that fails
// is logged, once for each content of the files, and leaves in force what is.
func (w *watcher) Run(ctx context.Context, hangups <-chan os.Signal) {
	next := time.NewTimer(interval)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			w.asked = true
			if w.settling.under() {
				continue // the next look is near
			}
		case <-next.C:
		}
		next.Reset(w.poll())
	}
}

// look loads what has changed and settled. It gives the time until the next look.
func (w *watcher) poll() time.Duration {
	now := w.files.look(w.read)
	changed := w.files.changes(now)
	if len(changed) == 0 && !w.mustTell() {
		w.rest()
		return interval
	}
	if w.settling.again(changed, now) && w.reload(changed) {
		return interval
	}
	if w.settling.looks == restlessness {
		w.log.Warn("configuration: files go on changing; what was read of them before stays in force", "changed", changed)
	}
	return settleTime
}

// mustTell tells whether somebody asks for a reload of files that did not change but are bad, or gone: to be told why. What was
// loaded well is not loaded again, which would only cost what is cached.
func (w *watcher) mustTell() bool { return w.asked && (w.failed || !w.files.complete()) }

// rest ends a look at which nothing had changed, or no longer.
func (w *watcher) rest() {
	if w.asked {
		w.log.Info("configuration: nothing has changed")
	}
	if gone := w.files.missing(patience); len(gone) > 0 {
		w.log.Warn("configuration: files are gone; what was read of them stays in force", "files", gone)
	}
	w.asked = false
	w.settling.end()
}

// reload tells whether that was settled, be it by a mistake in the files.
func (w *watcher) reload(changed []string) bool {
	files := make(snapshot)
	fixed, err := w.load(files.over(w.settling.over(w.read)))
	if err != nil && w.settling.open {
		return false
	}
	w.files, w.failed, w.asked = files, err != nil, false
	w.settling.end()
	w.reloaded(err == nil)
	if err != nil {
		w.log.Error("configuration: not reloaded; the one before stays in force", "changed", changed, "error", err)
		return true
	}
	w.log.Info("configuration: reloaded", "changed", changed)
	if names := differences(w.fixed, fixed); len(names) > 0 {
		w.log.Warn("configuration: some settings change with a restart only", "settings", names)
	}
	return true
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
