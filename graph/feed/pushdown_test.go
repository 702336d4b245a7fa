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
