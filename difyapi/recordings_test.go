package difyapi_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/difygraph/difygraph/difyapi"
)

// recording is an exchange with a real Dify; see testdata/recordings/README.md.
type recording struct {
	name    string
	Request struct {
		Method, Path, Query string
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

// text is the body as it came: JSON as recorded, anything else out of its JSON string.
func (r recording) text() string {
	var text string
	if json.Unmarshal(r.Response.Body, &text) == nil {
		return text
	}
	return string(r.Response.Body)
}

func (r recording) transport() http.RoundTripper {
	var header []string
	for name, value := range r.Response.Headers {
		header = append(header, name, value)
	}
	return answering(r.Response.Status, r.text(), header...)
}

// checkReceipt holds version and size of an answer against what was recorded.
func (r recording) checkReceipt(t *testing.T, receipt difyapi.Receipt) {
	t.Helper()
	version := difyapi.ParseVersion(r.Response.Headers["x-version"])
	if version.IsZero() || receipt.Version != version {
		t.Errorf("version %q, recorded %q", receipt.Version, version)
	}
	if receipt.Bytes != len(r.text()) || receipt.Size() != receipt.Bytes || receipt.SentAt.IsZero() {
		t.Errorf("%d bytes, recorded %d; sent at %v", receipt.Bytes, len(r.text()), receipt.SentAt)
	}
}

func readRecordings(t testing.TB, pattern string) []recording {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "recordings", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings %s (%v)", pattern, err)
	}
	recordings := make([]recording, len(files))
	for i, file := range files {
		text, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(text, &recordings[i])
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		recordings[i].name = strings.TrimPrefix(filepath.ToSlash(file), "testdata/recordings/")
	}
	return recordings
}

// TestRecordedPages reads every recorded page, and holds that nothing of it is lost: written again in Dify's names it is
// what Dify wrote.
func TestRecordedPages(t *testing.T) {
	t.Parallel()
	pages := 0
	for _, r := range readRecordings(t, "*/logs-*.json") {
		if r.Response.Status != http.StatusOK {
			continue
		}
		pages++
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{Transport: r.transport()})
			var want map[string]any
			if err := json.Unmarshal(r.Response.Body, &want); err != nil {
				t.Fatal(err)
			}
			page, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{Page: int(want["page"].(float64)), Limit: int(want["limit"].(float64))})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want["data"], asDifyWrites(page.Rows)); diff != "" {
				t.Errorf("rows (-recorded +read):\n%s", diff)
			}
			if float64(page.Total) != want["total"] || page.HasMore != want["has_more"] {
				t.Errorf("total %d, more %v; recorded %v, %v", page.Total, page.HasMore, want["total"], want["has_more"])
			}
			r.checkReceipt(t, page.Receipt)
			if client.Version() != page.Version {
				t.Errorf("version %q of the client, %q of the page", client.Version(), page.Version)
			}
		})
	}
	if pages < 60 {
		t.Errorf("%d recorded pages, there were more", pages)
	}
}

// TestRecordedErrors holds status, code and message of every recorded refusal against what is read of it.
func TestRecordedErrors(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{"*/logs-*.json", "*/auth-*.json", "*/wrong-method.json"} {
		for _, r := range readRecordings(t, pattern) {
			if r.Response.Status == http.StatusOK {
				continue
			}
			t.Run(r.name, func(t *testing.T) {
				t.Parallel()
				var body struct{ Code, Message string }
				if err := json.Unmarshal(r.Response.Body, &body); err != nil {
					t.Fatal(err)
				}
				want := difyapi.Error{Kind: difyapi.KindStatus, Status: r.Response.Status, Code: body.Code, Message: body.Message}
				_ = checkError(t, difyapi.Options{Transport: r.transport()}, want)
			})
		}
	}
}

func TestRecordedMissingRoute(t *testing.T) {
	t.Parallel()
	for _, r := range append(readRecordings(t, "*/no-such-route.json"), readRecordings(t, "*/index.json")...) {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			err := checkError(t, difyapi.Options{Transport: r.transport()}, difyapi.Error{Kind: difyapi.KindStatus, Status: http.StatusNotFound})
			if !difyapi.IsBadResponse(err) {
				t.Errorf("%v is no bad response", err)
			}
		})
	}
}

