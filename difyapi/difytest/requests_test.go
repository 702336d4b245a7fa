package difytest_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// list is an answer of the list, as far as these tests look at it.
type list struct {
	Page    int
	Limit   int
	Total   int
	HasMore bool `json:"has_more"`
	Data    []listed
}

type listed struct {
	ID          uuid.UUID
	WorkflowRun *struct {
		ID     uuid.UUID
		Status string
	} `json:"workflow_run"`
	Account *struct{ Email string } `json:"created_by_account"`
	EndUser *struct {
		Type      string
		SessionID string `json:"session_id"`
	} `json:"created_by_end_user"`
	CreatedAt int64 `json:"created_at"`
}

// newestFirst orders rows as Dify does.
func newestFirst(a, b listed) int { return cmp.Compare(b.CreatedAt, a.CreatedAt) }

func (l list) ids() []uuid.UUID {
	ids := make([]uuid.UUID, len(l.Data))
	for i, row := range l.Data {
		ids[i] = row.ID
	}
	return ids
}

// get sends a request with a key and returns the answer.
func get(dify http.Handler, key, target string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, target, nil)
	request.Header.Set("Authorization", "Bearer "+key)
	recorder := httptest.NewRecorder()
	dify.ServeHTTP(recorder, request)
	return recorder
}

// logs asks for a list that must succeed.
func logs(t testing.TB, dify http.Handler, query string) list {
	t.Helper()
	answer := get(dify, "app-test", "/v1/workflows/logs?"+query)
	var page list
	if err := json.Unmarshal(answer.Body.Bytes(), &page); err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%s: %d %s (%v)", query, answer.Code, answer.Body, err)
	}
	return page
}

// newApp makes a server with one app, whose key is the one that logs sends.
func newApp(options difytest.Options) (*difytest.Server, *difytest.App) {
	dify := difytest.New(options)
	return dify, dify.AddApp(difytest.AppOptions{Name: "Test", APIKey: "app-test"})
}

func TestRequestsAreKept(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 13, 5, 0, 0, 0, time.UTC)
	dify, _ := newApp(difytest.Options{Now: func() time.Time { return now }})
	get(dify, "app-test", "/v1/workflows/logs?page=3&limit=50&status=failed")
	get(dify, "app-wrong", "/v1/info")
	get(dify, "app-test", "/v1/workflows/logs?limit=x")
	want := []difytest.Request{
		{App: "Test", Method: "GET", Path: "/v1/workflows/logs", Route: difytest.LogsRoute, Page: 3, Limit: 50, Status: 200, At: now},
		{Method: "GET", Path: "/v1/info", Route: difytest.InfoRoute, Page: 1, Limit: 20, Status: 401, At: now},
		{App: "Test", Method: "GET", Path: "/v1/workflows/logs", Route: difytest.LogsRoute, Page: 1, Limit: 0, Status: 400, At: now},
	}
	got := dify.Requests()
	if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(difytest.Request{}, "Query")); diff != "" {
		t.Errorf("want (-), got (+):\n%s", diff)
	}
	if got[0].Query.Get("status") != "failed" || got[0].Offset() != 100 {
		t.Errorf("query %v, offset %d", got[0].Query, got[0].Offset())
	}
	if n := dify.Calls("/v1/workflows/logs"); n != 2 {
		t.Errorf("%d calls of the list, want 2", n)
	}
	dify.ResetRequests()
	if len(dify.Requests()) != 0 || dify.Calls("/v1/info") != 0 {
		t.Error("requests are left after a reset")
	}
}

// TestCallsOfRoutes: ids do not matter to a count, nor does the answer.
func TestCallsOfRoutes(t *testing.T) {
	t.Parallel()
	dify, _ := newApp(difytest.Options{Version: "1.10.1"})
	for _, path := range []string{
		"/v1/workflows/run/" + uuid.NewString(), "/v1/workflows/run/x", "/v1/workflows/run/", "/v1/workflows/run/x/y",
		"/v1/end-users/" + uuid.NewString(), "/v1/info",
	} {
		get(dify, "app-test", path)
	}
	for route, want := range map[string]int{
		difytest.RunRoute: 2, difytest.EndUserRoute: 1, difytest.InfoRoute: 1, difytest.LogsRoute: 0, "/v1/workflows/run/x/y": 1,
	} {
		if n := dify.Calls(route); n != want {
			t.Errorf("%s: %d calls, want %d", route, n, want)
		}
	}
	if route, id := difytest.RouteOf("/v1/end-users/7"); route != difytest.EndUserRoute || id != "7" {
		t.Errorf("route %s, id %s", route, id)
	}
}

func TestOldRequestsAreForgotten(t *testing.T) {
	t.Parallel()
	dify, _ := newApp(difytest.Options{KeepRequests: 5})
	for i := range 100 {
		logs(t, dify, fmt.Sprintf("page=%d", i+1))
	}
	kept := dify.Requests()
	if len(kept) < 5 || len(kept) > 10 || kept[len(kept)-1].Page != 100 {
		t.Errorf("%d requests kept, the last of page %d", len(kept), kept[len(kept)-1].Page)
	}
	if n := dify.Calls("/v1/workflows/logs"); n != 100 {
		t.Errorf("%d calls counted, want 100", n)
	}
}
