package config

import (
	"errors"
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
	src := SystemSource(filepath.Join(folder, "config.yaml"), readUpTo)
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

func TestFilesAreBounded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	src := SystemSource(path, readUpTo)
	write(t, path, strings.Repeat("#", maxFileBytes))
	if content, err := src.ReadFile(path); err != nil || len(content) != maxFileBytes {
		t.Errorf("a file at the bound: %d bytes, %v", len(content), err)
	}
	write(t, path, strings.Repeat("#", maxFileBytes+1))
	if _, err := src.ReadFile(path); !errors.Is(err, errLarge) {
		t.Errorf("a file above the bound: %v", err)
	}
}

var errLarge = errors.New("large")

func readUpTo(path string, most int64) ([]byte, error) {
	content, err := os.ReadFile(path)
	if int64(len(content)) > most {
		return nil, errLarge
	}
	return content, err
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
