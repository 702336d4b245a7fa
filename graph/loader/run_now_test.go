package loader

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
)

// TestRunNowIsNeverKept: whoever waits for a run's end is not told of its beginning again.
func TestRunNowIsNeverKept(t *testing.T) {
	t.Parallel()
	dify := difytest.New(difytest.Options{})
	app := dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-a"})
	row := app.Insert(difytest.Row{Run: &difytest.Run{Status: difytest.StatusRunning}})[0]
	client, err := difyapi.New(difyapi.Options{BaseURL: "http://dify.test/v1", APIKey: "app-a", Transport: dify.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	u := New(map[string]*difyapi.Client{"a": client}, Options{TTL: time.Hour, OperationBytes: 1 << 20})
	defer u.Close()
	ctx, done := u.Attach(t.Context(), Allowance{Calls: 10})
	defer done(0)
	for _, ask := range []func(id uuid.UUID) (*difyapi.WorkflowRunDetail, error){
		func(id uuid.UUID) (*difyapi.WorkflowRunDetail, error) { return For(ctx).Run(ctx, "a", id) },
		func(id uuid.UUID) (*difyapi.WorkflowRunDetail, error) { return For(ctx).RunNow(ctx, "a", id) },
	} {
		want := app.Rows()[0].Run.Status
		if run, err := ask(row.Run.ID); err != nil || string(run.Status) != want {
			t.Errorf("%v, %v, want %s", run, err, want)
		}
		if err := app.Finish(row.ID, difytest.StatusSucceeded, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
}
