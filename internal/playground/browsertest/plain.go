package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const plainAnswer = `document.getElementById("output").textContent`

func visitPlain(t *testing.T, b *browser, baseURL string) {
	t.Helper()
	openPlain(t, b, baseURL)
	turnPage(t, b)
	readDocumentation(t, b)
	keepThroughReload(t, b)
	runByKeyboard(t, b)
	keepToken(t, b)
	showMistake(t, b)
	fitPhone(t, b)
}

// openPlain runs the example that the page opens with.
func openPlain(t *testing.T, b *browser, baseURL string) {
	t.Helper()
	b.do(t, "open the page", chromedp.Navigate(baseURL+"/"), chromedp.WaitVisible(chromedp.CSS("#query")))
	b.waitFor(t, "the first example", `document.getElementById("query").value !== ""`)
	b.do(t, "run the example", chromedp.Click(chromedp.CSS("#run")))
	b.waitFor(t, "an answer", plainAnswer+`.includes('"workflowLogs"')`)
}

// turnPage clicks "Next page", and wants other rows than those of the page that is shown.
func turnPage(t *testing.T, b *browser) {
	t.Helper()
	before := runIDs(t, b, plainAnswer)
	b.do(t, "click Next page", chromedp.Click(chromedp.CSS(".turn-next")))
	b.waitFor(t, "another page", fmt.Sprintf("!%s.includes(%q)", plainAnswer, before[0]))
	seen := make(map[string]bool, len(before))
	for _, id := range before {
		seen[id] = true
	}
	for _, id := range runIDs(t, b, plainAnswer) {
		if seen[id] {
			t.Errorf("run %s is on both pages", id)
		}
	}
}

// readDocumentation finds a field by the search, reads its page, and goes back to what was found.
func readDocumentation(t *testing.T, b *browser) {
	t.Helper()
	docs := chromedp.CSS("#docs")
	b.do(
		t, "search in the documentation",
		chromedp.SendKeys(chromedp.CSS("#docs input"), "workflowlogs"),
		chromedp.Click(`//a[text()="Query.workflowLogs"]`),
		chromedp.WaitVisible(`//h3[text()="Arguments"]`),
	)
	wantDescription(t, get(t, b, "read the documentation", chromedp.Text(docs)))
	b.do(
		t, "go back in the documentation",
		chromedp.Click(chromedp.CSS("#docs button")),
		chromedp.WaitVisible(`//a[text()="DifyApp.workflowLogs"]`),
	)
}

// keepThroughReload wants the state in the URL to bring the second page's variables back.
func keepThroughReload(t *testing.T, b *browser) {
	t.Helper()
	const variables = `document.getElementById("variables").value`
	before := get(t, b, "the variables", chromedp.Evaluate[string](variables))
	b.do(t, "reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#query")))
	b.waitFor(t, "the variables after a reload", fmt.Sprintf("%s === %q", variables, before))
}

// keepToken gives a token: the schema is read again with it, it outlives a reload, and neither the link nor the command has it.
func keepToken(t *testing.T, b *browser) {
	t.Helper()
	const token = "a-planted-token"
	b.do(t, "give a token", chromedp.SendKeys(chromedp.CSS("#token"), token+kb.Enter))
	b.waitFor(t, "the schema", `document.querySelector("#docs h2")?.textContent === "Query" && document.activeElement.id === "token"`)
	b.do(t, "reload", chromedp.Reload(), chromedp.WaitVisible(chromedp.CSS("#query")))
	b.waitFor(t, "the schema after a reload", `document.querySelector("#docs h2") !== null`)
	b.do(t, "run with it", chromedp.Click(chromedp.CSS("#run")))
	b.waitFor(t, "an answer", plainAnswer+`.includes('"workflowLogs"')`)
	b.wantToken(t, 3, token)
	get(t, b, "take the clipboard away", chromedp.Evaluate[bool](`Object.defineProperty(navigator, "clipboard", {value: undefined}) && true`))
	b.do(t, "copy a command", chromedp.Click(chromedp.CSS("#copy-curl")))
	b.waitFor(t, "the command", plainAnswer+`.startsWith("curl -s 'http") && `+plainAnswer+`.includes('Bearer $TOKEN"')`)
	if left := get(t, b, "what could be shared", chromedp.Evaluate[string](plainAnswer+`+ location.href`)); strings.Contains(left, token) {
		t.Errorf("the token is in what is shared: %s", left)
	}
}

// runByKeyboard runs from the query's editor, and leaves it by Escape and Tab.
func runByKeyboard(t *testing.T, b *browser) {
	t.Helper()
	b.do(t, "press Ctrl and Enter", chromedp.Focus(chromedp.CSS("#query")), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl)))
	b.waitFor(t, "an answer by keyboard", plainAnswer+`.includes('"workflowLogs"')`)
	b.do(t, "press Escape and Tab", chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Tab))
	b.waitFor(t, "the focus out of the editor", `document.activeElement.id === "variables"`)
}

// showMistake wants words about variables that are not JSON, and no old answer beside them.
func showMistake(t *testing.T, b *browser) {
	t.Helper()
	b.do(t, "type half an object and run", chromedp.SendKeys(chromedp.CSS("#variables"), "{"), chromedp.Click(chromedp.CSS("#run")))
	b.waitFor(t, "a message", `document.getElementById("errors").textContent.includes("The variables are not a JSON object")`)
	if left := get(t, b, "what is left", chromedp.Evaluate[string](plainAnswer)); left != "" {
		t.Errorf("an old answer is shown beside the mistake: %q", left)
	}
}

// fitPhone wants nothing to stick out at the width of a phone.
func fitPhone(t *testing.T, b *browser) {
	t.Helper()
	b.do(t, "make the window narrow", chromedp.EmulateViewport(390, 844))
	over := get(t, b, "the page's width", chromedp.Evaluate[int]("document.documentElement.scrollWidth - innerWidth"))
	if over > 0 {
		t.Errorf("at 390 pixels the page is %d too wide", over)
	}
	get(t, b, "run at the top", chromedp.Evaluate[bool](`scrollTo(0, 0), document.getElementById("run").click(), true`))
	b.waitFor(t, "the result in view", `(box => box.top >= -1 && box.top < innerHeight / 2)(document.querySelector(".result").getBoundingClientRect())`)
}
