// Package browsertest drives a real browser through the playground of a running server.
package browsertest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience bounds a whole visit; on a slow machine most of it is the browser's start.
const timeout = 90 * time.Second

// browser is a Chromium that reaches nothing but 127.0.0.1, and notes what it was asked to reach and what went wrong.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string
	tokens   []string // Authorization of each operation, in order
	problems []string
}

// startBrowser skips the test where there is no Chromium.
func startBrowser(t *testing.T, width, height int) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(findChromium(t)),
		chromedp.WindowSize(width, height),
		chromedp.NoSandbox, // Chromium does not start as root otherwise, and containers run tests as root.
		chromedp.DisableGPU,
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-quic", true),
	)
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	b := &browser{}
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithListener(b.note))
	t.Cleanup(closeTab)
	b.ctx = ctx
	b.do(t, "start the browser", enable(network.Enable), enable(log.Enable), enable(runtime.Enable))
	return b
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no chromium, chromium-browser or google-chrome in PATH: the playground is not tried in a browser")
	return ""
}

// enable makes the browser send the events of a domain.
func enable[P any](command cdp.Command[P, cdp.Empty]) step {
	return func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		var defaults P
		return cdp.Call(ctx, target, command, defaults)
	}
}

// note is called by the goroutine that reads from the browser.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, event.Request.URL)
		if event.Request.Method == http.MethodPost {
			b.tokens = append(b.tokens, fmt.Sprint(event.Request.Headers["authorization"]))
		}
	case *network.EventWebSocketCreated:
		b.requests = append(b.requests, event.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, "exception: "+describe(event.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.noteConsole(event)
	case *log.EventEntryAdded: // Violations of the page's policy and failed requests come here.
		if event.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, event.Entry.Text+" "+event.Entry.URL)
		}
	}
}

func (b *browser) noteConsole(event *runtime.EventConsoleAPICalled) {
	if event.Type != runtime.ConsoleAPICalledTypeError {
		return
	}
	for _, argument := range event.Args {
		b.problems = append(b.problems, "console: "+string(argument.Value)+argument.Description)
	}
}

func describe(exception *runtime.ExceptionDetails) string {
	if exception.Exception == nil {
		return exception.Text
	}
	return exception.Text + " " + exception.Exception.Description
}

// step is something to do that has no result.
type step = chromedp.Action[chromedp.Void]

// do runs steps of a visit; what names them in the failure.
func (b *browser) do(t *testing.T, what string, steps ...step) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// get returns the result of one action.
func get[T any](t *testing.T, b *browser, what string, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(b.ctx, action)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return value
}

// waitFor waits until a JavaScript expression is true.
func (b *browser) waitFor(t *testing.T, what, expression string) {
	t.Helper()
	get(t, b, what, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(timeout/3)))
}

// check fails the test if the page asked another host than the one of baseURL for anything, or met a problem.
func (b *browser) check(t *testing.T, baseURL string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		t.Error("no request was seen: the check of hosts would be blind")
	}
	for _, request := range b.requests {
		if !staysHome(request, baseURL) {
			t.Errorf("the page asked for %s", request)
		}
	}
	for _, problem := range b.problems {
		t.Errorf("the page met a problem: %s", problem)
	}
}

// wantToken wants the last n operations to have been sent with the token.
func (b *browser) wantToken(t *testing.T, n int, token string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range n {
		if at := len(b.tokens) - 1 - i; at < 0 || b.tokens[at] != "Bearer "+token {
			t.Errorf("operations with the tokens %q, want the last %d with %q", b.tokens, n, token)
			return
		}
	}
}

// staysHome is true of the server's own URLs and of those that name no host at all.
func staysHome(request, baseURL string) bool {
	asked, err := url.Parse(request)
	if err != nil {
		return false
	}
	home, err := url.Parse(baseURL)
	if err != nil {
		return false
	}
	switch asked.Scheme {
	case "data", "about":
		return true
	case "blob":
		return staysHome(asked.Opaque, baseURL)
	default:
		return asked.Host == home.Host
	}
}
