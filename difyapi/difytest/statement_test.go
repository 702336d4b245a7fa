package difytest_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

func TestStatementsComeInOrder(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	var seen []string
	dify.OnStatement(func(statement difytest.Statement) {
		if statement.App != app {
			t.Errorf("statement of app %s", statement.App.Name())
		}
		seen = append(seen, statement.Kind.String())
	})
	logs(t, dify, "")
	get(dify, "app-test", "/v1/workflows/logs?limit=0")
	get(dify, "app-test", "/v1/info")
	if !slices.Equal(seen, []string{"count", "select", "load"}) {
		t.Errorf("statements %v", seen)
	}
	dify.OnStatement(nil)
	logs(t, dify, "")
	if len(seen) != 3 {
		t.Errorf("statements after the hook was removed: %v", seen)
	}
}

// before runs a change once, before a kind of statement.
func before(dify *difytest.Server, kind difytest.StatementKind, change func()) {
	done := false
	dify.OnStatement(func(statement difytest.Statement) {
		if statement.Kind == kind && !done {
			done = true
			change()
		}
	})
}

func TestWorldChangesBetweenStatements(t *testing.T) {
	t.Parallel()
	running := func() difytest.Row {
		row := rowAt(0)
		row.ID = uuid.New()
		row.Run = &difytest.Run{ID: uuid.New(), Status: difytest.StatusRunning}
		return row
	}
	for _, test := range []struct {
		name        string
		kind        difytest.StatementKind
		change      func(t *testing.T, app *difytest.App, row difytest.Row)
		total, rows int
		status      string // of the row's run; empty for none
	}{
		{"insert before count", difytest.StatementCount, insertOne, 2, 2, "running"},
		{"insert before select", difytest.StatementSelect, insertOne, 1, 2, "running"},
		{"insert before load", difytest.StatementLoad, insertOne, 1, 1, "running"},
		{"delete before count", difytest.StatementCount, deleteOne, 0, 0, ""},
		{"delete before select", difytest.StatementSelect, deleteOne, 1, 0, ""},
		{"delete before load", difytest.StatementLoad, deleteOne, 1, 1, ""},
		{"orphan before select", difytest.StatementSelect, orphanOne, 1, 1, ""},
		{"orphan before load", difytest.StatementLoad, orphanOne, 1, 1, ""},
		{"finish before load", difytest.StatementLoad, finishOne, 1, 1, "failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dify, app := newApp(difytest.Options{})
			row := app.Insert(running())[0]
			before(dify, test.kind, func() { test.change(t, app, row) })
			page := logs(t, dify, "")
			if page.Total != test.total || len(page.Data) != test.rows {
				t.Fatalf("total %d, %d rows", page.Total, len(page.Data))
			}
			at := slices.IndexFunc(page.Data, func(r listed) bool { return r.ID == row.ID })
			if at < 0 {
				return
			}
			if run := page.Data[at].WorkflowRun; (run == nil) != (test.status == "") || run != nil && run.Status != test.status {
				t.Errorf("run %v, want status %q", run, test.status)
			}
		})
	}
}

func insertOne(_ *testing.T, app *difytest.App, _ difytest.Row)   { app.Insert(rowAt(0)) }
func deleteOne(_ *testing.T, app *difytest.App, row difytest.Row) { app.Delete(row.ID) }

func orphanOne(t *testing.T, app *difytest.App, row difytest.Row) {
	t.Helper()
	if err := app.DeleteRun(row.Run.ID); err != nil {
		t.Error(err)
	}
}

func finishOne(t *testing.T, app *difytest.App, row difytest.Row) {
	t.Helper()
	if err := app.Finish(row.Run.ID, difytest.StatusFailed, row.CreatedAt.Add(time.Second)); err != nil {
		t.Error(err)
	}
}

// TestStatusFilterLoadsLater: the filter looks first, the run is loaded then,
// so a row may come with a status that was not asked for.
func TestStatusFilterLoadsLater(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	row := rowAt(0)
	row.Run = &difytest.Run{Status: difytest.StatusStopped}
	stored := app.Insert(row)[0]
	before(dify, difytest.StatementLoad, func() { app.Delete(stored.ID) })
	page := logs(t, dify, "status=stopped")
	if len(page.Data) != 1 || page.Data[0].WorkflowRun != nil {
		t.Errorf("rows %v", page.Data)
	}
}
