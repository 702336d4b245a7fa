package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// These tests hold what a keyword beside session ids costs. Dify up to 1.16 can't be asked for the two together, so that the
// rows of one of them are looked through here: those of which there are fewer.

// serveSessions serves an app with rows of sessions, a minute apart, all of which have the word "common" in their inputs, and
// every tenth the number 3.
func serveSessions(t *testing.T, o options, rows map[string]int) *api {
	t.Helper()
	o.keys, o.scanCalls = []string{"a"}, 10
	a := serve(t, o)
	at := 0
	for session, n := range rows {
		for range n {
			row := run(-60 * at)
			row.EndUser = endUser(session)
			row.Run.Inputs = `{"q": "common", "n": ` + fmt.Sprint(at%10) + `}`
			a.apps["a"].Insert(row)
			at++
		}
	}
	return a
}

// asked is what lists asked Dify for: each call as keyword/session/limit.
func (a *api) asked() (calls []string) {
	for _, r := range a.dify.Requests() {
		if route, _ := difytest.RouteOf(r.Path); route == difytest.LogsRoute {
			calls = append(calls, strings.Join([]string{r.Query.Get("keyword"), r.Query.Get("created_by_end_user_session_id"), r.Query.Get("limit")}, "/"))
		}
	}
	return calls
}

// TestKeywordInSessionCalls counts what a page takes: the requests in order, and how many runs are looked at.
func TestKeywordInSessionCalls(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		version  string
		rows     map[string]int
		keyword  string
		sessions []string
		asked    []string
		looks    int
		found    int
	}{
		"a common keyword, a rare session": {
			rows: map[string]int{"alice": 1, "bob": 950}, keyword: "common", sessions: []string{"alice"},
			asked: []string{"/alice/1", "/alice/100"}, looks: 1, found: 1,
		},
		"a common keyword, a session that is less": {
			rows: map[string]int{"alice": 60, "bob": 950}, keyword: "common", sessions: []string{"alice"},
			asked: []string{"/alice/1", "common//1", "/alice/100"}, looks: 21, found: 20,
		},
		"a keyword that has no rows": {
			rows: map[string]int{"alice": 950}, keyword: "absent", sessions: []string{"alice"},
			asked: []string{"/alice/1", "absent//1"}, looks: 0, found: 0,
		},
		"a keyword of which there are fewer": {
			rows: map[string]int{"alice": 300}, keyword: ": 3}", sessions: []string{"alice"},
			asked: []string{"/alice/1", ": 3}//1", ": 3}//100"}, looks: 0, found: 20,
		},
		"a session that has no rows": {
			rows: map[string]int{"bob": 950}, keyword: "common", sessions: []string{"alice"},
			asked: []string{"/alice/1"}, looks: 0, found: 0,
		},
		"a session that has the keyword itself": {
			rows: map[string]int{"the common user": 15, "bob": 950}, keyword: "COMMON user", sessions: []string{"the common user"},
			asked: []string{"/the common user/1", "/the common user/100"}, looks: 0, found: 15,
		},
		"the two together": {
			version: "1.17.1", rows: map[string]int{"alice": 30, "bob": 950}, keyword: "common", sessions: []string{"alice"},
			asked: []string{"common/alice/1", "common/alice/100"}, looks: 0, found: 20,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serveSessions(t, options{dify: difytest.Options{Version: test.version}}, test.rows)
			p := a.page(t, vars{"filter": vars{"keyword": test.keyword, "endUserSessionId": test.sessions}})
			if diff := cmp.Diff(test.asked, a.asked()); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
			if len(p.Edges) != test.found || p.Scan.DetailCalls != test.looks || a.dify.Calls(difytest.RunRoute) != test.looks {
				t.Errorf("%d rows, want %d; %+v, Dify counted %d looks, want %d", len(p.Edges), test.found, p.Scan, a.dify.Calls(difytest.RunRoute), test.looks)
			}
		})
	}
}

