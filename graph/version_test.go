package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// infoCalls is how many requests for GET /info Dify has had.
func (a *api) infoCalls() int { return a.dify.Calls("/v1/info") }

// checkUnsupported holds that a list of app a fails because its Dify is too old, and says so with the versions.
func checkUnsupported(t *testing.T, a *api, v vars, says ...string) {
	t.Helper()
	answer := a.post(t, besideQuery, v)
	checkAlone(t, a, answer)
	if !slices.Equal(answer.codes(), []string{"UPSTREAM_UNSUPPORTED"}) || answer.Errors[0].Extensions["app"] != "a" {
		t.Fatalf("want UPSTREAM_UNSUPPORTED of app a: %s", answer.text)
	}
	for _, text := range append(says, `app "a"`) {
		if !strings.Contains(answer.Errors[0].Message, text) {
			t.Errorf("%q does not say %q", answer.Errors[0].Message, text)
		}
	}
}

// checkCalls compares the requests that Dify has had, and forgets them.
func checkCalls(t *testing.T, a *api, infos, lists int) {
	t.Helper()
	if a.infoCalls() != infos || a.listCalls() != lists {
		t.Errorf("%d requests for /info and %d for lists, want %d and %d", a.infoCalls(), a.listCalls(), infos, lists)
	}
	a.dify.ResetRequests()
}

// serveVersion serves one app, a, with a few runs of sessions s0 and s1 and of the members Ada and Ben.
func serveVersion(t *testing.T, o difytest.Options, configured string) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a"}, dify: o, apart: map[string]apart{"a": {version: configured}}})
	rows := runsOf(map[int]int{0: 1, 10: 1, 20: 1, 30: 1})
	rows[1].EndUser = endUser("s1")
	for i := range 2 {
		rows[2+i].CreatedByRole, rows[2+i].EndUser, rows[2+i].Account = "account", nil, &accounts[i]
	}
	a.apps["a"].Insert(rows...)
	return a
}

// ignored are filters with the version of a server that ignores each in silence, and the first that does not.
var ignored = []struct {
	name   string
	filter vars
	old    string
	since  string
	field  string
}{
	{"session", withFilter("endUserSessionId", "s0"), "1.4.3", "1.5.0", "endUserSessionId"},
	{"account", withFilter("accountEmail", "ada@example.com"), "1.4.3", "1.5.0", "accountEmail"},
	{"since", withFilter("createdAt", vars{"since": "2026-03-01T00:00:15Z"}), "1.0.0", "1.0.1", "createdAt"},
	{"until", withFilter("createdAt", vars{"until": "2026-03-01T00:00:15Z"}), "1.0.0", "1.0.1", "createdAt"},
}

func TestFilterThatVersionIgnores(t *testing.T) {
	t.Parallel()
	for _, f := range ignored {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveVersion(t, difytest.Options{Version: f.old}, "")
			checkUnsupported(t, a, f.filter, "Dify "+f.old, f.field, "Dify "+f.since)
			checkCalls(t, a, 1, 0)
			checkUnsupported(t, a, f.filter, f.old)
			checkCalls(t, a, 0, 0)

			a.dify.SetVersion(f.since)
			a.page(t, vars{}) // its answer tells the new version
			a.dify.ResetRequests()
			if p := a.page(t, f.filter); len(p.Edges) == 0 || len(p.Edges) == 4 || p.TotalCount == nil || *p.TotalCount != len(p.Edges) {
				t.Errorf("on %s: %d rows, total %v", f.since, len(p.Edges), p.TotalCount)
			}
			if a.infoCalls() > 0 {
				t.Error("asked for a version that is known")
			}
		})
	}
}

func TestVersionOfHeader(t *testing.T) {
	t.Parallel()
	for _, f := range ignored {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveVersion(t, difytest.Options{Version: f.old}, "")
			a.page(t, vars{})
			a.dify.ResetRequests()
			checkUnsupported(t, a, f.filter, "Dify "+f.old, "Dify "+f.since)
			checkCalls(t, a, 0, 0)
		})
	}
}

