package difyapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

const (
	allNull = `{"id":null,"workflow_id":null,"status":null,"inputs":null,"outputs":null,"error":null,"total_steps":null,` +
		`"total_tokens":null,"created_at":null,"finished_at":null,"elapsed_time":null}`
	unknown500 = `{"message":"Internal Server Error","code":"unknown","status":500}`
	htmlType   = "text/html; charset=utf-8"
)

// readRun reads a run of the id runID from an answer of status 200.
func readRun(t *testing.T, body string) (*difyapi.WorkflowRunDetail, error) {
	t.Helper()
	return newClient(t, difyapi.Options{Transport: answering(http.StatusOK, body)}).WorkflowRun(t.Context(), runID)
}

func TestRunForms(t *testing.T) {
	t.Parallel()
	at := time.Unix(1795418445, 0).UTC()
	id := uuid.MustParse(runID)
	tests := map[string]struct {
		members string // beside id
		want    difyapi.WorkflowRunDetail
	}{
		"all missing": {``, difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{ID: id}}},
		"all null":    {strings.TrimSuffix(strings.TrimPrefix(allNull, `{"id":null`), `}`), difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{ID: id}}},
		"numbers": {
			`,"status":"levitating","total_tokens":9007199254740993,"total_steps":3,"elapsed_time":0.25,"workflow_id":"` + userID + `"`,
			difyapi.WorkflowRunDetail{
				WorkflowRun: difyapi.WorkflowRun{
					ID: id, Status: "levitating", TotalTokens: new(int64(9007199254740993)), TotalSteps: new(3), ElapsedTime: new(0.25),
				},
				WorkflowID: new(uuid.MustParse(userID)),
			},
		},
		"seconds": {`,"created_at":1795418445,"finished_at":1795418445.9`, difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{ID: id, CreatedAt: &at, FinishedAt: &at}}},
		"RFC 822 with an offset": {
			`,"created_at":"Mon, 23 Nov 2026 07:20:45 -0000","finished_at":"Mon, 23 Nov 2026 16:20:45 +0900"`,
			difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{ID: id, CreatedAt: &at, FinishedAt: &at}},
		},
		"RFC 822 with GMT": {`,"created_at":"Mon, 23 Nov 2026 07:20:45 GMT"`, difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{ID: id, CreatedAt: &at}}},
		"broken text":      {`,"error":"cut \ud83d off","brand":{"new":[1]}`, difyapi.WorkflowRunDetail{WorkflowRun: difyapi.WorkflowRun{ID: id, Error: new("cut \ufffd off")}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := `{"id":"` + runID + `"` + test.members + `}`
			run, err := readRun(t, body)
			if err != nil {
				t.Fatal(err)
			}
			diff := cmp.Diff(&test.want, run, cmpopts.IgnoreTypes(difyapi.Receipt{}), cmp.AllowUnexported(difyapi.Variables{}))
			if diff != "" || run.Bytes != len(body) {
				t.Errorf("%d bytes (-want +got):\n%s", run.Bytes, diff)
			}
			if run.CreatedAt != nil && run.CreatedAt.Location() != time.UTC {
				t.Errorf("created at %v, not in UTC", run.CreatedAt)
			}
		})
	}
}

// TestNotARun holds that bodies of status 200 which are not the run that was asked for are refused, and repeated nowhere.
func TestNotARun(t *testing.T) {
	t.Parallel()
	with := func(members string) string { return `{"id":"` + runID + `",` + members + `}` }
	tests := map[string]struct{ body, reason string }{
		"empty":            {``, `malformed JSON at byte 0`},
		"null":             {`null`, `id is not that of the run that was asked for`},
		"array":            {`[]`, `the body is not what the API has there`},
		"empty object":     {`{}`, `id is not that of the run that was asked for`},
		"another API":      {`{"status":"secret"}`, `id is not that of the run that was asked for`},
		"null id alone":    {`{"id":null,"status":"running","inputs":"secret"}`, `id is not that of the run that was asked for`},
		"nulls without id": {`{"status":null}`, `id is not that of the run that was asked for`},
		"another run":      {`{"id":"` + logID + `","inputs":"secret"}`, `id is not that of the run that was asked for`},
		"run of nulls":     {`{"id":"00000000-0000-0000-0000-000000000000"}`, `id is not that of the run that was asked for`},
		"id of a text":     {`{"id":"secret"}`, `id is not that of the run that was asked for`},
		"id twice":         {with(`"id":"` + logID + `"`), `malformed JSON at byte 45`},
		"name twice":       {with(`"outputs":{"secret":1,"secret":2}`), `malformed JSON at byte 67`},
		"cut":              {with(`"inputs":{"secret"`), `malformed JSON at byte 63`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run, err := readRun(t, test.body)
			if run != nil || !difyapi.IsBadResponse(err) {
				t.Fatalf("%v, %v", run, err)
			}
			if want := "dify: GET /workflows/run/" + runID + ": bad response 200: " + test.reason; err.Error() != want {
				t.Errorf("the error says %v", err)
			}
		})
	}
}

