package graph_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// failTotals makes b's Dify fail where it is asked for a total alone: one row of a list without bounds.
func (a *api) failTotals() {
	a.difys["b"].SetFault(func(r *http.Request) *difytest.Fault {
		q := r.URL.Query()
		if q.Get("limit") == "1" && !q.Has("created_at__before") && !q.Has("created_at__after") {
			return difytest.RateLimitError()
		}
		return nil
	})
}

// TestTotalFailsAlone: what takes a call of its own does not take the rows with it.
func TestTotalFailsAlone(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"FAIL", "PARTIAL"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			checkTotalFailsAlone(t, policy)
		})
	}
}

func checkTotalFailsAlone(t *testing.T, policy string) {
	t.Helper()
	a := serveBroken(t, failure{})
	first := a.page(t, vars{"first": 4})
	a.failTotals()
	answer := a.post(t, listQuery, vars{"after": *first.PageInfo.EndCursor, "order": "NEWEST_FIRST", "onAppFailure": policy})
	checkSecrecy(t, a, answer)
	if len(answer.Errors) != 1 {
		t.Fatalf("want one error: %s", answer.text)
	}
	e := answer.Errors[0]
	if diff := cmp.Diff([]any{"workflowLogs", "totalCount"}, e.Path); diff != "" {
		t.Errorf("path (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(vars{"code": "UPSTREAM_RATE_LIMITED", "app": "b"}, e.Extensions); diff != "" {
		t.Errorf("extensions (-want +got):\n%s", diff)
	}
	var data struct{ WorkflowLogs page }
	if err := json.Unmarshal(answer.Data, &data); err != nil {
		t.Fatal(err)
	}
	rest := data.WorkflowLogs
	if rest.TotalCount != nil || !rest.Scan.Complete || len(rest.Scan.FailedApps) > 0 || !rest.PageInfo.HasPreviousPage || rest.PageInfo.HasNextPage {
		t.Errorf("total %v, %+v, %+v", rest.TotalCount, rest.PageInfo, rest.Scan)
	}
	checkRowsOf(t, a, append(first.places(), rest.places()...), "a", "b")
}

// TestTotalAlone: where nothing but a total is asked for, it fails as a field of the list, or is that of the other apps.
func TestTotalAlone(t *testing.T) {
	t.Parallel()
	for policy, total := range map[string]string{"FAIL": "null", "PARTIAL": "7"} {
		a := serveBroken(t, failure{})
		a.failTotals()
		answer := a.post(t, `query ($p: AppFailurePolicy!) {workflowLogs(onAppFailure: $p) {totalCount} a: workflowLogs(apps: ["a"]) {totalCount}}`, vars{"p": policy})
		if got, want := string(answer.Data), `{"workflowLogs":{"totalCount":`+total+`},"a":{"totalCount":7}}`; got != want {
			t.Errorf("%s: %s", policy, got)
		}
		if policy == "FAIL" && !slices.Equal(answer.codes(), []string{"UPSTREAM_RATE_LIMITED"}) || policy == "PARTIAL" && len(answer.Errors) > 0 {
			t.Errorf("%s: %s", policy, answer.text)
		}
	}
}

// TestPartialTotalAlone: where no rows are asked for, an app that fails is missing from the total, and is named. Where every
// app fails the total does.
func TestPartialTotalAlone(t *testing.T) {
	t.Parallel()
	const query = `{workflowLogs(onAppFailure: PARTIAL) {totalCount scan {complete failedApps {app {key}}}}}`
	a := serveBroken(t, failure{})
	a.failTotals()
	answer := a.post(t, query, nil)
	if got, want := string(answer.Data), `{"workflowLogs":{"totalCount":7,"scan":{"complete":false,"failedApps":[{"app":{"key":"b"}}]}}}`; got != want || len(answer.Errors) > 0 {
		t.Errorf("%s", answer.text)
	}
	a.dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.RateLimitError() })
	answer = a.post(t, query, nil)
	if !slices.Equal(answer.codes(), []string{"UPSTREAM_RATE_LIMITED"}) || !slices.Equal(answer.Errors[0].Path, []any{"workflowLogs", "totalCount"}) {
		t.Errorf("%s", answer.text)
	}
}

