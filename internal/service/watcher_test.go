package service

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// inForce is how long a change takes at most.
const inForce = interval + settleTime

// disk is a file system in memory.
type disk struct {
	mu    sync.Mutex
	files map[string]string
}

func (d *disk) write(path, content string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.files[path] = content
}

func (d *disk) remove(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, path)
}

func (d *disk) read(path string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	content, ok := d.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return []byte(content), nil
}

// trial watches a configuration of a few words: "bad", "key" for a second file, "listen:…" for a setting that is fixed.
type trial struct {
	*disk
	hangups chan os.Signal

	told   sync.Mutex // of what follows
	loaded []string   // what was put into force, in order
	counts []bool     // of the reloads, which went well
	log    bytes.Buffer
}

// Write takes a line of the log.
func (r *trial) Write(line []byte) (int, error) {
	r.told.Lock()
	defer r.told.Unlock()
	return r.log.Write(line)
}

func startTrial(t *testing.T) *trial {
	t.Helper()
	r := &trial{
		disk:    &disk{files: map[string]string{"config": "one key", "key": "k1"}},
		hangups: make(chan os.Signal),
	}
	plain := slog.NewTextHandler(r, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})
	w := newWatcher(r.load, r.read, slog.New(plain))
	w.reloaded = func(ok bool) { r.counts = append(r.counts, ok) }
	if err := w.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { w.Run(ctx, r.hangups) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return r
}

func (r *trial) load(read readFile) (map[string]string, error) {
	content, err := read("config")
	if err != nil {
		return nil, err
	}
	words, fixed := string(content), map[string]string{"listen": "1"}
	if strings.Contains(words, "bad") {
		return nil, errors.New("config: bad")
	}
	if strings.Contains(words, "key") {
		key, err := read("key")
		if err != nil {
			return nil, err
		}
		words += "=" + string(key)
	}
	if _, address, ok := strings.Cut(words, "listen:"); ok {
		fixed["listen"] = address
	}
	r.told.Lock()
	defer r.told.Unlock()
	r.loaded = append(r.loaded, words)
	return fixed, nil
}

// after lets time pass, and then wants this and no more to have been loaded and logged since the last look.
func (r *trial) after(t *testing.T, d time.Duration, loaded, logged []string) {
	t.Helper()
	time.Sleep(d)
	synctest.Wait()
	r.told.Lock()
	defer r.told.Unlock()
	if diff := cmp.Diff(loaded, r.loaded); diff != "" {
		t.Errorf("loaded (-want +got):\n%s", diff)
	}
	lines := strings.FieldsFunc(r.log.String(), func(r rune) bool { return r == '\n' })
	if diff := cmp.Diff(logged, lines, cmp.Transformer("empty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
		t.Errorf("logged (-want +got):\n%s", diff)
	}
	r.loaded = nil
	r.log.Reset()
}

func inBubble(t *testing.T, test func(t *testing.T, r *trial)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := startTrial(t)
		r.after(t, time.Minute, []string{"one key=k1"}, nil)
		test(t, r)
		r.after(t, time.Hour, nil, nil) // whatever it was is done with
	})
}

func TestChangesAreLoaded(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "two key")
		r.after(t, inForce, []string{"two key=k1"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
		r.write("key", "k2")
		r.after(t, inForce, []string{"two key=k2"}, []string{`level=INFO msg="configuration: reloaded" changed=[key]`})
		r.write("config", "three")
		r.write("key", "k3")
		r.after(t, inForce, []string{"three"}, []string{`level=INFO msg="configuration: reloaded" changed="[config key]"`})
		r.write("key", "k4") // which is no part of it any more
	})
}

func TestBadFilesAreRefusedOnce(t *testing.T) {
	t.Parallel()
	const refused = `level=ERROR msg="configuration: not reloaded; the one before stays in force" changed=[config] error="config: bad"`
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "bad")
		r.after(t, time.Hour, nil, []string{refused})
		r.write("config", "bad again")
		r.after(t, time.Hour, nil, []string{refused})
		r.write("config", "one key")
		r.after(t, inForce, []string{"one key=k1"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
		if diff := cmp.Diff([]bool{false, false, true}, r.counts); diff != "" {
			t.Errorf("reloads that are counted:\n%s", diff)
		}
	})
}

// TestMissingFileIsAwaited: a configuration may come before the key file that it names.
func TestMissingFileIsAwaited(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.remove("key")
		r.write("config", "two key")
		r.after(t, time.Hour, nil, []string{
			`level=ERROR msg="configuration: not reloaded; the one before stays in force" changed=[config] error="open key: file does not exist"`,
		})
		r.write("key", "k2")
		r.after(t, inForce, []string{"two key=k2"}, []string{`level=INFO msg="configuration: reloaded" changed=[key]`})
	})
}

func TestVanishedFiles(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.remove("key")
		r.after(t, (maxMissingPolls-1)*interval, nil, nil)
		r.write("key", "k1")
		r.after(t, interval, nil, nil) // it was a swap
		r.remove("key")
		r.after(t, (maxMissingPolls-1)*interval, nil, nil)
		r.after(t, time.Hour, nil, []string{
			`level=WARN msg="configuration: files are gone; what was read of them stays in force" files=[key]`,
		})
		r.write("key", "k2")
		r.after(t, inForce, []string{"one key=k2"}, []string{`level=INFO msg="configuration: reloaded" changed=[key]`})
	})
}

func TestHangupIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.hangups <- syscall.SIGHUP
		r.after(t, 0, nil, []string{`level=INFO msg="configuration: nothing has changed"`})
		r.write("config", "two")
		r.hangups <- syscall.SIGHUP
		r.after(t, settleTime, []string{"two"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
	})
}

