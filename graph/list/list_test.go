package list

import (
	"math"
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

func newList(t *testing.T, apps []string, all bool, f Filter, o Order) List {
	t.Helper()
	l, err := New(apps, all, f, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListsThatMeanTheSameShareCursors(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*3600)
	at := time.Date(2026, 11, 13, 5, 0, 5, 0, time.UTC)
	plain := newList(t, []string{"a", "b"}, false, Filter{
		Status: []difyapi.RunStatus{"failed", "succeeded"}, CreatedAt: &TimeRange{Since: &at}, CreatedFrom: []string{"service-api"},
		Error: &ErrorFilter{"timed out"},
	}, NewestFirst)
	same := newList(t, []string{"b", "a", "b"}, false, Filter{
		Status:      []difyapi.RunStatus{"succeeded", "failed", "succeeded"},
		CreatedAt:   &TimeRange{Since: new(at.Add(-time.Millisecond).In(tokyo))},
		CreatedFrom: []string{"service_api"}, ElapsedTime: &FloatRange{}, TotalTokens: &Int64Range{}, Error: &ErrorFilter{"Timed Out"},
	}, NewestFirst)
	if plain.digest != same.digest {
		t.Error("equal lists have different digests")
	}
	for name, other := range map[string]List{
		"order":  newList(t, []string{"a", "b"}, false, plain.filter, OldestFirst),
		"apps":   newList(t, []string{"a"}, false, plain.filter, NewestFirst),
		"all":    newList(t, []string{"a", "b"}, true, plain.filter, NewestFirst),
		"filter": newList(t, []string{"a", "b"}, false, Filter{}, NewestFirst),
	} {
		if other.digest == plain.digest {
			t.Errorf("another %s, but the same digest", name)
		}
	}
	if newList(t, []string{"a"}, true, Filter{}, NewestFirst).digest != newList(t, []string{"a", "b"}, true, Filter{}, NewestFirst).digest {
		t.Error("all apps are another list once there is one more")
	}
}

// Dify's bounds are inclusive, and rows have whole seconds.
func TestBoundsOfTime(t *testing.T) {
	t.Parallel()
	second := func(s float64) *time.Time { return new(time.UnixMilli(int64(s * 1000))) }
	for _, test := range []struct {
		since, until *time.Time
		first, last  int64
	}{
		{second(10), second(20), 10, 19},
		{second(10.001), second(20.001), 11, 20},
		{second(10.2), second(10.8), 11, 10},
		{second(10), nil, 10, math.MaxInt64},
		{nil, second(20), math.MinInt64, 19},
	} {
		l := newList(t, []string{"a"}, true, Filter{CreatedAt: &TimeRange{test.since, test.until}}, NewestFirst)
		if first, last := l.Seconds(); first != test.first || last != test.last {
			t.Errorf("from %v until %v: %d to %d, want %d to %d", test.since, test.until, first, last, test.first, test.last)
		}
	}
}
