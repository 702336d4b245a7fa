package browsertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/difygraph/difygraph/internal/playground/graphiql"
)

// A UI is one of the two pages that the playground can be.
type UI string

// The two: our own page, and GraphiQL where it is built in.
const (
	Plain    UI = "plain"
	GraphiQL UI = "graphiql"
)

// BuiltIn is the page that the playground is in this build.
func BuiltIn() UI {
	if graphiql.Complete(graphiql.Bundle()) {
		return GraphiQL
	}
	return Plain
}

// Run visits the playground at baseURL, such as "http://127.0.0.1:8080", as a person would: runs the example that it opens
// with, and reads the documentation of Query.workflowLogs; on our own page also turns a page. The page must be the given
// UI, ask no other host for anything, and have no error in the console. The server needs more than 20 runs.
//
// The test is skipped where PATH has no Chromium.
func Run(t *testing.T, baseURL string, ui UI) {
	t.Helper()
	visit, ok := map[UI]func(*testing.T, *browser, string){Plain: visitPlain, GraphiQL: visitGraphiQL}[ui]
	if !ok {
		t.Fatalf("unknown UI %q", ui)
	}
	b := startBrowser(t, 1500, 900)
	visit(t, b, baseURL)
	b.check(t, baseURL)
}

// description is how the schema describes Query.workflowLogs.
const description = "Runs of one, several or all apps in one list."

// runIDs are the ids in the answer to the first example.
func runIDs(t *testing.T, b *browser, answer string) []string {
	t.Helper()
	ids := get(t, b, "rows of workflow logs", chromedp.Evaluate[[]string](
		"JSON.parse("+answer+").data.workflowLogs.nodes.map((node) => node.id)"))
	if len(ids) == 0 || slices.Contains(ids, "") {
		t.Fatalf("rows of workflow logs: got ids %q", ids)
	}
	return ids
}

func wantDescription(t *testing.T, got string) {
	t.Helper()
	if !strings.Contains(got, description) {
		t.Errorf("documentation of Query.workflowLogs: got %q, want %q in it", got, description)
	}
}

// Picture is a PNG of the playground at baseURL, which is that UI, with the answer to the example that it opens with.
//
// The test is skipped where PATH has no Chromium.
func Picture(t *testing.T, baseURL string, ui UI) []byte {
	t.Helper()
	b := startBrowser(t, 1280, 800)
	map[UI]func(*testing.T, *browser, string){Plain: openPlain, GraphiQL: openGraphiQL}[ui](t, b, baseURL)
	return get(t, b, "take a picture", chromedp.CaptureScreenshot())
}