func TestRecordedUnknownAccount(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t, "*/logs-account-unknown.json") {
		client := newClient(t, difyapi.Options{Transport: r.transport()})
		_, err := client.WorkflowLogs(t.Context(), difyapi.LogQuery{AccountEmail: "nobody@example.com"})
		if !difyapi.IsAccountNotFound(err, "nobody@example.com") || difyapi.IsAccountNotFound(err, "Nobody@example.com") {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}

func TestRecordedInfo(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t, "*/info.json") {
		client := newClient(t, difyapi.Options{Transport: r.transport()})
		info, err := client.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := &difyapi.AppInfo{
			Name: new("Echo"), Description: new(""), Tags: []string{}, Mode: new("workflow"), AuthorName: new("Admin"),
		}
		if diff := cmp.Diff(want, info, cmpopts.IgnoreTypes(difyapi.Receipt{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", r.name, diff)
		}
		r.checkReceipt(t, info.Receipt)
	}
}

// checkError makes a call with a client of its own, and compares what fails of it with the exported fields of want.
func checkError(t *testing.T, opts difyapi.Options, want difyapi.Error) error {
	t.Helper()
	return checkCall(t, newClient(t, opts), want)
}

// asDifyWrites turns rows into what encoding/json makes of Dify's form of them.
func asDifyWrites(rows []*difyapi.WorkflowLog) any {
	list := []any{}
	for _, row := range rows {
		list = append(list, object(
			"id", row.ID.String(), "workflow_run", runAsDifyWrites(row.WorkflowRun), "details", nil,
			"created_from", row.CreatedFrom, "created_by_role", row.CreatedByRole,
			"created_by_account", accountAsDifyWrites(row.CreatedByAccount),
			"created_by_end_user", endUserAsDifyWrites(row.CreatedByEndUser), "created_at", float64(row.CreatedAt.Unix()),
		))
	}
	return list
}

func runAsDifyWrites(run *difyapi.WorkflowRun) any {
	if run == nil {
		return nil
	}
	m := object(
		"id", run.ID.String(), "version", *run.Version, "status", string(run.Status), "triggered_from", *run.TriggeredFrom,
		"error", nil, "elapsed_time", *run.ElapsedTime, "total_tokens", float64(*run.TotalTokens),
		"total_steps", float64(*run.TotalSteps), "exceptions_count", float64(*run.ExceptionsCount),
		"created_at", float64(run.CreatedAt.Unix()), "finished_at", nil,
	)
	if run.Error != nil {
		m["error"] = *run.Error
	}
	if run.FinishedAt != nil {
		m["finished_at"] = float64(run.FinishedAt.Unix())
	}
	return m
}

func accountAsDifyWrites(a *difyapi.Account) any {
	if a == nil {
		return nil
	}
	return object("id", a.ID.String(), "name", *a.Name, "email", *a.Email)
}

func endUserAsDifyWrites(u *difyapi.EndUser) any {
	if u == nil {
		return nil
	}
	return object("id", u.ID.String(), "type", u.Type, "is_anonymous", u.IsAnonymous, "session_id", *u.SessionID)
}

func object(namesAndValues ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(namesAndValues); i += 2 {
		m[namesAndValues[i].(string)] = namesAndValues[i+1]
	}
	return m
}

// outcomes says what the recordings of these names mean, of every version.
var outcomes = map[string]string{
	"run":                     "found",
	"run-succeeded":           "found",
	"run-failed":              "found",
	"run-stopped":             "found",
	"run-running":             "found",
	"run-paused":              "found",
	"run-unknown":             "not found",
	"run-of-another-app":      "not found",
	"run-with-chat-key":       "other",
	"run-not-a-uuid":          "not a UUID",
	"end-user":                "found",
	"end-user-unknown":        "not found",
	"end-user-of-another-app": "not found",
	"end-user-not-a-uuid":     "not a UUID",
}

func (r recording) wantOutcome() string {
	name := strings.TrimSuffix(path.Base(r.name), ".json")
	want := outcomes[name]
	if strings.HasPrefix(r.name, "1.10.1/end-user") && want != "not a UUID" {
		return "unsupported"
	}
	return want
}

// readAll replays every recording of the pattern to a client of its own, asks for the recorded id, and compares outcome and,
// where something was found, what read makes of it.
func readAll(t *testing.T, pattern string, read func(*testing.T, recording, *difyapi.Client, string) (any, error)) {
	t.Helper()
	recordings := readRecordings(t, pattern)
	if len(recordings) < 12 {
		t.Errorf("%d recordings, there were more", len(recordings))
	}
	for _, r := range recordings {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, difyapi.Options{Transport: besideInfo(r.transport())})
			got, err := read(t, r, client, path.Base(r.Request.Path))
			if outcome(err) != r.wantOutcome() {
				t.Fatalf("%s, want %s: %v", outcome(err), r.wantOutcome(), err)
			}
			if failure, ok := asError(err); ok && failure.Status != r.Response.Status {
				t.Errorf("status %d, recorded %d", failure.Status, r.Response.Status)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(recordedValue(t, r), got); diff != "" {
				t.Errorf("(-recorded +read):\n%s", diff)
			}
		})
	}
}