// TestKeywordInSessionTogether: a Dify that should take the two together and does not is known from then on, whichever of its
// lists is read.
func TestKeywordInSessionTogether(t *testing.T) {
	t.Parallel()
	a := serveSessions(t, options{dify: difytest.Options{Version: "1.17.1"}}, map[string]int{"alice": 3, "bob": 95})
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		if q := r.URL.Query(); q.Has("keyword") && q.Has("created_by_end_user_session_id") {
			return difytest.InternalServerError()
		}
		return nil
	})
	filter := vars{"keyword": "common", "endUserSessionId": []string{"alice"}}
	for _, want := range [][]string{{"common/alice/1", "/alice/1", "/alice/100"}, {"/alice/1", "/alice/100"}} {
		a.dify.ResetRequests()
		if p := a.page(t, vars{"filter": filter}); len(p.Edges) != 3 || p.Scan.DetailCalls != 3 || p.Scan.UpstreamCalls != 2 {
			t.Errorf("%d rows, %+v", len(p.Edges), p.Scan)
		}
		if diff := cmp.Diff(want, a.asked()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	}
}

// TestKeywordInSessionOfAServerThatHidesItsVersion and does not know the filter by session: the rows' session ids tell.
func TestKeywordInSessionOfAServerThatHidesItsVersion(t *testing.T) {
	t.Parallel()
	a := serveSessions(t, options{dify: difytest.Options{Version: "1.4.3", HideVersion: true}}, map[string]int{"alice": 3, "bob": 95})
	if p := a.page(t, vars{"filter": vars{"keyword": "common", "endUserSessionId": []string{"alice"}}}); len(p.Edges) != 3 || !p.Scan.Complete {
		t.Errorf("%d rows, %+v", len(p.Edges), p.Scan)
	}
}

// TestKeywordInSessionOfAnUnreadableRun: the page stands, and says that a match may be missing.
func TestKeywordInSessionOfAnUnreadableRun(t *testing.T) {
	t.Parallel()
	a := serveSessions(t, options{}, map[string]int{"alice": 3, "bob": 95})
	var broken string
	for _, row := range a.apps["a"].Rows() {
		if row.EndUser.SessionID == "alice" {
			broken = row.Run.ID.String()
		}
	}
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		if route, id := difytest.RouteOf(r.URL.Path); route == difytest.RunRoute && id == broken {
			return &difytest.Fault{Status: http.StatusBadRequest, ContentType: "application/json", Body: `{"code": "invalid_param", "message": "Invalid JSON", "status": 400}`}
		}
		return nil
	})
	p := a.page(t, vars{"filter": vars{"keyword": "common", "endUserSessionId": []string{"alice"}}})
	if len(p.Edges) != 2 || !slices.Equal(p.Scan.Reasons, []string{"BAD_RESPONSE"}) {
		t.Errorf("%d rows, %+v", len(p.Edges), p.Scan)
	}
}

// TestDetailCalls: each run that is looked at counts once in an operation, and what a page shows of runs does not.
func TestDetailCalls(t *testing.T) {
	t.Parallel()
	a := serveNearly(t, options{}, 90, everyRow)
	var data map[string]struct {
		Scan struct{ UpstreamCalls, DetailCalls int }
	}
	a.get(t, `query ($k: WorkflowLogFilter) {
		x: workflowLogs(filter: $k, first: 5) {nodes {workflowRun {inputs}} scan {upstreamCalls detailCalls}}
		y: workflowLogs(filter: $k, first: 9) {nodes {uuid} scan {upstreamCalls detailCalls}}
		z: workflowLogs(first: 30) {nodes {workflowRun {inputs}} scan {upstreamCalls detailCalls}}
	}`, vars{"k": vars{"keyword": longKeyword}}, &data)
	details, calls := 0, 0
	for _, list := range data {
		details, calls = details+list.Scan.DetailCalls, calls+list.Scan.UpstreamCalls
	}
	if details != 9 || data["z"].Scan.DetailCalls != 0 || calls != a.listCalls() {
		t.Errorf("%+v; Dify counted %d lists", data, a.listCalls())
	}
}
