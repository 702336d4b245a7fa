package files

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestRegularFilesAreRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file, link := filepath.Join(folder, "file"), filepath.Join(folder, "link")
	if err := errors.Join(os.WriteFile(file, []byte("text"), 0o600), os.Symlink("file", link)); err != nil {
		t.Fatal(err)
	}
	read := Within(t.Context())
	for _, path := range []string{file, link} {
		if content, err := read(path, 4); err != nil || string(content) != "text" {
			t.Errorf("%s: %q, %v", path, content, err)
		}
		if _, err := read(path, 3); !errors.Is(err, errTooLarge) {
			t.Errorf("%s, larger than allowed: %v", path, err)
		}
	}
	if _, err := read(filepath.Join(folder, "gone"), 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestOnlyRegularFilesAreRead has what would keep its reader, or have no end. Without an answer the test does not end.
func TestOnlyRegularFilesAreRead(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	pipe, link, socket := filepath.Join(folder, "pipe"), filepath.Join(folder, "link"), filepath.Join(folder, "s")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink("pipe", link)); err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	read := Within(t.Context())
	for _, path := range []string{pipe, link, folder, "/dev/zero", "/dev/tty", socket} {
		content, err := read(path, 1<<20)
		if _, ok := errors.AsType[*fs.PathError](err); !ok || len(content) > 0 {
			t.Errorf("%s: %d bytes, %v", path, len(content), err)
		}
	}
	if _, err := read(pipe, 1); !errors.Is(err, errNotRegular) || !strings.Contains(err.Error(), pipe) {
		t.Errorf("a pipe: %v", err)
	}
}

// TestHangingReadIsLeft: after its time, or with the program's end; and it is waited for again, not begun again.
func TestHangingReadIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		hangs, begun := make(chan struct{}), 0
		read := within(ctx, func(string, int64) ([]byte, error) {
			begun++
			<-hangs
			return []byte("text"), nil
		})
		for range 3 {
			before := time.Now()
			if _, err := read("path", 1); !errors.Is(err, errTooSlow) || time.Since(before) != readTimeout {
				t.Errorf("%v after %v", err, time.Since(before))
			}
		}
		time.AfterFunc(time.Second, func() { close(hangs) })
		if content, err := read("path", 1); err != nil || string(content) != "text" || begun != 1 {
			t.Errorf("%q, %v, begun %d times", content, err, begun)
		}
		hangs = make(chan struct{})
		time.AfterFunc(time.Second, cancel)
		if _, err := read("path", 1); !errors.Is(err, context.Canceled) {
			t.Errorf("at the end: %v", err)
		}
		close(hangs)
	})
}