func TestConfiguredVersion(t *testing.T) {
	t.Parallel()
	for _, f := range ignored {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			hidden := serveVersion(t, difytest.Options{Version: f.old, HideVersion: true}, f.old)
			checkUnsupported(t, hidden, f.filter, "Dify "+f.old, "Dify "+f.since)
			checkCalls(t, hidden, 0, 0)

			wrong := serveVersion(t, difytest.Options{Version: f.old}, "1.14.2")
			checkUnsupported(t, wrong, f.filter, "Dify "+f.old, "Dify "+f.since)
			checkCalls(t, wrong, 0, 1)

			newer := serveVersion(t, difytest.Options{}, f.old)
			newer.page(t, vars{})
			newer.page(t, f.filter)
		})
	}
}

// TestHiddenVersion: where nothing tells the version, the rows do.
func TestHiddenVersion(t *testing.T) {
	t.Parallel()
	for _, f := range ignored {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			a := serveVersion(t, difytest.Options{Version: f.old, HideVersion: true}, "")
			lists := 1
			if f.field == "createdAt" {
				lists = 2 // one more tells a server that knows no bounds of time from one that shows wrong times
			}
			checkUnsupported(t, a, f.filter, "version unknown", f.field)
			checkCalls(t, a, 1, lists)
			checkUnsupported(t, a, f.filter, "version unknown", f.field)
			checkCalls(t, a, 0, lists)

			current := serveVersion(t, difytest.Options{HideVersion: true}, "")
			if p := current.page(t, f.filter); len(p.Edges) == 0 || len(p.Edges) == 4 {
				t.Errorf("on 1.14.2: %d rows", len(p.Edges))
			}
		})
	}
}

// TestVersionAskedOnce: many streams of two apps ask for two versions, and a filter that depends on none for none.
func TestVersionAskedOnce(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	v := vars{"filter": vars{"endUserSessionId": names(5), "status": []string{"FAILED", "STOPPED"}}}
	a.page(t, v)
	checkCalls(t, a, 2, 20)
	a.page(t, v)
	checkCalls(t, a, 0, 20)
	b := serve(t, options{keys: []string{"a", "b"}})
	b.page(t, vars{"filter": vars{"keyword": "hello", "status": "FAILED", "hasError": true}})
	checkCalls(t, b, 0, 2)
}

// TestWalkOfOldServer: a server without bounds of time has a first page, and no other.
func TestWalkOfOldServer(t *testing.T) {
	t.Parallel()
	a := serveVersion(t, difytest.Options{Version: "1.0.0"}, "")
	p := a.page(t, vars{"first": 2})
	if len(p.Edges) != 2 || !p.PageInfo.HasNextPage {
		t.Fatalf("%d rows, more: %t", len(p.Edges), p.PageInfo.HasNextPage)
	}
	checkUnsupported(t, a, vars{"first": 2, "after": *p.PageInfo.EndCursor}, "Dify 1.0.0", "cursor", "Dify 1.0.1")
}

// TestOneOldApp: a server that is too old is a failure of its app alone.
func TestOneOldApp(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, apart: map[string]apart{"a": {dify: &difytest.Options{Version: "1.4.3"}}}})
	for _, app := range a.apps {
		app.Insert(runsOf(map[int]int{0: 3})...)
	}
	v := withFilter("endUserSessionId", "s0")
	checkUnsupported(t, a, v, "1.4.3", "1.5.0")
	v["onAppFailure"] = "PARTIAL"
	p := a.page(t, v)
	if len(p.Edges) != 3 || p.TotalCount == nil || *p.TotalCount != 3 || !slices.Equal(p.Scan.Reasons, []string{"APP_FAILED"}) {
		t.Fatalf("%d rows, total %v, %v", len(p.Edges), p.TotalCount, p.Scan.Reasons)
	}
	if f := p.Scan.FailedApps; len(f) != 1 || f[0].App.Key != "a" || f[0].Code != "UPSTREAM_UNSUPPORTED" || !strings.Contains(f[0].Message, "1.4.3") {
		t.Errorf("failed: %+v", f)
	}
}
