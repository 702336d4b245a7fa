package difytest_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// ties is what real servers did to rows of one second.
type ties struct {
	Walks []struct {
		Name     string
		Query    map[string]any
		Total    int
		Rows     int
		Distinct int
		Pages    [][][2]int64
	}
	Repeated []struct {
		Query          map[string]any
		DistinctOrders int
		Answers        [][][2]int64
	}
}

// tiedWorld has the same seconds with as many rows each as the server of
// ties.json: one second of fifty in each minute, and a row between.
func tiedWorld(rows int) []difytest.Row {
	end := time.Unix(1795410000, 0)
	world := make([]difytest.Row, rows)
	statuses := []string{difytest.StatusSucceeded, difytest.StatusFailed, difytest.StatusStopped}
	for i := range world {
		minute, place := i/51, i%51
		at := end.Add(-time.Duration(minute) * time.Minute)
		if place == 50 {
			at = at.Add(-6 * time.Second)
		}
		world[i] = difytest.Row{
			ID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)), CreatedAt: at,
			Run: &difytest.Run{Status: statuses[i%8%3]},
		}
	}
	return world
}

func walk(t testing.TB, dify *difytest.Server, query string, limit, pages int) (rows []uuid.UUID, distinct int) {
	t.Helper()
	seen := map[uuid.UUID]bool{}
	for page := range pages {
		answer := logs(t, dify, fmt.Sprintf("%s&limit=%d&page=%d", query, limit, page+1))
		rows = append(rows, answer.ids()...)
	}
	for _, id := range rows {
		seen[id] = true
	}
	return rows, len(seen)
}

// TestDisorderIsAsBadAsRecorded walks as the recorded walks did, in a world
// with as many rows in each second, and wants no more different rows.
func TestDisorderIsAsBadAsRecorded(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.13.3", "1.14.2"} {
		var recorded ties
		readJSON(t, filepath.Join(recordings, version, "ties.json"), &recorded)
		for seed := range uint64(2) {
			dify, app := newApp(difytest.Options{Version: version, Seed: seed})
			app.Insert(tiedWorld(12_000)...)
			for _, walked := range recorded.Walks {
				if !strings.HasPrefix(walked.Name, "newest rows") {
					continue // one second by itself has a test of its own
				}
				limit := len(walked.Pages[0])
				query := ""
				if walked.Query["status"] != nil {
					query = fmt.Sprint("status=", walked.Query["status"])
				}
				rows, distinct := walk(t, dify, query, limit, len(walked.Pages))
				t.Logf("%s, limit %d: %d of %d", version, limit, distinct, len(rows))
				if len(rows) != walked.Rows || distinct > walked.Distinct {
					t.Errorf("%s, limit %d: %d different rows of %d, recorded %d of %d",
						version, limit, distinct, len(rows), walked.Distinct, walked.Rows)
				}
			}
		}
	}
}

func TestOneRequestComesInManyOrders(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{})
	app.Insert(tiedWorld(12_000)...)
	for _, query := range []string{"limit=20", "limit=20&status=succeeded", "limit=100&page=2"} {
		orders := map[string]bool{}
		for range 6 {
			orders[fmt.Sprint(logs(t, dify, query).ids())] = true
		}
		if len(orders) < 4 {
			t.Errorf("%s: %d orders of six answers", query, len(orders))
		}
	}
}

// oneSecond makes n rows of one second.
func oneSecond(n int) []difytest.Row {
	rows := make([]difytest.Row, n)
	for i := range rows {
		rows[i] = difytest.Row{
			ID: uuid.NewSHA1(uuid.NameSpaceOID, fmt.Append(nil, i)), CreatedAt: time.Unix(1795410000, 0),
		}
	}
	return rows
}

// TestCrowdedSecondsCanBeRead makes sure that the disorder hides no row for
// good: whoever goes on asking sees all rows of a second, in far less than the
// number of calls that a client may be expected to make.
func TestCrowdedSecondsCanBeRead(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 100, 101, 200, 225, 300} {
		dify, app := newApp(difytest.Options{Seed: uint64(n)})
		app.Insert(oneSecond(n)...)
		seen := map[uuid.UUID]bool{}
		calls := 0
		for ; len(seen) < n && calls < 60; calls++ {
			pages := (n + 99) / 100
			for _, id := range logs(t, dify, fmt.Sprintf("limit=100&page=%d", calls%pages+1)).ids() {
				seen[id] = true
			}
		}
		t.Logf("%d rows: %d calls", n, calls)
		if len(seen) != n {
			t.Errorf("%d of %d rows seen in %d calls", len(seen), n, calls)
		}
	}
}

func TestStableTies(t *testing.T) {
	t.Parallel()
	dify, app := newApp(difytest.Options{StableTies: true})
	app.Insert(oneSecond(225)...)
	if _, distinct := walk(t, dify, "", 100, 3); distinct > 225-10 {
		t.Errorf("%d different rows of 225: the first page should be a sort of its own", distinct)
	}
	second, third := logs(t, dify, "limit=100&page=2"), logs(t, dify, "limit=100&page=3")
	again := logs(t, dify, "limit=100&page=2")
	if !slices.Equal(second.ids(), again.ids()) {
		t.Error("a page beyond half of the rows changed its order")
	}
	for _, id := range third.ids() {
		if slices.Contains(second.ids(), id) {
			t.Errorf("row %s is on two pages that are cut out of one order", id)
		}
	}
}

// TestSeedFixesTheDisorder repeats a series of queries on two servers.
func TestSeedFixesTheDisorder(t *testing.T) {
	t.Parallel()
	series := func(seed uint64) string {
		dify, app := newApp(difytest.Options{Seed: seed})
		app.Insert(oneSecond(50)...)
		return fmt.Sprint(logs(t, dify, "").ids(), logs(t, dify, "").ids(), logs(t, dify, "page=2").ids())
	}
	if first, again := series(1), series(1); first != again {
		t.Error("one seed, two disorders")
	}
	if series(1) == series(2) {
		t.Error("two seeds, one disorder")
	}
}
