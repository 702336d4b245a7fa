package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// queriesOf are the requests for lists that a list leads to, without their page and limit, sorted and without repetition.
func queriesOf(t *testing.T, a *api, v vars) []string {
	t.Helper()
	if r := a.post(t, besideQuery, v); len(r.Errors) > 0 {
		t.Fatalf("%s", r.text)
	}
	var queries []string
	for _, r := range a.dify.Requests() {
		if r.Path == "/v1/info" {
			continue
		}
		r.Query.Del("limit")
		r.Query.Del("page")
		var parameters []string
		for name, values := range r.Query {
			parameters = append(parameters, name+"="+strings.Join(values, ","))
		}
		slices.Sort(parameters)
		queries = append(queries, strings.Join(parameters, " "))
	}
	slices.Sort(queries)
	return slices.Compact(queries)
}

func withFilter(field string, value any) vars { return vars{"filter": vars{field: value}} }

// TestParameters is the table in docs/field-mapping.md from our arguments to Dify's parameters.
func TestParameters(t *testing.T) {
	t.Parallel()
	const id = "9BE587A7-45db-4316-b0ca-0bff8687389c"
	for name, test := range map[string]struct {
		vars vars
		want []string // the parameters of each request, an empty text where there are none
	}{
		"nothing":             {vars{}, []string{""}},
		"keyword":             {withFilter("keyword", "hello"), []string{"keyword=hello"}},
		"keyword, stored":     {withFilter("keyword", "京都"), []string{`keyword=\u4eac\u90fd`}},
		"keyword, quoted":     {withFilter("keyword", "say \"hi\"\n"), []string{`keyword=say \"hi\"\n`}},
		"keyword with blanks": {withFilter("keyword", " a "), []string{"keyword= a "}},
		"5 of Japan":          {withFilter("keyword", "京都京都京"), []string{`keyword=\u4eac\u90fd\u4eac\u90fd\u4eac`}},
		"30 characters":       {withFilter("keyword", strings.Repeat("x", 30)), []string{"keyword=" + strings.Repeat("x", 30)}},
		"run's id":            {withFilter("keyword", id), []string{"keyword=" + id}},
		"status":              {withFilter("status", "FAILED"), []string{"status=failed"}},
		"statuses":            {withFilter("status", []string{"STOPPED", "SUCCEEDED", "STOPPED"}), []string{"status=stopped", "status=succeeded"}},
		"local status":        {withFilter("status", []string{"RUNNING", "FAILED"}), []string{""}},
		"session":             {withFilter("endUserSessionId", "Alice"), []string{"created_by_end_user_session_id=Alice"}},
		"sessions":            {withFilter("endUserSessionId", []string{"b", "a+b", "b"}), []string{"created_by_end_user_session_id=a+b", "created_by_end_user_session_id=b"}},
		"long session":        {withFilter("endUserSessionId", strings.Repeat("é", 255)), []string{"created_by_end_user_session_id=" + strings.Repeat("é", 255)}},
		"account":             {withFilter("accountEmail", "ada@example.com"), []string{"created_by_account=ada@example.com"}},
		"since":               {withFilter("createdAt", vars{"since": "2026-03-01T09:00:00+09:00"}), []string{"created_at__after=2026-03-01T00:00:00Z"}},
		"since, rounded up":   {withFilter("createdAt", vars{"since": "2026-03-01T00:00:00.000001Z"}), []string{"created_at__after=2026-03-01T00:00:01Z"}},
		"small letters":       {withFilter("createdAt", vars{"since": "2026-03-01t00:00:00z"}), []string{"created_at__after=2026-03-01T00:00:00Z"}},
		"unknown offset":      {withFilter("createdAt", vars{"since": "2026-03-01T00:00:00-00:00"}), []string{"created_at__after=2026-03-01T00:00:00Z"}},
		"leap second":         {withFilter("createdAt", vars{"since": "2016-12-31T23:59:60Z"}), []string{"created_at__after=2017-01-01T00:00:00Z"}},
		"leap second, abroad": {withFilter("createdAt", vars{"since": "2015-07-01T08:59:60.5+09:00"}), []string{"created_at__after=2015-07-01T00:00:00Z"}},
		"fine fraction":       {withFilter("createdAt", vars{"since": "2026-03-01T00:00:00.0000000001Z"}), []string{"created_at__after=2026-03-01T00:00:01Z"}},
		"no fraction":         {withFilter("createdAt", vars{"since": "2026-03-01T00:00:00.000000000000Z"}), []string{"created_at__after=2026-03-01T00:00:00Z"}},
		"until":               {withFilter("createdAt", vars{"until": "2026-03-01T00:00:05Z"}), []string{"created_at__before=2026-03-01T00:00:04.999999Z"}},
		"until, rounded up":   {withFilter("createdAt", vars{"until": "2026-03-01T00:00:05.5Z"}), []string{"created_at__before=2026-03-01T00:00:05.999999Z"}},
		"one second":          {withFilter("createdAt", between("2026-03-01T00:00:05Z", "2026-03-01T00:00:06Z")), []string{"created_at__after=2026-03-01T00:00:05Z created_at__before=2026-03-01T00:00:05.999999Z"}},
		"no second":           {withFilter("createdAt", between("2026-03-01T00:00:05.1Z", "2026-03-01T00:00:05.9Z")), nil},
		"local conditions":    {vars{"filter": vars{"createdFrom": "web-app", "triggeredFrom": "webhook", "hasError": true, "error": vars{"contains": "x"}, "elapsedTime": vars{"min": 0}, "totalTokens": vars{"max": 1 << 40}}}, []string{""}},
		"status and session":  {vars{"filter": vars{"status": "FAILED", "endUserSessionId": []string{"a", "b"}}}, []string{"created_by_end_user_session_id=a status=failed", "created_by_end_user_session_id=b status=failed"}},
		"keyword and session": {vars{"filter": vars{"keyword": "x", "endUserSessionId": []string{"a", "b"}}}, []string{"created_by_end_user_session_id=a", "created_by_end_user_session_id=b"}}, // counted; there are none
		"app twice":           {vars{"apps": []string{"a", "a"}}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}})
			a.dify.AddAccount(accounts[0])
			if diff := cmp.Diff(test.want, queriesOf(t, a, test.vars)); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
			if len(test.want) != a.listCalls() {
				t.Errorf("%d requests, want %d", a.listCalls(), len(test.want))
			}
		})
	}
}

