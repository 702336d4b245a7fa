package graph_test

import (
	"slices"
	"testing"
	"time"
)

// These tests hold what lists of some hundred apps cost toward newer rows, and what else is asked of them.

// TestThreeHundredAppsTowardNewerRows take a call each for the first page: a few apps tell how far it reaches, and the others are asked
// for no more. Later pages take a few calls while answers are kept; without a cache, a call each and a few.
func TestThreeHundredAppsTowardNewerRows(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ttl    time.Duration
		status []string
		calls  []int // of each page
	}{
		"with cache":    {time.Hour, nil, []int{300, 28, 14, 10, 6, 3}},
		"with statuses": {time.Hour, []string{"FAILED", "SUCCEEDED"}, []int{600, 22, 4, 3, 3, 5}},
		"without cache": {0, nil, []int{300, 308, 306, 304, 302, 301}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := serveFleet(t, options{ttl: test.ttl, price: 20_000})
			f.insert(10)
			v := vars{"last": 20, "filter": vars{"status": test.status}}
			if test.status == nil {
				v["filter"] = nil
			}
			seen := make(map[place]bool)
			var calls []int
			for page := 1; page <= 6; page++ {
				p := f.rows(t, v)
				asked, _ := f.asked()
				calls = append(calls, asked)
				for _, at := range p.places() {
					seen[at] = true
				}
				if len(p.Edges) != 20 || !p.Scan.Complete || !p.PageInfo.HasPreviousPage || p.PageInfo.HasNextPage != (page > 1) {
					t.Errorf("page %d: %d rows, %+v %+v", page, len(p.Edges), p.Scan, p.PageInfo)
				}
				v["before"] = p.PageInfo.StartCursor
			}
			if len(seen) != 120 || !slices.Equal(calls, test.calls) {
				t.Errorf("%d rows by %v calls, want %v", len(seen), calls, test.calls)
			}
		})
	}
}
