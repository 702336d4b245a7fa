package playground

import (
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// ownFiles are the embedded files that are ours, by path.
func ownFiles(t *testing.T) map[string]string {
	t.Helper()
	content := map[string]string{}
	err := fs.WalkDir(web, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := fs.ReadFile(web, path)
		content[path] = string(file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

var otherHost = regexp.MustCompile(`(?i)(?:https?:|wss?:|url\(|["'(]\s*)//[^\s"')]+`)

// namespace is the one URL that names a host and loads nothing.
const namespace = `xmlns="http://www.w3.org/2000/svg"`

func TestOwnFilesNameNoOtherHost(t *testing.T) {
	t.Parallel()
	for path, content := range ownFiles(t) {
		if found := otherHost.FindString(strings.ReplaceAll(content, namespace, "")); found != "" {
			t.Errorf("%s names another host: %s", path, found)
		}
	}
}

var inline = regexp.MustCompile(`(?is)<script(?:\s[^>]*)?>\s*[^<\s]|<style|\sstyle=|\son\w+=|javascript:`)

// TestPagesHaveNothingInline holds the pages to what a policy of default-src 'self' allows.
func TestPagesHaveNothingInline(t *testing.T) {
	t.Parallel()
	for file, content := range ownFiles(t) {
		if path.Ext(file) != ".html" {
			continue
		}
		if found := inline.FindString(content); found != "" {
			t.Errorf("%s has something inline: %s", file, found)
		}
	}
}

var imported = regexp.MustCompile(`from "\./([^"]+)"`)

func TestScriptsImportWhatIsThere(t *testing.T) {
	t.Parallel()
	own := ownFiles(t)
	for file, content := range own {
		for _, match := range imported.FindAllStringSubmatch(content, -1) {
			_, beside := own[path.Join(path.Dir(file), match[1])]
			if _, shared := own[path.Join("web", match[1])]; !beside && !shared {
				t.Errorf("%s imports %s, which is not there", file, match[1])
			}
		}
	}
}

// TestPlainPageIsSmall keeps the page what it is meant to be: something that one can read in an hour.
func TestPlainPageIsSmall(t *testing.T) {
	t.Parallel()
	const most = 48 << 10
	content, err := readFiles(webFolder("web/plain"))
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for _, file := range content {
		size += len(file)
	}
	size += len(body(t, newHandler(Options{}.withDefaults(), fstest.MapFS{}), "/"))
	if size > most {
		t.Errorf("the page and its files are %d bytes, want at most %d", size, most)
	}
}

// TestScriptsUnderNode runs the tests of what the scripts compute, which stand in testdata/node. Node.js is not needed to
// build or use anything, so the test is skipped without it.
func TestScriptsUnderNode(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node in PATH: what the scripts compute is tested in the browser alone")
	}
	tests, err := filepath.Glob("testdata/node/*.test.mjs")
	if err != nil || len(tests) == 0 {
		t.Fatalf("tests for Node.js: %v, %v", tests, err)
	}
	output, err := exec.CommandContext(t.Context(), node, append([]string{"--test"}, tests...)...).CombinedOutput()
	if err != nil {
		t.Errorf("node --test: %v\n%s", err, output)
	}
}
