package feed

import (
	"testing"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

func newList(t *testing.T, apps []string, all bool, f list.Filter, o list.Order) list.List {
	t.Helper()
	l, err := list.New(apps, all, f, o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStreams(t *testing.T) {
	t.Parallel()
	apps := []string{"a", "b"}
	for name, test := range map[string]struct {
		filter    list.Filter
		streams   int
		countable bool
	}{
		"no filter":            {list.Filter{}, 2, true},
		"pushable statuses":    {list.Filter{Status: []difyapi.RunStatus{"failed", "stopped"}}, 4, true},
		"any other status":     {list.Filter{Status: []difyapi.RunStatus{"failed", "running"}}, 2, false},
		"unknown status":       {list.Filter{Status: []difyapi.RunStatus{list.StatusUnknown}}, 2, false},
		"sessions":             {list.Filter{EndUserSessionID: []string{"x", "y", "z"}}, 6, true},
		"sessions, statuses":   {list.Filter{EndUserSessionID: []string{"x", "y"}, Status: []difyapi.RunStatus{"failed", "stopped"}}, 8, true},
		"keyword":              {list.Filter{Keyword: new("k")}, 2, true},
		"keyword and sessions": {list.Filter{Keyword: new("k"), EndUserSessionID: []string{"x", "y"}}, 2, false},
		"origin":               {list.Filter{CreatedFrom: []string{"web-app"}}, 2, false},
		"trigger":              {list.Filter{TriggeredFrom: []string{"webhook"}}, 2, false},
		"error":                {list.Filter{HasError: new(false)}, 2, false},
		"text of the error":    {list.Filter{Error: &list.ErrorFilter{Contains: "x"}}, 2, false},
		"account, time":        {list.Filter{AccountEmail: new("a@b.c"), CreatedAt: &list.TimeRange{Until: new(time.Unix(5, 0))}}, 2, true},
	} {
		l := newList(t, apps, true, test.filter, list.NewestFirst)
		n, countable := len(streams(l)), pushdown{l.Filter()}.countable()
		if n != test.streams || countable != test.countable {
			t.Errorf("%s: %d streams, countable %v, want %d, %v", name, n, countable, test.streams, test.countable)
		}
	}
}

// TestSessionsBeside: a keyword has session ids beside it as long as they make few streams, unless it is one that only Dify can look
// for: a run's id, or what an empty object holds.
func TestSessionsBeside(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		keyword           string
		streams, sessions int
		want              bool
	}{
		"few":             {"k", 1, 3, true},
		"as many as may":  {"k", 12, 5, true},
		"one more":        {"k", 61, 1, false},
		"none":            {"k", 1, 0, false},
		"a run's id":      {"00000000-0000-4000-8000-000000000001", 1, 3, false},
		"an empty object": {"{}", 1, 3, false},
		"half of one":     {"{", 1, 3, false},
		"a brace in text": {"{a", 1, 3, true},
	} {
		p := pushdown{list.Filter{Keyword: &test.keyword, EndUserSessionID: make([]string, test.sessions)}}
		if got := len(p.sessionsBeside(test.streams)); got != 0 != test.want {
			t.Errorf("%s: %d sessions", name, got)
		}
	}
}
