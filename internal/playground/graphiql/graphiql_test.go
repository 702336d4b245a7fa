package graphiql

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
	"testing/fstest"
)

func TestCompleteWantsEveryFile(t *testing.T) {
	t.Parallel()
	whole := fstest.MapFS{LicensesFile: {}}
	for name := range Files {
		whole[name] = &fstest.MapFile{}
	}
	if !Complete(whole) {
		t.Fatal("a whole bundle counts as incomplete")
	}
	for name := range whole {
		part := fstest.MapFS{}
		for other, file := range whole {
			if other != name {
				part[other] = file
			}
		}
		if Complete(part) {
			t.Errorf("a bundle without %s counts as complete", name)
		}
	}
}

// TestLockfile holds the lockfile to its promise: exact content, from whichever registry the machine uses.
func TestLockfile(t *testing.T) {
	t.Parallel()
	var lock struct {
		Packages map[string]struct{ Version, Resolved, Integrity string }
	}
	readJSON(t, "package-lock.json", &lock)
	if len(lock.Packages) < len(Files) {
		t.Fatalf("%d packages in the lockfile", len(lock.Packages))
	}
	for name, locked := range lock.Packages {
		if name == "" {
			continue // That is our own package.json.
		}
		if locked.Resolved != "" {
			t.Errorf("%s names a host: %s", name, locked.Resolved)
		}
		if locked.Version == "" || locked.Integrity == "" {
			t.Errorf("%s has version %q and integrity %q", name, locked.Version, locked.Integrity)
		}
	}
}

func TestPackagesArePinned(t *testing.T) {
	t.Parallel()
	var manifest struct{ Dependencies map[string]string }
	readJSON(t, "package.json", &manifest)
	exact := regexp.MustCompile(`^\d+\.\d+\.\d+$`)
	for name, version := range manifest.Dependencies {
		if !exact.MatchString(version) {
			t.Errorf("%s has version %q, want an exact one", name, version)
		}
	}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
