package difytest_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestInsertRoundsToSeconds: as CURRENT_TIMESTAMP(0) does, half a second up.
func TestInsertRoundsToSeconds(t *testing.T) {
	t.Parallel()
	now := epoch.Add(400 * time.Millisecond)
	_, app := newApp(difytest.Options{Now: func() time.Time { return now }})
	for offset, want := range map[time.Duration]time.Duration{
		0: 0, 499 * time.Millisecond: 0, 500 * time.Millisecond: time.Second, 999 * time.Millisecond: time.Second,
	} {
		stored := app.Insert(difytest.Row{CreatedAt: epoch.Add(offset)})[0]
		if !stored.CreatedAt.Equal(epoch.Add(want)) || stored.ID == (uuid.UUID{}) {
			t.Errorf("%v is stored as %v, id %s", offset, stored.CreatedAt.Sub(epoch), stored.ID)
		}
	}
	if stored := app.Insert(difytest.Row{})[0]; !stored.CreatedAt.Equal(epoch) {
		t.Errorf("without a time: %v", stored.CreatedAt)
	}
}

// TestRowsAreCopies: what goes in and out is not what the server holds.
func TestRowsAreCopies(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	row := rowAt(0)
	row.Run = &difytest.Run{Status: difytest.StatusRunning}
	stored := app.Insert(row)[0]
	row.Run.Status = "changed outside"
	snapshot := app.Rows()
	var kept *difytest.Run
	if err := app.Update(stored.ID, func(r *difytest.Row) { r.Run.Status = difytest.StatusPaused; kept = r.Run }); err != nil {
		t.Fatal(err)
	}
	kept.Status = "changed later"
	if snapshot[0].Run.Status != difytest.StatusRunning {
		t.Errorf("the snapshot changed to %s", snapshot[0].Run.Status)
	}
	if got := logs(t, dify, "").Data[0].WorkflowRun.Status; got != difytest.StatusPaused {
		t.Errorf("status %s", got)
	}
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	_, app := newApp(difytest.Options{})
	for _, status := range []string{"succeeded", "failed", "stopped", "partial-succeeded"} {
		row := rowAt(0)
		row.Run = &difytest.Run{Status: status}
		stored := app.Insert(row)[0]
		for name, change := range map[string]func(*difytest.Row){
			"status":     func(r *difytest.Row) { r.Run.Status = difytest.StatusRunning },
			"id":         func(r *difytest.Row) { r.ID = uuid.New() },
			"created_at": func(r *difytest.Row) { r.CreatedAt = r.CreatedAt.Add(time.Second) },
			"run id":     func(r *difytest.Row) { r.Run.ID = uuid.New() },
		} {
			if err := app.Update(stored.ID, change); err == nil {
				t.Errorf("%s of a run that has %s was changed", name, status)
			}
		}
		if err := app.Update(stored.Run.ID, func(r *difytest.Row) { r.Run.TotalTokens = 7 }); err != nil {
			t.Errorf("tokens by run id: %v", err)
		}
	}
	if err := app.Update(uuid.New(), func(*difytest.Row) {}); err == nil {
		t.Error("an unknown id was updated")
	}
	if err := app.DeleteRun(uuid.New()); err == nil {
		t.Error("an unknown run was deleted")
	}
}

func TestInsertTwicePanics(t *testing.T) {
	t.Parallel()
	_, app := newApp(difytest.Options{})
	row := app.Insert(difytest.Row{Run: &difytest.Run{Status: "failed"}})[0]
	mustPanic(t, func() { app.Insert(difytest.Row{ID: row.ID}) })
	mustPanic(t, func() { app.Insert(difytest.Row{Run: row.Run}) })
}

// TestDeletedRowsAreGone looks for them through every index.
func TestDeletedRowsAreGone(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	visitor, staff := rowAt(0), rowAt(1)
	visitor.EndUser = &difytest.EndUser{SessionID: "s"}
	visitor.Run = &difytest.Run{Status: difytest.StatusFailed}
	staff.Account = &difytest.Account{Email: "a@example.com"}
	stored := app.Insert(visitor, staff)
	queries := []string{"", "status=failed", "created_by_end_user_session_id=s", "created_by_account=a@example.com"}
	for i, want := range []int{2, 1, 1, 1} {
		if got := logs(t, dify, queries[i]).Total; got != want {
			t.Errorf("%q: total %d, want %d", queries[i], got, want)
		}
	}
	app.Delete(stored[0].ID, stored[1].ID, uuid.New())
	for _, query := range queries {
		if got := logs(t, dify, query).Total; got != 0 {
			t.Errorf("%q: total %d after the deletion", query, got)
		}
	}
	app.Insert(stored...) // their ids are free again
}

// TestDeletePerson takes a member away from the whole workspace.
func TestDeletePerson(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	other := dify.AddApp(difytest.AppOptions{Name: "Other", APIKey: "app-other"})
	account := &difytest.Account{ID: uuid.New(), Name: "A", Email: "a@example.com"}
	row := rowAt(0)
	row.CreatedByRole, row.Account = "account", account
	app.Insert(row, rowAt(1))
	other.Insert(row)
	if got := logs(t, dify, "created_by_account=a@example.com"); got.Total != 1 || got.Data[0].Account.Email != "a@example.com" {
		t.Errorf("before: %v", got)
	}
	app.DeletePerson(account.ID)
	if code := get(dify, "app-test", "/v1/workflows/logs?created_by_account=a@example.com").Code; code != http.StatusBadRequest {
		t.Errorf("the e-mail is still known: %d", code)
	}
	for _, a := range []*difytest.App{app, other} {
		for _, row := range a.Rows() {
			if row.Account != nil {
				t.Errorf("%s: account %v is left", a.Name(), row.Account)
			}
		}
	}
	if row := app.Rows()[1]; row.CreatedByRole != "account" {
		t.Errorf("role %q", row.CreatedByRole)
	}
}

// TestSideBySide reads and changes an app from all sides at once, for the race
// detector, and wants an answer to each request.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	app.Insert(difytest.Generate(difytest.GenerateOptions{Rows: 200, Until: epoch, Span: time.Minute})...)
	dify.OnStatement(func(difytest.Statement) { app.Len() })
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for i := range 50 {
				stored := app.Insert(difytest.Row{CreatedAt: epoch, Run: &difytest.Run{Status: "running"}})[0]
				logs(t, dify, fmt.Sprintf("limit=%d&page=%d", worker+1, i+1))
				logs(t, dify, "status=succeeded&keyword=kyoto")
				if err := app.Finish(stored.ID, "succeeded", epoch.Add(time.Second)); err != nil {
					t.Error(err)
				}
				app.Delete(stored.ID)
				app.SetState(difytest.AppNormal)
				dify.Requests()
			}
		})
	}
	group.Wait()
	if app.Len() != 200 || len(app.Rows()) != 200 || logs(t, dify, "").Total != 200 {
		t.Errorf("%d rows are left", app.Len())
	}
}