func TestRecordedRuns(t *testing.T) {
	t.Parallel()
	readAll(t, "*/run*.json", func(t *testing.T, r recording, client *difyapi.Client, id string) (any, error) {
		t.Helper()
		run, err := client.WorkflowRun(t.Context(), id)
		if err != nil {
			return nil, err
		}
		r.checkReceipt(t, run.Receipt)
		return object(
			"id", run.ID.String(), "workflow_id", run.WorkflowID.String(), "status", string(run.Status),
			"inputs", variablesAsJSON(t, run.Inputs), "outputs", variablesAsJSON(t, run.Outputs), "error", orNil(run.Error),
			"total_steps", float64(*run.TotalSteps), "total_tokens", float64(*run.TotalTokens), "elapsed_time", *run.ElapsedTime,
			"created_at", float64(run.CreatedAt.Unix()), "finished_at", unixOrNil(run.FinishedAt),
		), nil
	})
}

func TestRecordedEndUsers(t *testing.T) {
	t.Parallel()
	readAll(t, "*/end-user*.json", func(t *testing.T, r recording, client *difyapi.Client, id string) (any, error) {
		t.Helper()
		profile, err := client.EndUser(t.Context(), id)
		if err != nil {
			return nil, err
		}
		r.checkReceipt(t, profile.Receipt)
		const form = "2006-01-02T15:04:05"
		return object(
			"id", profile.ID.String(), "app_id", profile.AppID.String(), "type", profile.Type, "name", orNil(profile.Name),
			"external_user_id", orNil(profile.ExternalUserID), "is_anonymous", *profile.IsAnonymous,
			"session_id", orNil(profile.SessionID), "created_at", profile.CreatedAt.Format(form), "updated_at", profile.UpdatedAt.Format(form),
		), nil
	})
}

// TestRecordedFailuresOfIDs replays what Dify says of ids that are no UUIDs, to questions that are right: nothing of it may pass for
// not found.
func TestRecordedFailuresOfIDs(t *testing.T) {
	t.Parallel()
	for _, r := range readRecordings(t, "*/*-not-a-uuid.json") {
		client := newClient(t, difyapi.Options{Transport: r.transport()})
		_, err := client.WorkflowRun(t.Context(), runID)
		want := map[int]string{500: "unavailable", 404: "bad response"}[r.Response.Status]
		if outcome(err) != want {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}

// recordedValue is the recorded body as encoding/json reads it, with what a string holds of JSON in the place of the string, and
// without what is not read.
func recordedValue(t *testing.T, r recording) any {
	t.Helper()
	var body map[string]any
	if err := json.Unmarshal(r.Response.Body, &body); err != nil {
		t.Fatal(err)
	}
	delete(body, "tenant_id")
	for _, name := range []string{"inputs", "outputs"} {
		text, ok := body[name].(string)
		if !ok {
			continue
		}
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		body[name] = value
	}
	return body
}

func variablesAsJSON(t *testing.T, v difyapi.Variables) any {
	t.Helper()
	value, err := v.Value()
	if err != nil {
		t.Fatal(err)
	}
	if value == nil {
		return nil
	}
	var decoded any
	if err := json.Unmarshal(value, &decoded); err != nil {
		t.Fatal(err)
	}
	return decoded
}

func orNil(text *string) any {
	if text == nil {
		return nil
	}
	return *text
}

func unixOrNil(t *time.Time) any {
	if t == nil {
		return nil
	}
	return float64(t.Unix())
}
