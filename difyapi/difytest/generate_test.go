package difytest_test

import (
	"cmp"
	"encoding/json"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

func TestGenerateIsDeterministic(t *testing.T) {
	t.Parallel()
	options := difytest.GenerateOptions{Seed: 7, Rows: 100, Until: epoch}
	first := difytest.Generate(options)
	if diff := gocmp.Diff(first, difytest.Generate(options)); diff != "" {
		t.Errorf("one seed, two worlds:\n%s", diff)
	}
	options.Seed = 8
	if gocmp.Equal(first, difytest.Generate(options)) {
		t.Error("two seeds, one world")
	}
}

// TestGenerateHasEverything counts what tests above this package rely on.
func TestGenerateHasEverything(t *testing.T) {
	t.Parallel()
	const span = 48 * time.Hour
	rows := difytest.Generate(difytest.GenerateOptions{Seed: 1, Rows: 3_000, Until: epoch, Span: span})
	seen := map[string]int{}
	seconds := map[int64]int{}
	for i, row := range rows {
		if row.CreatedAt.After(epoch) || row.CreatedAt.Before(epoch.Add(-span)) || i > 0 && row.CreatedAt.Before(rows[i-1].CreatedAt) {
			t.Errorf("row %d is at %v", i, row.CreatedAt)
		}
		seconds[row.CreatedAt.Unix()]++
		note(t, seen, row)
	}
	for _, size := range seconds {
		if size >= 50 {
			seen["crowd"]++
		}
	}
	for _, want := range []string{
		"running", "succeeded", "failed", "stopped", "partial-succeeded", "paused",
		"app-run", "webhook", "schedule", "plugin", "service-api", "web-app", "installed-app",
		"no run", "nobody", "account", "end_user", "error", `\u4eac`, `\"`, `\n`, `\ud83d`,
	} {
		if seen[want] == 0 {
			t.Errorf("no row with %s", want)
		}
	}
	if len(rows) != 3_000 || seen["crowd"] != 2 {
		t.Errorf("%d rows, %d crowded seconds", len(rows), seen["crowd"])
	}
}

// note counts a row's properties, and checks that they go together.
func note(t *testing.T, seen map[string]int, row difytest.Row) {
	t.Helper()
	seen[row.CreatedFrom]++
	seen[row.CreatedByRole]++
	if row.Account == nil && row.EndUser == nil {
		seen["nobody"]++
	}
	if row.Run == nil {
		seen["no run"]++
		return
	}
	run := row.Run
	seen[run.Status]++
	seen[run.TriggeredFrom]++
	if run.Error != nil {
		seen["error"]++
	}
	if run.Ended() == run.FinishedAt.IsZero() || (run.Status == difytest.StatusFailed) != (run.Error != nil) {
		t.Errorf("%s run finished at %v, error %v", run.Status, run.FinishedAt, run.Error)
	}
	if (run.Outputs == "") != (run.Status == difytest.StatusFailed) {
		t.Errorf("%s run has outputs %q", run.Status, run.Outputs)
	}
	for _, text := range []string{run.Inputs, cmp.Or(run.Outputs, "{}")} {
		var object map[string]string
		if err := json.Unmarshal([]byte(text), &object); err != nil {
			t.Errorf("%v in %s", err, text)
		}
		for _, part := range []string{`\u4eac`, `\"`, `\n`, `\ud83d`} {
			seen[part] += strings.Count(text, part)
		}
	}
	if !strings.Contains(run.Inputs, `"sys.workflow_run_id": "`+run.ID.String()) {
		t.Errorf("inputs %s", run.Inputs)
	}
}

// TestGeneratedPeople looks at each person once: one session id is one person,
// with the same profile in all rows, and everything that may be null is at times.
func TestGeneratedPeople(t *testing.T) {
	t.Parallel()
	people := map[string]difytest.EndUser{}
	seen := map[string]int{}
	for _, row := range difytest.Generate(difytest.GenerateOptions{Seed: 1, Rows: 3_000, Until: epoch}) {
		if row.EndUser == nil {
			continue
		}
		user := *row.EndUser
		if known, met := people[user.SessionID]; met {
			if diff := gocmp.Diff(known, user); diff != "" {
				t.Errorf("%s has two profiles:\n%s", user.SessionID, diff)
			}
			continue
		}
		people[user.SessionID] = user
		seen[user.Type]++
		for property, found := range map[string]bool{
			"name": user.Name != nil, "no name": user.Name == nil && !user.IsAnonymous, "anonymous": user.IsAnonymous,
			"external id": user.ExternalUserID != nil, "no external id": user.ExternalUserID == nil && user.Type != "trigger",
		} {
			if found {
				seen[property]++
			}
		}
	}
	for _, want := range []string{
		"service-api", "browser", "mcp", "trigger", "name", "no name", "anonymous", "external id", "no external id",
	} {
		if seen[want] == 0 {
			t.Errorf("nobody with %s", want)
		}
	}
}

func TestEvenly(t *testing.T) {
	t.Parallel()
	rows := difytest.Evenly(1, 100, epoch, 200*time.Second)
	for i, row := range rows {
		if want := epoch.Add(time.Duration(2*(i-99)) * time.Second); !row.CreatedAt.Equal(want) || row.Run == nil {
			t.Errorf("row %d at %v, want %v", i, row.CreatedAt, want)
		}
	}
}

func TestCrowdedByWish(t *testing.T) {
	t.Parallel()
	rows := difytest.Generate(difytest.GenerateOptions{Rows: 400, Until: epoch, Crowded: []int{300}, Complete: true})
	seconds := map[int64]int{}
	for _, row := range rows {
		seconds[row.CreatedAt.Unix()]++
		if row.Run == nil || row.Account == nil && row.EndUser == nil {
			t.Errorf("row %v is not complete", row)
		}
	}
	for second, size := range seconds {
		if size != 1 && size != 300 {
			t.Errorf("%d rows at %d", size, second)
		}
	}
}