// TestRunNotFound holds which answers mean that there is no such run, by version: no other failure may pass for that.
func TestRunNotFound(t *testing.T) {
	t.Parallel()
	const gone = `{"code":"not_found","message":"Workflow run not found.","status":404}`
	tests := map[string]struct {
		status  int
		body    string
		header  []string
		version string // configured
		want    string
	}{
		"nulls":                   {200, allNull, nil, "", "not found"},
		"nulls of 1.12":           {200, allNull, []string{"X-Version", "1.12.1"}, "", "not found"},
		"404":                     {404, gone, []string{"X-Version", "1.13.1"}, "", "not found"},
		"404 without version":     {404, gone, nil, "", "not found"},
		"404 of another wording":  {404, `{"code":"not_found","message":"You have requested this URI but did you mean"}`, nil, "", "not found"},
		"404 of another code":     {404, `{"code":"app_gone","message":"no"}`, nil, "", "unsupported"},
		"404 HTML":                {404, htmlPage, []string{"Content-Type", htmlType, "X-Version", "1.14.2"}, "", "unsupported"},
		"404 HTML of 1.13.0":      {404, htmlPage, []string{"Content-Type", htmlType, "X-Version", "1.13.0"}, "", "unsupported"},
		"500 of 1.13.0":           {500, unknown500, []string{"X-Version", "1.13.0"}, "", "possibly"},
		"500 configured 1.13.0":   {500, unknown500, nil, "1.13.0", "possibly"},
		"500 header wins":         {500, unknown500, []string{"X-Version", "1.13.1"}, "1.13.0", "unavailable"},
		"500 header wins, 1.13.0": {500, unknown500, []string{"X-Version", "1.13.0"}, "1.14.2", "possibly"},
		"500 of 1.12.1":           {500, unknown500, []string{"X-Version", "1.12.1"}, "", "unavailable"},
		"500 of 1.13.1":           {500, unknown500, []string{"X-Version", "1.13.1"}, "", "unavailable"},
		"500 of nobody":           {500, unknown500, nil, "", "unavailable"},
		"500 HTML of 1.13.0":      {500, htmlPage, []string{"Content-Type", htmlType}, "1.13.0", "unavailable"},
		"502 of 1.13.0":           {502, unknown500, []string{"X-Version", "1.13.0"}, "", "unavailable"},
		"200 HTML":                {200, htmlPage, []string{"Content-Type", htmlType}, "", "bad response"},
		"400":                     {400, `{"code":"not_workflow_app","message":"no","status":400}`, nil, "1.13.0", "other"},
		"400 not found":           {400, gone, nil, "", "other"},
		"401":                     {401, `{"code":"unauthorized","message":"Access token is invalid"}`, nil, "1.13.0", "unauthorized"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{
				Transport: besideInfo(answering(test.status, test.body, test.header...)), Version: difyapi.ParseVersion(test.version),
			})
			run, err := client.WorkflowRun(t.Context(), runID)
			if failure, ok := asError(err); run != nil || !ok || failure.Status != test.status {
				t.Fatalf("%v, %v", run, err)
			}
			if got := outcome(err); got != test.want {
				t.Errorf("%s, want %s: %v", got, test.want, err)
			}
		})
	}
}

// outcome names an error as its caller would sort it.
func outcome(err error) string {
	switch {
	case err == nil:
		return "found"
	case difyapi.IsNotFound(err):
		return "not found"
	case difyapi.IsPossiblyNotFound(err) && difyapi.IsUnavailable(err):
		return "possibly"
	case difyapi.IsUnavailable(err):
		return "unavailable"
	case difyapi.IsBadResponse(err):
		return "bad response"
	case difyapi.IsUnauthorized(err):
		return "unauthorized"
	case difyapi.IsUnsupported(err):
		return "unsupported"
	case errors.Is(err, difyapi.ErrNotUUID):
		return "not a UUID"
	}
	return "other"
}

func TestScopesWorkflowRuns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"": false, "0.8.1": false, "1.6.0": false, "1.7.0": true, "1.10.1": true, "2.0.0": true} {
		if got := difyapi.ParseVersion(text).ScopesWorkflowRuns(); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestRunOfAbsentCaller holds that an error which the caller's context ended with is left as it was.
func TestRunOfAbsentCaller(t *testing.T) {
	t.Parallel()
	cause := &difyapi.Error{Kind: difyapi.KindStatus, Status: http.StatusNotFound, Code: "not_found"}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	client := newClient(t, difyapi.Options{Transport: answering(http.StatusOK, allNull)})
	_, err := client.WorkflowRun(ctx, runID)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || cause.Kind != difyapi.KindStatus {
		t.Errorf("%v, the cause is %v", err, cause)
	}
}

// TestRunOfServerKnownBefore holds that an answer without a version is taken for one of the version that was told last.
func TestRunOfServerKnownBefore(t *testing.T) {
	t.Parallel()
	client := newClient(t, difyapi.Options{
		Version: difyapi.ParseVersion("1.14.2"),
		Transport: roundTrip(func(req *http.Request) (*http.Response, error) {
			if strings.HasSuffix(req.URL.Path, "/info") {
				return response(req, http.StatusOK, `{"name":"Echo"}`, "X-Version", "1.13.0"), nil
			}
			return response(req, http.StatusInternalServerError, unknown500), nil
		}),
	})
	for _, want := range []string{"unavailable", "possibly"} {
		if _, err := client.WorkflowRun(t.Context(), runID); outcome(err) != want {
			t.Errorf("%s, want %s: %v", outcome(err), want, err)
		}
		if _, err := client.Info(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
