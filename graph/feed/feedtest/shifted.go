package feedtest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the zones, wherever the tests run

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/list"
)

// zones are where Difys may take themselves to be: shifted always, in summer or in winter alone, all year but for
// Ramadan, and never.
var zones = []string{
	"Asia/Shanghai", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati",
	"Europe/London", "Atlantic/Azores", "Antarctica/Troll", "Africa/Casablanca", "UTC",
}

// Shifted is a list of apps of which some may be of a Dify in another zone than UTC, around the times when it changes its
// clocks: such a Dify shows other times than it compares. Read is to be set before it is used.
type Shifted struct {
	Apps  map[string]*difytest.Server // by their keys, each a Dify of its own
	Order list.Order
	Read  Reader

	zone     string
	all      []uuid.UUID
	size     int
	backward bool
}

// Keys are those of the apps, sorted.
func (s *Shifted) Keys() []string { return slices.Sorted(maps.Keys(s.Apps)) }

// NewShifted draws one of up to so many apps.
func NewShifted(t *rapid.T, apps int) *Shifted {
	s := &Shifted{
		Apps: make(map[string]*difytest.Server), zone: rapid.SampledFrom(zones).Draw(t, "zone"), size: rapid.IntRange(1, 40).Draw(t, "size"),
		Order:    rapid.SampledFrom([]list.Order{list.NewestFirst, list.OldestFirst}).Draw(t, "order"),
		backward: rapid.Bool().Draw(t, "backward"),
	}
	zone, err := time.LoadLocation(s.zone)
	if err != nil {
		t.Fatalf("%v", err)
	}
	s.Apps["a"] = difytest.New(difytest.Options{Zone: zone})
	for i := range rapid.IntRange(0, apps-1).Draw(t, "beside those that are right") {
		s.Apps[fmt.Sprintf("b%d", i)] = difytest.New(difytest.Options{})
	}
	of := make(map[string]*difytest.App)
	for key, dify := range s.Apps {
		of[key] = dify.AddApp(difytest.AppOptions{Name: key, APIKey: "app-secret-" + key})
	}
	s.insert(t, s.Keys(), of)
	return s
}

func (s *Shifted) insert(t *rapid.T, keys []string, apps map[string]*difytest.App) {
	change := rapid.SampledFrom([]time.Time{
		time.Date(2026, 3, 29, 2, 0, 0, 0, time.UTC), time.Date(2025, 10, 26, 2, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2026, 2, 15, 3, 0, 0, 0, time.UTC), time.Date(2026, 3, 22, 3, 0, 0, 0, time.UTC), // around Ramadan
	}).Draw(t, "around")
	gap := rapid.SampledFrom([]time.Duration{7 * time.Minute, 30 * time.Minute, time.Hour, 5 * time.Hour}).Draw(t, "gap")
	at := change.Add(-gap * time.Duration(rapid.IntRange(0, 80).Draw(t, "before")))
	for range rapid.IntRange(1, 80).Draw(t, "rows") {
		row := rowAt(0)
		row.CreatedAt = at
		if rapid.IntRange(0, 9).Draw(t, "run") == 0 {
			row.Run = nil
		}
		app := rapid.SampledFrom(keys).Draw(t, "app")
		s.all = append(s.all, apps[app].Insert(row)[0].ID)
		at = at.Add(rapid.SampledFrom([]time.Duration{0, gap, gap, time.Second}).Draw(t, "then"))
	}
}

// ExactOrRefused wants each row exactly once, at whatever time it is shown, or a refusal where times are shifted, wherever pages
// begin.
func (s *Shifted) ExactOrRefused(t *rapid.T) {
	var seen []uuid.UUID
	part := Part{Size: s.size, Last: s.backward}
	for more := true; more; {
		p, err := s.Read(part)
		switch {
		case err == nil:
		case s.zone != "UTC" && strings.Contains(err.Error(), "TZ=UTC"):
			return
		default:
			t.Fatalf("%+v: %v", part, err)
		}
		for _, row := range p.Rows {
			seen = append(seen, row.ID)
		}
		more, part.After = p.HasNextPage, p.EndCursor
		if s.backward {
			more, part.After, part.Before = p.HasPreviousPage, "", p.StartCursor
		}
	}
	slices.SortFunc(seen, compareIDs)
	slices.SortFunc(s.all, compareIDs)
	if !slices.Equal(seen, s.all) {
		t.Fatalf("%d rows, want %d", len(seen), len(s.all))
	}
}

func compareIDs(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }
