package feed

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/graph/list"
)

// TestMissingRows are those that were shown in a second which is known by now, unless not all of that could be read.
func TestMissingRows(t *testing.T) {
	t.Parallel()
	for crowded, want := range map[bool][]list.Position{false: {list.Edge(60)}, true: nil} {
		s := &stream{toward: list.Older, rest: span{beginning, 50}, shown: []list.Position{list.Edge(60), list.Edge(50), list.Edge(40)}}
		s.scan.crowded = crowded
		if diff := cmp.Diff(want, s.missing()); diff != "" {
			t.Errorf("crowded %t (-want +got):\n%s", crowded, diff)
		}
	}
}

// TestHoursBefore the cursor are those that were read before it was reached, and not its own second.
func TestHoursBefore(t *testing.T) {
	t.Parallel()
	for toward, want := range map[list.Direction]span{list.Older: {51, 50 + 7200}, list.Newer: {50 - 7200, 49}} {
		if got := (clock{stream: behind(toward, 0, 0)}).hoursBefore(); got != want {
			t.Errorf("toward %d: %v, want %v", toward, got, want)
		}
	}
}

// TestLookForAMissingRow: its second first. Where that fills an answer, the row may be behind it, and nothing more is asked.
func TestLookForAMissingRow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ rows, calls int }{{99, 3}, {100, 1}, {150, 1}} {
		t.Run(fmt.Sprint(test.rows), func(t *testing.T) {
			t.Parallel()
			m := &memory{most: 50, extra: 50}
			m.insert(50, test.rows)
			c := clock{stream: &stream{source: m, sample: m.rows[0]}}
			c.streams = []*stream{c.stream}
			if err := c.find(t.Context(), list.Position{Second: 50, ID: uuid.New()}); err != nil || len(m.questions) != test.calls {
				t.Errorf("%d calls, %v", len(m.questions), err)
			}
		})
	}
}
