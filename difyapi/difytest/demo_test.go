package difytest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

func TestDemoHasAPast(t *testing.T) {
	t.Parallel()
	now := time.Now()
	demo := difytest.NewDemo(difytest.Options{Now: func() time.Time { return now }})
	if len(demo.Apps) != 3 {
		t.Fatalf("%d apps", len(demo.Apps))
	}
	for _, app := range demo.Apps {
		rows := app.Rows()
		newest, oldest := rows[0].CreatedAt, rows[len(rows)-1].CreatedAt
		if len(rows) < 20_000 || now.Sub(oldest) < 28*24*time.Hour || newest.After(now) {
			t.Errorf("%s: %d rows from %v to %v", app.Name(), len(rows), oldest, newest)
		}
		if info := get(demo, app.APIKey(), "/v1/info"); info.Code != 200 {
			t.Errorf("info: %d %s", info.Code, info.Body)
		}
	}
}

// TestDemoCanBeAskedForDetails asks for the run and the person of each of an
// app's newest rows.
func TestDemoCanBeAskedForDetails(t *testing.T) {
	t.Parallel()
	demo := difytest.NewDemo(difytest.Options{})
	names := 0
	for _, app := range demo.Apps {
		for _, row := range app.Rows()[:100] {
			if row.Run != nil {
				answer := get(demo, app.APIKey(), runPath+row.Run.ID.String()).Body.String()
				if !strings.Contains(answer, difytest.StoredText(`"sys.app_id": "`+app.ID().String())) {
					t.Errorf("%s: %s", app.Name(), answer)
				}
			}
			if row.EndUser != nil {
				answer := get(demo, app.APIKey(), endUserPath+row.EndUser.ID.String())
				if answer.Code != http.StatusOK {
					t.Errorf("%s: %d %s", app.Name(), answer.Code, answer.Body)
				}
				if !strings.Contains(answer.Body.String(), `"name": null`) {
					names++
				}
			}
		}
	}
	if names < 50 {
		t.Errorf("%d of 300 rows are of somebody with a name", names)
	}
}

// TestDemoGoesOn lets ten minutes pass.
func TestDemoGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		demo := difytest.NewDemo(difytest.Options{})
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
		defer cancel()
		demo.Run(ctx)

		states := map[string]int{}
		for _, app := range demo.Apps {
			for _, row := range app.Rows() {
				if row.Run != nil && row.Run.CreatedAt.After(start) {
					states[row.Run.Status]++
				}
			}
		}
		total := 0
		for _, n := range states {
			total += n
		}
		if total < 300 || total > 600 {
			t.Errorf("%d new runs in ten minutes: %v", total, states)
		}
		if states[difytest.StatusRunning] == 0 || states[difytest.StatusRunning] > 30 || states[difytest.StatusSucceeded] < total/2 {
			t.Errorf("new runs: %v", states)
		}
	})
}