// TestNoCondition: absent, null and {} are no condition, and nothing of them is sent.
func TestNoCondition(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]any{
		"null":          nil,
		"{}":            vars{},
		"nulls":         vars{"keyword": nil, "status": nil, "createdAt": nil, "endUserSessionId": nil, "accountEmail": nil, "createdFrom": nil, "triggeredFrom": nil, "elapsedTime": nil, "totalTokens": nil, "hasError": nil, "error": nil},
		"empty ranges":  vars{"createdAt": vars{}, "elapsedTime": vars{}, "totalTokens": vars{}},
		"null bounds":   vars{"createdAt": vars{"since": nil, "until": nil}, "elapsedTime": vars{"min": nil}, "totalTokens": vars{"max": nil}},
		"year 1 onward": vars{"createdAt": vars{"since": "0001-01-01T00:00:00Z"}},
		"year 0 onward": vars{"createdAt": vars{"since": "0000-01-01T00:00:00+01:00"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}})
			a.apps["a"].Insert(runsOf(map[int]int{1: 1, 2: 2})...)
			if got := queriesOf(t, a, vars{"filter": filter}); !slices.Equal(got, []string{""}) {
				t.Errorf("requests %q", got)
			}
			if p := a.page(t, vars{"filter": filter}); len(p.Edges) != 3 || p.TotalCount == nil || *p.TotalCount != 3 {
				t.Errorf("%d rows, total %v", len(p.Edges), p.TotalCount)
			}
		})
	}
}

// TestBoundsOfSets: duplicates count once.
func TestBoundsOfSets(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	twice := append(names(20), names(20)...)
	if got := queriesOf(t, a, withFilter("endUserSessionId", twice)); len(got) != 20 || a.listCalls() != 20 {
		t.Errorf("20 session ids, each twice: %d requests", a.listCalls())
	}
	three := serve(t, options{keys: []string{"a"}})
	v := vars{"filter": vars{"endUserSessionId": names(20), "status": []string{"SUCCEEDED", "FAILED", "STOPPED"}}}
	if got := queriesOf(t, three, v); len(got) != 60 {
		t.Errorf("60 streams: %d requests", len(got))
	}
}

// TestUnknownStatus: UNKNOWN is any status that the schema does not name, and statusText tells which.
func TestUnknownStatus(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for i, status := range []string{"scheduled", "succeeded", "partial-succeeded", "unknown", "UNKNOWN", "Succeeded"} {
		row := run(i)
		row.Run.Status = status
		a.apps["a"].Insert(row)
	}
	a.apps["a"].Insert(difytest.Row{ID: uuid.New(), CreatedAt: epoch, CreatedFrom: "service-api", CreatedByRole: "end_user"})
	var data struct {
		WorkflowLogs struct {
			Nodes []struct {
				WorkflowRun struct{ Status, StatusText string }
			}
		}
	}
	a.get(t, `{workflowLogs(filter: {status: [UNKNOWN, PARTIAL_SUCCEEDED]}, order: OLDEST_FIRST) {nodes {workflowRun {status statusText}}}}`, nil, &data)
	var got []string
	for _, node := range data.WorkflowLogs.Nodes {
		got = append(got, node.WorkflowRun.Status+" "+node.WorkflowRun.StatusText)
	}
	want := []string{"UNKNOWN scheduled", "PARTIAL_SUCCEEDED partial-succeeded", "UNKNOWN unknown", "UNKNOWN UNKNOWN", "UNKNOWN Succeeded"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
