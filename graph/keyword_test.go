package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// serveTexts serves one app with a run for each text of an input, a second apart, the first one newest.
func serveTexts(t *testing.T, version string, texts ...string) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Version: version}})
	for i, text := range texts {
		row := run(-i)
		row.Run.Inputs = `{"query": "` + difytest.StoredText(text) + `"}`
		row.EndUser = endUser([]string{"alice", "bob"}[i%2])
		a.apps["a"].Insert(row)
	}
	return a
}

// found are the numbers of the texts that a list has.
func (a *api) found(t *testing.T, filter vars) []int {
	t.Helper()
	found := []int{}
	for _, p := range a.page(t, vars{"filter": filter}).places() {
		found = append(found, int(epoch.Unix()-p.second))
	}
	return found
}

func TestKeyword(t *testing.T) {
	t.Parallel()
	texts := []string{"Hello World", "京都 tower", "大阪", `a "quote"`, "100%", "100 of", "a_b", "axb", `C:\temp`, "C:temp", "🙂"}
	for _, version := range []string{"1.10.1", "1.11.3", "1.13.3", "1.14.2", "1.17.1"} {
		a := serveTexts(t, version, texts...)
		for keyword, want := range map[string][]int{
			"京都": {1}, "大阪": {2}, "都 t": {1}, "奈良": {}, "🙂": {10},
			"hello w": {0}, `a "quote"`: {3}, `"`: {3}, "ALICE": {0, 2, 4, 6, 8, 10},
		} {
			t.Run(version+"/"+keyword, func(t *testing.T) {
				t.Parallel()
				if diff := cmp.Diff(want, a.found(t, vars{"keyword": keyword})); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// TestWildcards: %, _ and \ are wildcards to servers before 1.11.3, which find what nobody asked for.
func TestWildcards(t *testing.T) {
	t.Parallel()
	texts := []string{"100%", "100 of", "a_b", "axb", `C:\temp`, "C:temp"}
	for keyword, want := range map[string][]int{"0%": {0}, "a_b": {2}, `:\t`: {4}} {
		for _, version := range []string{"1.11.3", "1.14.2"} {
			t.Run(version+"/"+keyword, func(t *testing.T) {
				t.Parallel()
				a := serveTexts(t, version, texts...)
				if diff := cmp.Diff(want, a.found(t, vars{"keyword": keyword})); diff != "" {
					t.Errorf("found (-want +got):\n%s", diff)
				}
			})
		}
		t.Run("1.11.2/"+keyword, func(t *testing.T) {
			t.Parallel()
			a := serveTexts(t, "1.11.2", texts...)
			checkUnsupported(t, a, withFilter("keyword", keyword), `"%", "_" or "\"`, "Dify 1.11.2", "Dify 1.11.3")
			checkCalls(t, a, 1, 0)

			wrong := serveVersion(t, difytest.Options{Version: "1.11.2"}, "1.14.2")
			checkUnsupported(t, wrong, withFilter("keyword", keyword), "Dify 1.11.2", "Dify 1.11.3")
			checkCalls(t, wrong, 0, 1)
		})
	}
}

// TestKeywordAndSession: Dify up to 1.16 answers 500 to the two together, so that it is never asked so.
func TestKeywordAndSession(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.10.1", "1.14.2", "1.17.1"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a := serveTexts(t, version, "京都", "京都", "大阪", "京都 tower")
			p := a.page(t, vars{"filter": vars{"keyword": "京都", "endUserSessionId": []string{"bob", "carol"}}})
			var found []int64
			for _, place := range p.places() {
				found = append(found, epoch.Unix()-place.second)
			}
			if !slices.Equal(found, []int64{1, 3}) || p.TotalCount != nil {
				t.Errorf("found %v, total %v", found, p.TotalCount)
			}
			for _, r := range a.dify.Requests() {
				if version != "1.17.1" && r.Query.Has("keyword") && r.Query.Has("created_by_end_user_session_id") || r.Status != 200 {
					t.Errorf("asked %v: %d", r.Query, r.Status)
				}
			}
		})
	}
}

// TestUnknownAccount: Dify refuses an e-mail that it does not know. The list of several apps does so where none of them
// does.
func TestUnknownAccount(t *testing.T) {
	t.Parallel()
	v := withFilter("accountEmail", "Ada@example.com") // case counts
	for _, policy := range []string{"FAIL", "PARTIAL"} {
		a := serve(t, options{keys: []string{"a", "b"}})
		a.dify.AddAccount(accounts[0])
		answer := a.post(t, besideQuery, vars{"filter": v["filter"], "onAppFailure": policy})
		checkAlone(t, a, answer)
		e := answer.Errors[0]
		if e.Extensions["code"] != "BAD_USER_INPUT" || e.Extensions["argument"] != "filter.accountEmail" || !strings.Contains(e.Message, "filter.accountEmail: ") {
			t.Errorf("%s: %s", policy, answer.text)
		}
	}
	old := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Version: "1.9.1"}})
	if p := old.page(t, v); len(p.Edges) != 0 || *p.TotalCount != 0 {
		t.Errorf("before 1.9.2 no row matches, and nothing is refused: %d rows", len(p.Edges))
	}
}

// TestAccountOfOneDify: an e-mail that one of two Difys knows has its rows there, and none at the other.
func TestAccountOfOneDify(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b", "c"}, apart: map[string]apart{"b": {dify: &difytest.Options{}}}})
	for _, key := range []string{"a", "c"} {
		rows := runsOf(map[int]int{0: 2, 5: 3})
		for i := range rows {
			rows[i].CreatedByRole, rows[i].EndUser, rows[i].Account = "account", nil, &accounts[0]
		}
		a.apps[key].Insert(rows...)
	}
	a.apps["b"].Insert(runsOf(map[int]int{1: 4})...)
	for _, policy := range []string{"FAIL", "PARTIAL"} {
		v := vars{"filter": vars{"accountEmail": "ada@example.com"}, "onAppFailure": policy, "first": 4}
		var seen []place
		for more := true; more; {
			p := a.page(t, v)
			if p.TotalCount == nil || *p.TotalCount != 10 || !p.Scan.Complete || len(p.Scan.FailedApps) > 0 {
				t.Fatalf("%s: total %v, %+v", policy, p.TotalCount, p.Scan)
			}
			seen = append(seen, p.places()...)
			more, v["after"] = p.PageInfo.HasNextPage, p.PageInfo.EndCursor
		}
		if len(seen) != 10 || slices.ContainsFunc(seen, func(p place) bool { return p.app == "b" }) {
			t.Errorf("%s: %v", policy, seen)
		}
	}
}
