package feed

import (
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

func list(t *testing.T, apps []string, all bool, f Filter, o Order) List {
	t.Helper()
	l, err := NewList(apps, all, f, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestListsThatMeanTheSameShareCursors(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*3600)
	at := time.Date(2026, 11, 13, 5, 0, 5, 0, time.UTC)
	plain := list(t, []string{"a", "b"}, false, Filter{
		Status: []difyapi.RunStatus{"failed", "succeeded"}, CreatedAt: &TimeRange{Since: &at}, CreatedFrom: []string{"service-api"},
	}, NewestFirst)
	same := list(t, []string{"b", "a", "b"}, false, Filter{
		Status:      []difyapi.RunStatus{"succeeded", "failed", "succeeded"},
		CreatedAt:   &TimeRange{Since: new(at.Add(-time.Millisecond).In(tokyo))},
		CreatedFrom: []string{"service_api"}, ElapsedTime: &FloatRange{}, TotalTokens: &Int64Range{},
	}, NewestFirst)
	if plain.digest != same.digest {
		t.Error("equal lists have different digests")
	}
	for name, other := range map[string]List{
		"order":  list(t, []string{"a", "b"}, false, plain.filter, OldestFirst),
		"apps":   list(t, []string{"a"}, false, plain.filter, NewestFirst),
		"all":    list(t, []string{"a", "b"}, true, plain.filter, NewestFirst),
		"filter": list(t, []string{"a", "b"}, false, Filter{}, NewestFirst),
	} {
		if other.digest == plain.digest {
			t.Errorf("another %s, but the same digest", name)
		}
	}
	if list(t, []string{"a"}, true, Filter{}, NewestFirst).digest != list(t, []string{"a", "b"}, true, Filter{}, NewestFirst).digest {
		t.Error("all apps are another list once there is one more")
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	apps := []string{"a", "b"}
	for name, test := range map[string]struct {
		filter    Filter
		streams   int
		countable bool
	}{
		"no filter":            {Filter{}, 2, true},
		"pushable statuses":    {Filter{Status: []difyapi.RunStatus{"failed", "stopped"}}, 4, true},
		"any other status":     {Filter{Status: []difyapi.RunStatus{"failed", "running"}}, 2, false},
		"unknown status":       {Filter{Status: []difyapi.RunStatus{StatusUnknown}}, 2, false},
		"sessions":             {Filter{EndUserSessionID: []string{"x", "y", "z"}}, 6, true},
		"sessions, statuses":   {Filter{EndUserSessionID: []string{"x", "y"}, Status: []difyapi.RunStatus{"failed", "stopped"}}, 8, true},
		"keyword":              {Filter{Keyword: new("k")}, 2, true},
		"keyword and sessions": {Filter{Keyword: new("k"), EndUserSessionID: []string{"x", "y"}}, 2, false},
		"origin":               {Filter{CreatedFrom: []string{"web-app"}}, 2, false},
		"trigger":              {Filter{TriggeredFrom: []string{"webhook"}}, 2, false},
		"error":                {Filter{HasError: new(false)}, 2, false},
		"account, time":        {Filter{AccountEmail: new("a@b.c"), CreatedAt: &TimeRange{Until: new(time.Unix(5, 0))}}, 2, true},
	} {
		l := list(t, apps, true, test.filter, NewestFirst)
		if n := len(l.streams()); n != test.streams || l.countable() != test.countable {
			t.Errorf("%s: %d streams, countable %v, want %d, %v", name, n, l.countable(), test.streams, test.countable)
		}
	}
}

// Dify's bounds are inclusive, and rows have whole seconds.
func TestBoundsOfTime(t *testing.T) {
	t.Parallel()
	second := func(s float64) *time.Time { return new(time.UnixMilli(int64(s * 1000))) }
	for _, test := range []struct {
		since, until *time.Time
		want         span
	}{
		{second(10), second(20), span{10, 19}},
		{second(10.001), second(20.001), span{11, 20}},
		{second(10.2), second(10.8), span{11, 10}},
		{second(10), nil, span{10, end}},
		{nil, second(20), span{beginning, 19}},
	} {
		l := list(t, []string{"a"}, true, Filter{CreatedAt: &TimeRange{test.since, test.until}}, NewestFirst)
		if got := l.seconds(); got != test.want {
			t.Errorf("from %v until %v: %v, want %v", test.since, test.until, got, test.want)
		}
	}
}
