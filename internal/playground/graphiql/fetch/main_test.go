package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

// installed makes a node_modules like npm's, with one package besides those of the bundle.
func installed(t *testing.T) string {
	t.Helper()
	modules := t.TempDir()
	for _, source := range graphiql.Files {
		write(t, filepath.Join(modules, source), "content of "+source)
	}
	write(t, filepath.Join(modules, "@scope/part/package.json"), `{"name": "@scope/part", "version": "1.2.3", "license": "MIT"}`)
	write(t, filepath.Join(modules, "@scope/part/LICENSE.md"), "\nDo as you like.\n")
	write(t, filepath.Join(modules, "@scope/part/esm/package.json"), `{"type": "module"}`)
	write(t, filepath.Join(modules, "@scope/part/test/package.json"), `["no package"]`)
	return modules
}

// oldBundle has what an earlier run left.
func oldBundle(t *testing.T) string {
	t.Helper()
	bundle := t.TempDir()
	write(t, filepath.Join(bundle, ".gitignore"), "*")
	write(t, filepath.Join(bundle, "old.js"), "of an earlier version")
	return bundle
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestFillBundle(t *testing.T) {
	t.Parallel()
	bundle := oldBundle(t)
	var out strings.Builder
	if err := fillBundle(installed(t), bundle, &out); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		".gitignore":          "*",
		graphiql.LicensesFile: "@scope/part 1.2.3 (MIT)\n\nDo as you like.\n\n",
	}
	for name, source := range graphiql.Files {
		want[name] = "content of " + source
	}
	if diff := cmp.Diff(want, read(t, bundle)); diff != "" {
		t.Errorf("bundle (-want +got):\n%s", diff)
	}
	if !graphiql.Complete(os.DirFS(bundle)) {
		t.Error("the bundle is not complete")
	}
	for name := range want {
		if name != ".gitignore" && !strings.Contains(out.String(), name) {
			t.Errorf("nothing is said of %s:\n%s", name, out.String())
		}
	}
}

func TestFillBundleFailsWithoutAFile(t *testing.T) {
	t.Parallel()
	modules, bundle := installed(t), oldBundle(t)
	if err := os.Remove(filepath.Join(modules, graphiql.Files["react.js"])); err != nil {
		t.Fatal(err)
	}
	err := fillBundle(modules, bundle, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "react.production.min.js") {
		t.Errorf("error %v, want one that names the file", err)
	}
	if graphiql.Complete(os.DirFS(bundle)) {
		t.Error("half a bundle counts as complete")
	}
}

func TestRunNeedsNPM(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := run(t.Context(), t.TempDir(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), "npm is needed") {
		t.Errorf("error %v, want one that says what is needed", err)
	}
}

func TestRunFailsWithNPM(t *testing.T) {
	tools := t.TempDir()
	if err := os.WriteFile(filepath.Join(tools, "npm"), []byte("#!/bin/sh\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", tools+string(os.PathListSeparator)+os.Getenv("PATH"))
	err := run(t.Context(), "../", io.Discard)
	if err == nil || !strings.Contains(err.Error(), "npm ci: exit status 3") {
		t.Errorf("error %v, want that of npm", err)
	}
}

func read(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, entry := range entries {
		file, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		content[entry.Name()] = string(file)
	}
	return content
}
