package service

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/internal/config"
	"github.com/difygraph/difygraph/internal/files"
)

// testLive is served by the handler that was put last.
type testLive struct {
	*live
	handler http.Handler
}

func (l *testLive) put(handler http.Handler, _ func()) { l.handler = handler }

// startLive makes the service of a file, as it is served on an address that others reach.
func startLive(t *testing.T, file string) *testLive {
	t.Helper()
	l := new(testLive)
	l.live = &live{Source: Source{Config: config.SystemSource(file, files.Within(t.Context())), Listen: "0.0.0.0:8080", Put: l.put}}
	l.Config.Environ = nil
	if _, err := l.load(l.read); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.close)
	return l
}

func (l *testLive) post(t *testing.T, token, query string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query": "`+query+`"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	l.handler.ServeHTTP(w, r)
	return w.Body.String()
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "difygraph.yaml")
	overwrite(t, file, text)
	return file
}

func overwrite(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

const (
	guardedFile = "listen: 0.0.0.0:8080\nauth: {tokens: [{name: a, sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08, apps: ['*'], scopes: [logs]}]}\n"
	testToken   = "test" // of that hash
	oneApp      = "apps: [{key: one, baseURL: 'http://localhost/v1', apiKey: app-1234567890}]\n"
	twoApps     = "apps: [{key: one, baseURL: 'http://localhost/v1', apiKey: app-1234567890}, {key: two, baseURL: 'http://localhost/v1', apiKey: app-2345678901}]\n"
)

func TestReload(t *testing.T) {
	t.Parallel()
	file := writeFile(t, guardedFile+oneApp)
	l := startLive(t, file)
	apps := func() int { return strings.Count(l.post(t, testToken, "{difyApps {key}}"), `"key"`) }
	if got := apps(); got != 1 {
		t.Errorf("%d apps, want 1", got)
	}
	overwrite(t, file, guardedFile+twoApps)
	if _, err := l.load(l.read); err != nil || apps() != 2 {
		t.Errorf("%v, %d apps, want 2", err, apps())
	}
	overwrite(t, file, guardedFile)
	if _, err := l.load(l.read); err == nil || apps() != 2 {
		t.Errorf("%v, %d apps, want those before", err, apps())
	}
}

// TestReloadKeepsTheGuard: a file that would do for a loopback address does not open the one that is listened on.
func TestReloadKeepsTheGuard(t *testing.T) {
	t.Parallel()
	file := writeFile(t, guardedFile+oneApp)
	l := startLive(t, file)
	overwrite(t, file, "listen: 127.0.0.1:8080\n"+twoApps)
	if _, err := l.load(l.read); err == nil {
		t.Error("the file was taken")
	}
	if got := l.post(t, "", "{difyApps {key}}"); !strings.Contains(got, "UNAUTHENTICATED") {
		t.Errorf("a stranger got %s", got)
	}
	overwrite(t, file, strings.Replace(guardedFile, "0.0.0.0", "127.0.0.1", 1)+oneApp)
	if fixed, err := l.load(l.read); err != nil || fixed["listen"] != "127.0.0.1:8080" {
		t.Errorf("%v, %v: what is wanted and can't be had is to be told", fixed, err)
	}
}

// TestReloadNeverOpensTheServer: callers who had to show who they are still have to, on a loopback address too, whatever a file
// leaves out or says.
func TestReloadNeverOpensTheServer(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"auth left out": oneApp, "auth without a value": oneApp + "auth:\n", "auth none": oneApp + "auth: none\n"} {
		file := writeFile(t, guardedFile+oneApp)
		l := startLive(t, file)
		l.Listen = "127.0.0.1:8080"
		overwrite(t, file, text)
		if _, err := l.load(l.read); err == nil || !strings.Contains(err.Error(), "restart") {
			t.Errorf("%s: the file was taken: %v", name, err)
		}
		if got := l.post(t, "", "{difyApps {key}}"); !strings.Contains(got, "UNAUTHENTICATED") {
			t.Errorf("%s: a stranger got %s", name, got)
		}
	}
}
