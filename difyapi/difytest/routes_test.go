package difytest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

func TestAppStates(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		state         difytest.AppState
		version       string
		status        int
		code, message string
	}{
		{difytest.AppDeleted, "1.14.2", 403, "forbidden", "The app no longer exists."},
		{difytest.AppAbnormal, "1.14.2", 403, "forbidden", "The app's status is abnormal."},
		{difytest.AppArchived, "1.14.2", 400, "invalid_param", "'archived' is not a valid AppStatus"},
		{difytest.AppArchived, "1.10.1", 403, "forbidden", "The app's status is abnormal."},
		{difytest.AppAPIDisabled, "1.14.2", 403, "forbidden", "The app's API service has been disabled."},
		{difytest.WorkspaceMissing, "1.14.2", 400, "invalid_param", "Tenant does not exist."},
		{difytest.WorkspaceArchived, "1.14.2", 403, "forbidden", "The workspace's status is archived."},
		{difytest.WorkspaceOwnerGone, "1.14.2", 401, "unauthorized", "Tenant owner account not found or tenant is not active."},
	} {
		dify, app := newApp(difytest.Options{Version: test.version})
		logs(t, dify, "")
		app.SetState(test.state)
		answer := get(dify, "app-test", "/v1/workflows/logs?limit=0")
		var body struct {
			Code, Message string
			Status        int
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		if answer.Code != test.status || body.Status != test.status || body.Code != test.code || body.Message != test.message {
			t.Errorf("state %d: %d %s", test.state, answer.Code, answer.Body)
		}
		if authenticate := answer.Header().Get("WWW-Authenticate"); (authenticate != "") != (test.status == 401) {
			t.Errorf("state %d: WWW-Authenticate %q", test.state, authenticate)
		}
	}
}

// TestKeySelectsApp: a key opens its own app and no other.
func TestKeySelectsApp(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	other := dify.AddApp(difytest.AppOptions{Name: "Other", APIKey: "app-other"})
	app.Insert(rowAt(0))
	other.Insert(rowAt(0), rowAt(1))
	if got := logs(t, dify, "").Total; got != 1 {
		t.Errorf("total %d", got)
	}
	request := httptest.NewRequest(http.MethodGet, "/v1/info", nil)
	request.Header.Set("Authorization", "bEARER "+other.APIKey())
	recorder := httptest.NewRecorder()
	dify.ServeHTTP(recorder, request)
	const want = `{"name": "Other", "description": null, "tags": [], "mode": "workflow", "author_name": null}` + "\n"
	if recorder.Body.String() != want {
		t.Errorf("info %s", recorder.Body)
	}
}

func TestInfoGrewWithReleases(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"1.3.1": `{"name": "A", "description": "d", "tags": ["x", "y"]}`,
		"1.4.0": `{"name": "A", "description": "d", "tags": ["x", "y"], "mode": "chat"}`,
		"1.4.3": `{"name": "A", "description": "d", "tags": ["x", "y"], "mode": "chat", "author_name": "me"}`,
	} {
		dify := difytest.New(difytest.Options{Version: version})
		dify.AddApp(difytest.AppOptions{
			Name: "A", APIKey: "app-test", Description: new("d"), Tags: []string{"x", "y"}, Mode: "chat", AuthorName: new("me"),
		})
		if got := get(dify, "app-test", "/v1/info").Body.String(); got != want+"\n" {
			t.Errorf("%s: %s", version, got)
		}
	}
}

func TestVersionHeader(t *testing.T) {
	t.Parallel()
	dify, _ := newApp(difytest.Options{Version: "1.13.3"})
	hidden, _ := newApp(difytest.Options{HideVersion: true})
	for _, target := range []string{"/v1/workflows/logs", "/v1/workflows/logs?limit=0", "/v1/info", "/v1/", "/nothing"} {
		for _, key := range []string{"app-test", "app-wrong"} {
			header := get(dify, key, target).Header()
			if header.Get("X-Version") != "1.13.3" || header.Get("X-Env") == "" {
				t.Errorf("%s: headers %v", target, header)
			}
			if header := get(hidden, key, target).Header(); header.Get("X-Version") != "" {
				t.Errorf("%s: hidden version in %v", target, header)
			}
		}
	}
	dify.SetVersion("1.14.2")
	if got := get(dify, "app-test", "/v1/info").Header().Get("X-Version"); got != "1.14.2" {
		t.Errorf("version %s after the upgrade", got)
	}
}

func TestKeysAreUnique(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "app-test"} {
		dify, _ := newApp(difytest.Options{})
		mustPanic(t, func() { dify.AddApp(difytest.AppOptions{Name: "Twice", APIKey: key}) })
	}
}

func mustPanic(t *testing.T, call func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	call()
}
