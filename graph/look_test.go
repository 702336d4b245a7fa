package graph_test

import (
	"bytes"
	"net/http"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// Tests of the look at rows: what Dify was asked for is held against what came, whatever the server says of its version.

// TestHiddenVersionWithOtherPeople: rows of members are no end user's, and the other way round.
func TestHiddenVersionWithOtherPeople(t *testing.T) {
	t.Parallel()
	hidden := difytest.Options{Version: "1.4.3", HideVersion: true}
	byMember := run(10)
	byMember.CreatedByRole, byMember.EndUser, byMember.Account = "account", nil, &accounts[0]
	for name, test := range map[string]struct {
		row    difytest.Row
		filter vars
		field  string
	}{
		"members":   {byMember, withFilter("endUserSessionId", "s0"), "endUserSessionId"},
		"end users": {run(10), withFilter("accountEmail", "ada@example.com"), "accountEmail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, dify: hidden})
			a.apps["a"].Insert(test.row)
			checkUnsupported(t, a, test.filter, "version unknown", test.field)

			gone := serve(t, options{keys: []string{"a"}, dify: hidden})
			row := run(10)
			row.EndUser = nil
			gone.apps["a"].Insert(row)
			if p := gone.page(t, test.filter); len(p.Edges) != 1 {
				t.Errorf("somebody who is gone contradicts: %d rows", len(p.Edges))
			}
		})
	}
}

// TestTriggersThatVersionDoesNotTell: a list of none would say that there are none.
func TestTriggersThatVersionDoesNotTell(t *testing.T) {
	t.Parallel()
	v := withFilter("triggeredFrom", "app-run")
	old := serveVersion(t, difytest.Options{Version: "1.9.2"}, "")
	checkUnsupported(t, old, v, "Dify 1.9.2", "triggeredFrom", "Dify 1.10.0")
	checkCalls(t, old, 1, 0)

	wrong := serveVersion(t, difytest.Options{Version: "1.9.2"}, "1.14.2")
	checkUnsupported(t, wrong, v, "Dify 1.9.2", "Dify 1.10.0")

	hidden := serveVersion(t, difytest.Options{Version: "1.9.2", HideVersion: true}, "")
	checkUnsupported(t, hidden, v, "version unknown", "triggeredFrom", "Dify 1.10.0")
	checkCalls(t, hidden, 1, 1)

	for _, o := range []difytest.Options{{Version: "1.10.0"}, {HideVersion: true}} {
		a := serveVersion(t, o, "")
		row := run(40)
		row.Run = nil
		a.apps["a"].Insert(row)
		if p := a.page(t, v); len(p.Edges) != 4 || !p.Scan.Complete {
			t.Errorf("%+v: %d rows, %+v", o, len(p.Edges), p.Scan)
		}
	}

	current := serveRows(t, map[int]int{0: 1, 10: 1}, "a")
	current.dify.SetFault(func(*http.Request) *difytest.Fault {
		return difytest.Rewrite(func(body []byte) []byte {
			return bytes.Replace(body, []byte(`"triggered_from": "app-run"`), []byte(`"triggered_from": null`), 1)
		})
	})
	if p := current.page(t, v); len(p.Edges) != 1 || !p.Scan.Complete {
		t.Errorf("one run without a trigger: %d rows, %+v", len(p.Edges), p.Scan)
	}
}

// TestStatusThatServerDoesNotApply: what was final when it was shown was so when Dify filtered.
func TestStatusThatServerDoesNotApply(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 2, 10: 1}, "a") // all succeeded
	a.dify.SetFault(func(r *http.Request) *difytest.Fault {
		q := r.URL.Query()
		q.Del("status")
		r.URL.RawQuery = q.Encode()
		return nil
	})
	checkUnsupported(t, a, withFilter("status", "FAILED"), "Dify 1.14.2 answered with rows", "status")
}

// TestStatusOfAnotherMoment: Dify filters first and loads the run later. What is under way by then does not match, and is no
// contradiction.
func TestStatusOfAnotherMoment(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 1, 10: 1}, "a")
	a.dify.FailNext(difytest.Rewrite(func(body []byte) []byte {
		return bytes.Replace(body, []byte(`"status": "succeeded"`), []byte(`"status": "paused"`), 1)
	}))
	p := a.page(t, withFilter("status", []string{"SUCCEEDED"}))
	if len(p.Edges) != 1 || !p.Edges[0].Node.CreatedAt.Equal(epoch) || !p.Scan.Complete {
		t.Errorf("%v, %+v", p.places(), p.Scan)
	}
}