// TestTotalOfSomeApps: rows that are missing from a page are missing from its total, though Dify may still count them.
func TestTotalOfSomeApps(t *testing.T) {
	t.Parallel()
	a := serveBroken(t, failure{})
	first := a.page(t, vars{"first": 4})
	a.difys["b"].SetFault(func(r *http.Request) *difytest.Fault {
		if r.URL.Query().Has("created_at__before") {
			return difytest.RateLimitError()
		}
		return nil
	})
	p := a.page(t, vars{"after": *first.PageInfo.EndCursor, "onAppFailure": "PARTIAL"})
	checkWithoutB(t, failure{code: "UPSTREAM_RATE_LIMITED", says: "(HTTP 429)"}, p)
	if p.TotalCount == nil || *p.TotalCount != 7 {
		t.Errorf("total %v", p.TotalCount)
	}
}

// refusedQuestion is what Dify answers to a time that it can't read.
var refusedQuestion = &difytest.Fault{
	Status: http.StatusBadRequest, ContentType: "application/json",
	Body: `{"code":"invalid_param","message":"ISO time too short","status":400}`,
}

// TestRefusedQuestion: a 400 that no argument explains is a mistake of this API. It is shown as an id of the log, and no
// policy covers it.
func TestRefusedQuestion(t *testing.T) {
	t.Parallel()
	for _, policy := range []string{"FAIL", "PARTIAL"} {
		a := serveBroken(t, failure{})
		a.breaks(failure{fault: refusedQuestion})
		answer := a.post(t, besideQuery, vars{"onAppFailure": policy})
		checkAlone(t, a, answer)
		checkSecrecy(t, a, answer)
		e := answer.Errors[0]
		id, _ := e.Extensions["id"].(string)
		if e.Extensions["code"] != "INTERNAL_SERVER_ERROR" || len(id) != 36 || e.Message != "internal error "+id || strings.Contains(string(answer.text), "invalid_param") {
			t.Errorf("%s: %s", policy, answer.text)
		}
	}
}

// TestArchivedApp: the app is switched off, however its Dify says so. It says no more of a member's e-mail.
func TestArchivedApp(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.12.0", "1.14.2"} { // 403, 400
		a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Version: version}})
		a.apps["a"].SetState(difytest.AppArchived)
		for _, v := range []vars{{}, {"onAppFailure": "PARTIAL"}, withFilter("accountEmail", "archived")} {
			answer := a.post(t, besideQuery, v)
			checkAlone(t, a, answer)
			if !slices.Equal(answer.codes(), []string{"UPSTREAM_UNAUTHORIZED"}) {
				t.Errorf("%s, %v: %s", version, v, answer.text)
			}
		}
	}
}

// TestTotalBehindACursor is that of the whole list, and one call for each app, whatever is known of the hours before the cursor.
func TestTotalBehindACursor(t *testing.T) {
	t.Parallel()
	for _, filter := range []vars{{}, {"createdAt": vars{"until": epoch.AddDate(1, 0, 0)}}} {
		a := serve(t, options{keys: []string{"a", "b"}, unprovenClocks: true})
		for _, app := range a.apps {
			for month := range 6 {
				row := run(0)
				row.CreatedAt = epoch.AddDate(0, month, 0)
				app.Insert(row)
			}
		}
		p := a.page(t, vars{"first": 3, "filter": filter})
		p = a.page(t, vars{"first": 3, "filter": filter, "after": p.PageInfo.EndCursor})
		if p.TotalCount == nil || *p.TotalCount != 12 || p.Scan.UpstreamCalls != 4 {
			t.Errorf("%v: total %v, %+v", filter, p.TotalCount, p.Scan)
		}
	}
}
