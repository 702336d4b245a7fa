package difyapi_test

import (
	"encoding/json"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi"
)

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
