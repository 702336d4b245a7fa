package docs_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// block is an example of a page: what stands between two fences.
type block struct {
	page string // its path from here
	line int    // of its first fence
	kind string // its language
	note string // what stands behind the language
	text string
}

// pages are the README and all pages of this folder, by their paths from here.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("*.md")
	if err != nil || len(found) < 5 {
		t.Fatalf("pages: %v %v", found, err)
	}
	return append(found, "../README.md")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the examples of all pages, in each page's order.
func blocks(t *testing.T) (all []block) {
	t.Helper()
	for _, page := range pages(t) {
		all = append(all, blocksOf(page, read(t, page))...)
	}
	return all
}

func blocksOf(page, text string) (all []block) {
	const fence = "```"
	open := false
	for number, line := range strings.Split(text, "\n") {
		info, isFence := strings.CutPrefix(line, fence)
		switch {
		case isFence && !open:
			kind, note, _ := strings.Cut(info, " ")
			all = append(all, block{page: page, line: number + 1, kind: kind, note: note})
		case !isFence && open:
			all[len(all)-1].text += line + "\n"
		}
		open = open != isFence
	}
	return all
}

// unquoted are the blocks of these languages that say nothing behind them. There must be some.
func unquoted(t *testing.T, kinds ...string) (found []block) {
	t.Helper()
	for _, b := range blocks(t) {
		if b.note == "" && slices.Contains(kinds, b.kind) {
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		t.Errorf("no page has a block of %v: the test is blind", kinds)
	}
	return found
}

// name tells where the block stands.
func (b block) name() string {
	return filepath.Base(b.page) + " line " + strconv.Itoa(b.line)
}
