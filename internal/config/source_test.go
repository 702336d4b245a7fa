package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSystemSourceReadsFilesBesideTheConfiguration(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "config.yaml"), keyFileApp+"key\n")
	write(t, filepath.Join(folder, "key"), sentinel+"\n")
	src := SystemSource(filepath.Join(folder, "config.yaml"))
	src.Environ = nil
	got, err := Load(src)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults(func(c *Config) { c.Apps[0].APIKeyFile = filepath.Join(folder, "key") })
	if diff := cmp.Diff(want, got, sameSecret); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadFileIsBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, strings.Repeat("#", maxFileBytes))
	if content, err := readFile(path); err != nil || len(content) != maxFileBytes {
		t.Errorf("a file at the bound: %d bytes, %v", len(content), err)
	}
	write(t, path, strings.Repeat("#", maxFileBytes+1))
	if _, err := readFile(path); !errors.Is(err, errTooLarge) {
		t.Errorf("a file above the bound: %v", err)
	}
}

func TestReadFileFailures(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if _, err := readFile(filepath.Join(folder, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := readFile(folder); err == nil {
		t.Error("a folder has content")
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
