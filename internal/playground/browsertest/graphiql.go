package browsertest

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// graphiqlAnswer reads the editor behind the result: what is on the screen is only the part that fits.
const graphiqlAnswer = `document.querySelector(".result-window .CodeMirror").CodeMirror.getValue()`

// graphiqlFilled is true once the editors of the query and of its variables have their texts: they come after the buttons.
const graphiqlFilled = `[...document.querySelectorAll(".graphiql-editors .CodeMirror")]
	.filter((editor) => editor.CodeMirror.getValue() !== "").length === 2`

func visitGraphiQL(t *testing.T, b *browser, baseURL string) {
	t.Helper()
	openGraphiQL(t, b, baseURL)
	runIDs(t, b, graphiqlAnswer)

	b.do(
		t, "open the documentation of a field",
		chromedp.Click(chromedp.CSS(`button[aria-label="Show Documentation Explorer"]`)),
		chromedp.Click(`//a[text()="Query"]`),
		chromedp.Click(`//a[text()="workflowLogs"]`),
		chromedp.WaitVisible(chromedp.CSS(".graphiql-markdown-description")),
	)
	wantDescription(t, get(t, b, "read the documentation", chromedp.Text(chromedp.CSS(".graphiql-doc-explorer-content"))))
}

// openGraphiQL runs the example that the page opens with.
func openGraphiQL(t *testing.T, b *browser, baseURL string) {
	t.Helper()
	run := chromedp.CSS(".graphiql-execute-button")
	b.do(t, "open GraphiQL", chromedp.Navigate(baseURL+"/"), chromedp.WaitVisible(run))
	b.waitFor(t, "the first example with its variables", graphiqlFilled)
	b.do(t, "run the example", chromedp.Click(run))
	b.waitFor(t, "an answer in GraphiQL", graphiqlAnswer+`.includes('"workflowLogs"')`)
}
