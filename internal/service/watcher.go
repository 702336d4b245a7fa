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
	// interval is how often the files are read again. Notifications of the file system come sooner, but on some network file systems
	// never.
	interval = 10 * time.Second
	// settleTime is the interval while something changes: a file may be half written.
	settleTime = time.Second
	// maxMissingPolls is after how many polls in a row without a file there is a warning.
	maxMissingPolls = 3
	// maxUnsettledPolls is after how many polls that found files changing there is a warning.
	maxUnsettledPolls = 30
)

// load reads files by read alone, and puts what it makes of them into force. On an error it has left all as it was, as where a
// file can't be read. Errors are logged, so they must show no secret.
//
// Fixed are the settings that cannot change while the process runs, such as an address that is listened on: values by names.
// The values are compared, and not logged.
type load func(read readFile) (fixed map[string]string, err error)

// watcher loads again when a file has changed that was read for the last load. A load that failed counts, too: somebody is about to
// mend its files.
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
	fixed, err := w.load(w.files.recording(w.read))
	w.failed, w.fixed = err != nil, fixed
	return err
}

// Run reads the files every 10 s, and whenever something comes from hangups, until ctx ends. A file that has changed is read again
// every second, and loaded once it was the same twice; so are files that it names. Where a load fails, what was loaded before stays
// in force, and the error is logged once for each content of the files.
func (w *watcher) Run(ctx context.Context, hangups <-chan os.Signal) {
	next := time.NewTimer(interval)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			w.asked = true
			if w.settling.inProgress() {
				continue // the next look is near
			}
		case <-next.C:
		}
		next.Reset(w.poll())
	}
}

// poll loads what has changed and settled. It returns the time until the next poll.
func (w *watcher) poll() time.Duration {
	now := w.files.readAll(w.read)
	changed := w.files.changes(now)
	if len(changed) == 0 && !w.mustExplain() {
		w.endPoll()
		return interval
	}
	if w.settling.isUnchanged(changed, now) && w.reload(changed) {
		return interval
	}
	if w.settling.looks == maxUnsettledPolls {
		w.log.Warn("configuration: files go on changing; what was read of them before stays in force", "changed", changed)
	}
	return settleTime
}

// mustExplain tells whether a reload was asked for that would fail for the same reason as before, which is to be logged again. What was
// loaded well is not loaded again: that would only empty the caches.
func (w *watcher) mustExplain() bool { return w.asked && (w.failed || !w.files.complete()) }

// endPoll ends a poll that found nothing changed.
func (w *watcher) endPoll() {
	if w.asked {
		w.log.Info("configuration: nothing has changed")
	}
	if gone := w.files.missing(maxMissingPolls); len(gone) > 0 {
		w.log.Warn("configuration: files are gone; what was read of them stays in force", "files", gone)
	}
	w.asked = false
	w.settling.end()
}

// reload loads the files. It is false where one of them may still be written.
func (w *watcher) reload(changed []string) bool {
	files := make(snapshot)
	fixed, err := w.load(files.recording(w.settling.settledOnly(w.read)))
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