// TestHangupTellsWhatIsWrong: who asks again is told again.
func TestHangupTellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "bad")
		r.hangups <- syscall.SIGHUP
		r.after(t, settleTime, nil, []string{`level=ERROR msg="configuration: not reloaded; the one before stays in force" changed=[config] error="config: bad"`})
		r.hangups <- syscall.SIGHUP
		r.after(t, settleTime, nil, []string{`level=ERROR msg="configuration: not reloaded; the one before stays in force" changed=[] error="config: bad"`})
		r.write("config", "one")
		r.after(t, inForce, []string{"one"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
		r.remove("config")
		r.hangups <- syscall.SIGHUP
		r.after(t, settleTime, nil, []string{`level=ERROR msg="configuration: not reloaded; the one before stays in force" changed=[] error="open config: file does not exist"`})
		r.write("config", "one")
		r.after(t, inForce, []string{"one"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
	})
}

// TestHalfWrittenFileIsNotTaken: not while it grows, and not the key file that a new one names.
func TestHalfWrittenFileIsNotTaken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "bad, being")
		r.hangups <- syscall.SIGHUP
		for _, text := range []string{"bad, being written", "bad, being written,", "two"} {
			r.after(t, settleTime/2, nil, nil)
			r.write("config", text)
			r.after(t, settleTime/2, nil, nil)
		}
		r.after(t, settleTime, []string{"two"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
		r.write("key", "half a")
		r.write("config", "three key")
		r.hangups <- syscall.SIGHUP
		r.after(t, settleTime*3/2, nil, nil)
		r.write("key", "half a key")
		r.after(t, 2*settleTime, []string{"three key=half a key"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
	})
}

// TestChangeThatIsTakenBack is none.
func TestChangeThatIsTakenBack(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "two")
		r.hangups <- syscall.SIGHUP
		r.after(t, settleTime/2, nil, nil)
		r.write("config", "one key")
		r.after(t, settleTime, nil, []string{`level=INFO msg="configuration: nothing has changed"`})
	})
}

// TestFileThatNeverSettles is told of once, and taken when it does.
func TestFileThatNeverSettles(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		for i := range 10 * maxUnsettledPolls {
			r.write("config", strings.Repeat("x", i))
			time.Sleep(settleTime * 2 / 3)
		}
		r.write("config", "two")
		r.after(t, 2*settleTime, []string{"two"}, []string{
			`level=WARN msg="configuration: files go on changing; what was read of them before stays in force" changed=[config]`,
			`level=INFO msg="configuration: reloaded" changed=[config]`,
		})
	})
}

// TestHangupsDoNotHurry: however often a reload is asked for, a file has its second between two looks.
func TestHangupsDoNotHurry(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "two")
		for range 5 {
			r.hangups <- syscall.SIGHUP
		}
		r.after(t, settleTime-1, nil, nil)
		r.after(t, 1, []string{"two"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
	})
}

func TestFixedSettingsAreNamed(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, r *trial) {
		t.Helper()
		r.write("config", "listen:2")
		r.after(t, inForce, []string{"listen:2"}, []string{
			`level=INFO msg="configuration: reloaded" changed=[config]`,
			`level=WARN msg="configuration: some settings change with a restart only" settings=[listen]`,
		})
		r.write("config", "one")
		r.after(t, inForce, []string{"one"}, []string{`level=INFO msg="configuration: reloaded" changed=[config]`})
	})
}

// TestNothingChangedIsAnEmptyList: nil is null in a log of JSON.
func TestNothingChangedIsAnEmptyList(t *testing.T) {
	t.Parallel()
	if changed := (snapshot{}).changes(nil); changed == nil {
		t.Error("nil")
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	a := map[string]string{"same": "1", "changed": "1", "gone": ""}
	b := map[string]string{"same": "1", "changed": "2", "new": ""}
	if diff := cmp.Diff([]string{"changed", "gone", "new"}, differences(a, b)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestFirstLoadMayFail(t *testing.T) {
	t.Parallel()
	failure := errors.New("no")
	w := newWatcher(func(readFile) (map[string]string, error) { return nil, failure }, os.ReadFile, slog.New(slog.DiscardHandler))
	if err := w.Start(); !errors.Is(err, failure) {
		t.Errorf("got %v", err)
	}
}

// TestKubernetesSwap replaces files as Kubernetes does those of a ConfigMap: they are links into a folder that is a link.
func TestKubernetesSwap(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	config := filepath.Join(root, "config")
	publish := func(version string) {
		if err := errors.Join(
			os.Mkdir(filepath.Join(root, version), 0o700),
			os.WriteFile(filepath.Join(root, version, "config"), []byte(version), 0o600),
			os.Symlink(version, filepath.Join(root, "..data_tmp")),
			os.Rename(filepath.Join(root, "..data_tmp"), filepath.Join(root, "..data")),
		); err != nil {
			t.Fatal(err)
		}
	}
	publish("v1")
	if err := os.Symlink(filepath.Join("..data", "config"), config); err != nil {
		t.Fatal(err)
	}
	files := make(snapshot)
	if _, err := files.recording(os.ReadFile)(config); err != nil {
		t.Fatal(err)
	}
	if changed := files.changes(files.readAll(os.ReadFile)); len(changed) > 0 {
		t.Errorf("changed before the swap: %v", changed)
	}
	publish("v2")
	if diff := cmp.Diff([]string{config}, files.changes(files.readAll(os.ReadFile))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
