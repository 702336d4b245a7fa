package graph_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// besideQuery asks for a list under the name list, and for something beside it that needs nothing of the list.
const besideQuery = `query ($apps: [String!], $filter: WorkflowLogFilter, $order: WorkflowLogOrder! = NEWEST_FIRST, $first: Int, $after: String, $last: Int, $before: String, $onAppFailure: AppFailurePolicy! = FAIL) {
  list: workflowLogs(apps: $apps, filter: $filter, order: $order, first: $first, after: $after, last: $last, before: $before, onAppFailure: $onAppFailure) { nodes { uuid } }
  beside: difyApps { key }
}`

// vars are a query's variables.
type vars = map[string]any

// refusal is a list that is refused before Dify is asked.
type refusal struct {
	name     string
	vars     vars
	argument string
	says     []string // beside the argument: what is allowed
}

// where is a refusal of one condition of the filter.
func where(name, field string, value any, argument string, says ...string) refusal {
	return refusal{name, vars{"filter": vars{field: value}}, argument, says}
}

// checkRefused holds the answer to a refused list against what the caller is owed: one error that says where, what and
// why, null in the list's place and all else as if it had not been asked for, and no call to Dify.
func checkRefused(t *testing.T, a *api, code string, r refusal) {
	t.Helper()
	answer := a.post(t, besideQuery, r.vars)
	checkAlone(t, a, answer)
	if t.Failed() {
		return
	}
	e := answer.Errors[0]
	want := vars{"code": code, "argument": r.argument}
	if diff := cmp.Diff(want, e.Extensions); diff != "" {
		t.Errorf("extensions (-want +got):\n%s", diff)
	}
	for _, text := range append(r.says, r.argument+": ") {
		if !strings.Contains(e.Message, text) {
			t.Errorf("%q does not say %q", e.Message, text)
		}
	}
	if requests := a.dify.Requests(); len(requests) > 0 {
		t.Errorf("Dify was asked: %v", requests[0])
	}
}

// checkAlone holds that the list has failed, and nothing else.
func checkAlone(t *testing.T, a *api, answer *response) {
	t.Helper()
	var data struct {
		List   any
		Beside []struct{ Key string }
	}
	if err := json.Unmarshal(answer.Data, &data); err != nil || data.List != nil || len(data.Beside) != len(a.apps) {
		t.Errorf("data: %s %v", answer.Data, err)
	}
	if len(answer.Errors) != 1 || !slices.Equal(answer.Errors[0].Path, []any{"list"}) {
		t.Errorf("want one error, at the list: %s", answer.text)
	}
}

var sliceRefusals = []refusal{
	{"first 0", vars{"first": 0}, "first", []string{"1 to 100", "not 0"}},
	{"first negative", vars{"first": -1}, "first", []string{"1 to 100", "not -1"}},
	{"first 101", vars{"first": 101}, "first", []string{"1 to 100", "not 101"}},
	{"last 0", vars{"last": 0}, "last", []string{"1 to 100", "not 0"}},
	{"last negative", vars{"last": -1}, "last", []string{"1 to 100", "not -1"}},
	{"last 101", vars{"last": 101}, "last", []string{"1 to 100", "not 101"}},
	{"both", vars{"first": 1, "last": 1}, "first", []string{"either first or last"}},
	{"both, wrong", vars{"first": 0, "last": 0}, "first", []string{"either first or last"}},
}

var appRefusals = []refusal{
	{"unknown app", vars{"apps": []string{"a", "nobody"}}, "apps", []string{`"nobody"`, "difyApps"}},
	{"other case", vars{"apps": []string{"A"}}, "apps", []string{`"A"`}},
	{"no text", vars{"apps": []string{""}}, "apps", []string{`""`}},
	{"very long", vars{"apps": []string{strings.Repeat("京", 5000)}}, "apps", []string{strings.Repeat("京", 64) + "…\""}},
	{"no apps", vars{"apps": []string{}}, "apps", []string{"empty list", "leave it out"}},
}

var filterRefusals = []refusal{
	where("no status", "status", []string{}, "filter.status", "empty list", "leave it out"),
	where("no sessions", "endUserSessionId", []string{}, "filter.endUserSessionId", "empty list"),
	where("no origin", "createdFrom", []string{}, "filter.createdFrom", "empty list"),
	where("no trigger", "triggeredFrom", []string{}, "filter.triggeredFrom", "empty list"),
	where("empty session", "endUserSessionId", []string{"alice", ""}, "filter.endUserSessionId", "empty or blank"),
	where("empty origin", "createdFrom", []string{""}, "filter.createdFrom", "empty or blank"),
	where("empty trigger", "triggeredFrom", []string{""}, "filter.triggeredFrom", "empty or blank"),
	where("21 sessions", "endUserSessionId", names(21), "filter.endUserSessionId", "at most 20", "not 21"),
	where("long session", "endUserSessionId", []string{strings.Repeat("é", 256)}, "filter.endUserSessionId", "at most 255"),
	where("long e-mail", "accountEmail", strings.Repeat("é", 256), "filter.accountEmail", "at most 255"),
	where("NUL in session", "endUserSessionId", []string{"a\x00"}, "filter.endUserSessionId", "U+0000"),
	where("NUL in e-mail", "accountEmail", "a\x00@example.com", "filter.accountEmail", "U+0000"),
	where("NUL in origin", "createdFrom", []string{"\x00"}, "filter.createdFrom", "U+0000"),
	where("blank error", "error", vars{"contains": " "}, "filter.error.contains", "empty or blank"),
	where("long error", "error", vars{"contains": strings.Repeat("é", 256)}, "filter.error.contains", "at most 255"),
	where("time taken", "elapsedTime", vars{"min": 2.5, "max": 2}, "filter.elapsedTime", "min (2.5)", "max (2)"),
	where("tokens", "totalTokens", vars{"min": 1 << 40, "max": 7}, "filter.totalTokens", "min (1099511627776)", "max (7)"),
	where("tokens as a word", "totalTokens", vars{"min": "many"}, "filter.totalTokens.min", `"many" is not a whole number`),
	where("half a token", "totalTokens", vars{"max": 1.5}, "filter.totalTokens.max", `1.5 is not a whole number`),
	where("tokens beyond 64 bits", "totalTokens", vars{"max": 1e30}, "filter.totalTokens.max", "is not a whole number of up to 64 bits"),
}

