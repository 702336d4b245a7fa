package feed

import (
	"testing"
	"time"
)

// TestSeasonsAreCutWhereClocksChange: zones that are UTC for a part of the year change their clocks on Sundays, at whole hours
// of what they take for UTC.
func TestSeasonsAreCutWhereClocksChange(t *testing.T) {
	t.Parallel()
	sunday := time.Date(2026, 3, 29, 0, 0, 0, 0, time.UTC)
	for ago := range 3000 {
		begins := sunday.AddDate(0, 0, -7*ago).Unix()
		for n, at := range []int64{0, hour, 2 * hour, 3 * hour, 4 * hour, week} {
			season := SeasonOf(begins) + int64(n)
			if got := SeasonOf(begins + at); got != season || SeasonOf(begins+at-1) != season-1 || firstOf(season) != begins+at {
				t.Fatalf("%v: season %d, before it %d, want %d from %d on", time.Unix(begins+at, 0).UTC(), got, SeasonOf(begins+at-1), season, firstOf(season))
			}
		}
	}
}
