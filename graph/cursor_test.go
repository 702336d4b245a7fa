package graph_test

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"
	"testing"
)

// cursorOf is a cursor of a list of apps a and b, each with ten runs.
func cursorOf(t *testing.T, v vars) string {
	t.Helper()
	p := twoApps(t).page(t, v)
	if len(p.Edges) < 5 {
		t.Fatalf("%d rows", len(p.Edges))
	}
	return p.Edges[2].Cursor
}

func twoApps(t *testing.T) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a", "b"}})
	for _, app := range a.apps {
		app.Insert(runsOf(map[int]int{0: 2, 1: 3, 60: 4, 3600: 1})...)
	}
	return a
}

func TestCursorOfAnotherList(t *testing.T) {
	t.Parallel()
	cursor := cursorOf(t, vars{"apps": []string{"a", "b"}})
	a := serve(t, options{keys: []string{"a", "b"}})
	for name, v := range map[string]vars{
		"fewer apps":    {"apps": []string{"a"}},
		"all apps":      {},
		"order":         {"apps": []string{"a", "b"}, "order": "OLDEST_FIRST"},
		"status":        {"apps": []string{"a", "b"}, "filter": vars{"status": "SUCCEEDED"}},
		"keyword":       {"apps": []string{"a", "b"}, "filter": vars{"keyword": "x"}},
		"time":          {"apps": []string{"a", "b"}, "filter": vars{"createdAt": vars{"since": "2026-01-01T00:00:00Z"}}},
		"a local one":   {"apps": []string{"a", "b"}, "filter": vars{"hasError": false}},
		"partial":       {"onAppFailure": "PARTIAL"},
		"one, backward": {"apps": []string{"b"}, "last": 3},
	} {
		for _, argument := range []string{"after", "before"} {
			t.Run(name+"/"+argument, func(t *testing.T) {
				t.Parallel()
				v := maps.Clone(v)
				v[argument] = cursor
				checkRefused(t, a, "INVALID_CURSOR", refusal{vars: v, argument: argument, says: []string{"another list", "apps, filter and order"}})
			})
		}
	}
}

func TestMadeUpCursor(t *testing.T) {
	t.Parallel()
	cursor := cursorOf(t, vars{})
	made := []string{" ", "1", "YXJyYXljb25uZWN0aW9uOjE=", "é", strings.Repeat("A", 10_000), cursor + "A", cursor + "=", " " + cursor, cursor + cursor}
	for n := 1; n < len(cursor); n += 3 {
		made = append(made, cursor[:n], cursor[n:])
	}
	a := serve(t, options{keys: []string{"a", "b"}})
	for _, text := range made {
		for _, argument := range []string{"after", "before"} {
			checkRefused(t, a, "INVALID_CURSOR", refusal{vars: vars{argument: text}, argument: argument, says: []string{"not a cursor", "pageInfo"}})
		}
	}
}

// TestFlippedBits: what comes before the position is guarded by its digest. The rest is not signed: with another position
// it is another bookmark of the same list, which opens nothing, and with anything else it is no cursor.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	const guarded = 1 + 8 // bytes of version and digest
	raw, err := base64.RawURLEncoding.DecodeString(cursorOf(t, vars{}))
	if err != nil {
		t.Fatal(err)
	}
	a := twoApps(t)
	for i := range raw {
		for bit := range 8 {
			flipped := slices.Clone(raw)
			flipped[i] ^= 1 << bit
			v := vars{"after": base64.RawURLEncoding.EncodeToString(flipped)}
			a.dify.ResetRequests()
			r := a.post(t, besideQuery, v)
			refused := slices.Equal(r.codes(), []string{"INVALID_CURSOR"})
			if len(r.Errors) > 0 && !refused || i < guarded && !refused {
				t.Errorf("byte %d, bit %d: %.300s", i, bit, r.text)
			}
			if n := a.listCalls(); refused && n > 0 {
				t.Errorf("byte %d, bit %d: refused after %d calls", i, bit, n)
			}
		}
	}
}

// TestCursorOfTheSameList: a list is the same in other words, on other servers, and with another page size.
func TestCursorOfTheSameList(t *testing.T) {
	t.Parallel()
	both := []string{"a", "b"}
	for name, v := range map[string]struct{ made, used vars }{
		"order of apps": {vars{"apps": both}, vars{"apps": []string{"b", "a", "b"}}},
		"page size":     {vars{"first": 5}, vars{"first": 7}},
		"the other way": {vars{"first": 5}, vars{"last": 1}},
		"policy":        {vars{}, vars{"onAppFailure": "PARTIAL"}},
		"no filter":     {vars{}, vars{"filter": vars{}}},
		"nulls":         {vars{"filter": vars{"keyword": nil}}, vars{"filter": vars{"accountEmail": nil, "status": nil}}},
		"no cursor":     {vars{"after": "", "before": ""}, vars{}},
		"empty ranges":  {vars{"filter": vars{"createdAt": vars{}}}, vars{"filter": vars{"totalTokens": vars{"min": nil}, "elapsedTime": vars{}}}},
		"statuses":      {vars{"filter": vars{"status": []string{"SUCCEEDED", "FAILED"}}}, vars{"filter": vars{"status": []string{"FAILED", "SUCCEEDED", "FAILED"}}}},
		"sessions":      {vars{"filter": vars{"endUserSessionId": []string{"s0", "s9"}}}, vars{"filter": vars{"endUserSessionId": []string{"s9", "s0", "s9"}}}},
		"origins":       {vars{"filter": vars{"createdFrom": []string{"service_api"}}}, vars{"filter": vars{"createdFrom": []string{"service-api", "service_api"}}}},
		"time zones": {
			vars{"filter": vars{"createdAt": between("2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z")}},
			vars{"filter": vars{"createdAt": between("2026-03-01T09:00:00+09:00", "2027-02-28T23:59:59.25Z")}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cursor := cursorOf(t, v.made)
			for _, argument := range []string{"after", "before"} {
				used := maps.Clone(v.used)
				used[argument] = cursor
				twoApps(t).page(t, used)
			}
		})
	}
}

// TestCursorOfAppsOwnList: DifyApp.workflowLogs is the list of that one app.
func TestCursorOfAppsOwnList(t *testing.T) {
	t.Parallel()
	a := twoApps(t)
	var data struct{ DifyApp struct{ WorkflowLogs page } }
	a.get(t, `{difyApp(key: "b") {workflowLogs(first: 4) {edges {cursor node {uuid}}}}}`, nil, &data)
	edges := data.DifyApp.WorkflowLogs.Edges
	p := a.page(t, vars{"apps": []string{"b"}, "first": 3, "before": edges[3].Cursor})
	for i, e := range p.Edges {
		if e.Node.UUID != edges[i].Node.UUID {
			t.Errorf("row %d: %v, want %v", i, e.Node.UUID, edges[i].Node.UUID)
		}
	}
	if len(p.Edges) != 3 {
		t.Errorf("%d rows, want 3", len(p.Edges))
	}
	checkRefused(t, serve(t, options{keys: []string{"a", "b"}}), "INVALID_CURSOR", refusal{vars: vars{"apps": []string{"a"}, "after": edges[0].Cursor}, argument: "after"})
}