var keywordRefusals = []refusal{
	where("empty", "keyword", "", "filter.keyword", "empty or blank"),
	where("blank", "keyword", " ", "filter.keyword", "empty or blank", "leave the argument out"),
	where("blanks of all sorts", "keyword", " \t\n\u3000", "filter.keyword", "empty or blank", "leave the argument out"),
}

var timeRefusals = []refusal{
	where("backwards", "createdAt", between("2026-03-01T00:00:01Z", "2026-03-01T00:00:00Z"), "filter.createdAt", "since (2026-03-01T00:00:01Z) must be before until"),
	where("nothing", "createdAt", between("2026-03-01T00:00:00Z", "2026-03-01T00:00:00Z"), "filter.createdAt", "must be before"),
	where("same instant", "createdAt", between("2026-03-01T09:00:00+09:00", "2026-03-01T00:00:00Z"), "filter.createdAt", "must be before"),
	badSince("date", "2026-03-01"),
	badSince("no offset", "2026-03-01T00:00:00"),
	badSince("blank for T", "2026-03-01 00:00:00Z"),
	badSince("number", 1795418315),
	badSince("number as text", "1795418315"),
	badSince("year 10000", "10000-01-01T00:00:00Z"),
	badSince("30 February", "2026-02-30T00:00:00Z"),
	badSince("29 February", "2026-02-29T00:00:00Z"),
	badSince("leap second in May", "2026-05-31T23:59:60Z"),
	badSince("leap second at noon", "2026-12-31T12:00:60Z"),
	badSince("second 61", "2026-12-31T23:59:61Z"),
	badSince("hour 24", "2026-12-31T24:00:00Z"),
	badSince("comma", "2026-03-01T00:00:00,5Z"),
	badSince("point alone", "2026-03-01T00:00:00.Z"),
	badSince("one digit", "2026-03-01T1:00:00Z"),
	badSince("offset of a day", "2026-03-01T00:00:00+24:00"),
	badSince("offset of 60 minutes", "2026-03-01T00:00:00+00:60"),
	badSince("offset without colon", "2026-03-01T00:00:00+0900"),
	badSince("blank after it", "2026-03-01T00:00:00Z "),
	badSince("word", strings.Repeat("noon", 100)),
	badSince("empty", ""),
	badSince("a list", []string{"2026-03-01"}),
}

func badSince(name string, value any) refusal {
	return where(name, "createdAt", vars{"since": value}, "filter.createdAt.since", "RFC 3339 with an offset")
}

func between(since, until string) vars { return vars{"since": since, "until": until} }

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprint("user-", i)
	}
	return list
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	for _, table := range [][]refusal{sliceRefusals, appRefusals, filterRefusals, keywordRefusals, timeRefusals} {
		for _, r := range table {
			t.Run(r.argument+"/"+r.name, func(t *testing.T) {
				t.Parallel()
				checkRefused(t, a, "BAD_USER_INPUT", r)
			})
		}
	}
}

// TestBadInputOfApp: the list of one app refuses alike, at its place in the answer.
func TestBadInputOfApp(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	r := a.post(t, `{difyApps {key workflowLogs(filter: {keyword: " "}, last: 5) {nodes {uuid}}}}`, nil)
	if got, want := string(r.Data), `{"difyApps":[{"key":"a","workflowLogs":null},{"key":"b","workflowLogs":null}]}`; got != want {
		t.Errorf("data: %s", got)
	}
	if len(r.Errors) != 2 || !slices.Equal(r.codes(), []string{"BAD_USER_INPUT", "BAD_USER_INPUT"}) || len(r.Errors[0].Path) != 3 {
		t.Errorf("errors: %s", r.text)
	}
	if n := len(a.dify.Requests()); n > 0 {
		t.Errorf("%d calls", n)
	}
}

// TestRequestsThatAreNotExecuted: what the schema itself refuses has codes of its own, and no data.
func TestRequestsThatAreNotExecuted(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for _, test := range []struct {
		query string
		vars  vars
		code  string
	}{
		{`{difyApps {key}`, nil, "GRAPHQL_PARSE_FAILED"},
		{`{difyApps {colour}}`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`{workflowLogs(first: "2") {nodes {uuid}}}`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`{workflowLogs(order: null) {nodes {uuid}}}`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`{workflowLogs(filter: {x: 1}) {nodes {uuid}}}`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{strings.Repeat("{difyApps", 3000), nil, "GRAPHQL_VALIDATION_FAILED"}, // too long to be parsed
		{besideQuery, vars{"filter": vars{"status": []string{"DONE"}}}, "BAD_USER_INPUT"},
		{besideQuery, vars{"first": 1 << 40}, "BAD_USER_INPUT"},
	} {
		r := a.post(t, test.query, test.vars)
		if len(r.Data) > 0 || len(r.Errors) == 0 || r.codes()[0] != test.code {
			t.Errorf("%.60s: %.300s", test.query, r.text)
		}
	}
	if n := len(a.dify.Requests()); n > 0 {
		t.Errorf("%d calls", n)
	}
}
