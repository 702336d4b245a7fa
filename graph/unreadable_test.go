package graph_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/viewer"
)

// rewrites makes Dify write a text in the place of another, wherever it stands in an answer.
func (a *api) rewrites(pairs ...string) {
	change := strings.NewReplacer(pairs...)
	a.dify.SetFault(func(*http.Request) *difytest.Fault {
		return difytest.Rewrite(func(body []byte) []byte { return []byte(change.Replace(string(body))) })
	})
}

// TestOddValuesAreErrorsAtTheirPlaces: the one field is null, with an error that says what Dify has there; its row and the page
// stand. What has one meaning is read.
func TestOddValuesAreErrorsAtTheirPlaces(t *testing.T) {
	t.Parallel()
	const fields = `createdFrom createdByEndUser {sessionId} workflowRun {status statusText totalTokens elapsedTime totalSteps createdAt finishedAt error version triggeredFrom exceptionsCount}`
	for name, test := range map[string]struct {
		odd   []string
		shown string   // among the data
		null  []string // fields with an error of their own, below the row
	}{
		"one meaning": {
			[]string{`"total_tokens": 17`, `"total_tokens": "17.0"`, `"total_steps": 0`, `"total_steps": 3.0`, `"elapsed_time": 0.0`, `"elapsed_time": "1.5"`, `"finished_at": 1772323200`, `"finished_at": 1772323200500`},
			`"totalTokens":17,"elapsedTime":1.5,"totalSteps":3,"createdAt":"2026-03-01T00:00:00Z","finishedAt":"2026-03-01T00:00:00Z"`, nil,
		},
		"not a number": {[]string{`"elapsed_time": 0.0`, `"elapsed_time": NaN`}, `"elapsedTime":null,"totalSteps":0`, []string{"workflowRun.elapsedTime"}},
		"many": {
			[]string{`"total_tokens": 17`, `"total_tokens": true`, `"error": null`, `"error": {"secret": 1}`, `"version": "1"`, `"version": []`, `"exceptions_count": 0`, `"exceptions_count": Infinity`},
			`"status":"SUCCEEDED"`,
			[]string{"workflowRun.error", "workflowRun.exceptionsCount", "workflowRun.totalTokens", "workflowRun.version"},
		},
		"times":   {[]string{`"finished_at": 1772323200`, `"finished_at": "secret"`}, `"finishedAt":null`, []string{"workflowRun.finishedAt"}},
		"status":  {[]string{`"status": "succeeded"`, `"status": {"a": 1}`}, `"status":"UNKNOWN","statusText":"{\"a\": 1}"`, nil},
		"session": {[]string{`"session_id": "s0"`, `"session_id": ["secret"]`}, `"createdByEndUser":{"sessionId":null}`, []string{"createdByEndUser.sessionId"}},
		"run":     {[]string{`"workflow_run": {`, `"workflow_run": "secret", "was": {`}, `"workflowRun":null`, []string{"workflowRun"}},
		"end user": {
			[]string{`"created_by_end_user": {`, `"created_by_end_user": 5, "was": {`},
			`"createdByEndUser":null`,
			[]string{"createdByEndUser"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}})
			row := run(0)
			row.Run.TotalTokens = 17
			a.apps["a"].Insert(row)
			a.rewrites(test.odd...)
			answer := a.post(t, `{workflowLogs {nodes {`+fields+`}}}`, nil)
			var places []string
			for _, e := range answer.Errors {
				places = append(places, strings.TrimPrefix(pathOf(e), "workflowLogs.nodes.0."))
				if e.Extensions["code"] != "UPSTREAM_BAD_RESPONSE" || e.Extensions["app"] != "a" || strings.Contains(string(answer.text), "secret") {
					t.Errorf("%s", answer.text)
				}
			}
			slices.Sort(places)
			if !slices.Equal(places, test.null) || !strings.Contains(string(answer.Data), test.shown) {
				t.Errorf("errors at %v, want %v; %s", places, test.null, answer.text)
			}
		})
	}
}

// TestOneErrorForAFieldThatIsOdd in many rows: at the first of them, with their number, and what it should be; another for each
// field, app and reason.
func TestOneErrorForAFieldThatIsOdd(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}})
	a.apps["a"].Insert(runsOf(map[int]int{1: 1, 3: 1, 5: 1})...)
	a.apps["b"].Insert(runsOf(map[int]int{2: 1, 4: 1})...)
	a.rewrites(`"total_tokens": 0`, `"total_tokens": "secret"`, `"elapsed_time": 0.0`, `"elapsed_time": NaN`, `"total_steps": 0`, `"total_steps": 3000000000`)
	answer := a.post(t, `{workflowLogs(first: 5) {nodes {workflowRun {uuid totalTokens tokens: totalTokens elapsedTime totalSteps}}}}`, nil)
	var got []string
	for _, e := range answer.Errors {
		got = append(got, fmt.Sprintf("%s %v %v: %s", pathOf(e), e.Extensions["app"], e.Extensions["count"], e.Message))
	}
	slices.Sort(got)
	const said = `what Dify has here can't be read: `
	want := []string{
		`workflowLogs.nodes.0.workflowRun.elapsedTime a 3: app "a": ` + said + `elapsed_time is not a number of 64 bits; so it is in 3 places`,
		`workflowLogs.nodes.0.workflowRun.tokens a 3: app "a": ` + said + `total_tokens is not a whole number of 64 bits; so it is in 3 places`,
		`workflowLogs.nodes.0.workflowRun.totalSteps a 3: app "a": what Dify has here is beyond the 32 bits of an Int; so it is in 3 places`,
		`workflowLogs.nodes.0.workflowRun.totalTokens a 3: app "a": ` + said + `total_tokens is not a whole number of 64 bits; so it is in 3 places`,
		`workflowLogs.nodes.1.workflowRun.elapsedTime b 2: app "b": ` + said + `elapsed_time is not a number of 64 bits; so it is in 2 places`,
		`workflowLogs.nodes.1.workflowRun.tokens b 2: app "b": ` + said + `total_tokens is not a whole number of 64 bits; so it is in 2 places`,
		`workflowLogs.nodes.1.workflowRun.totalSteps b 2: app "b": what Dify has here is beyond the 32 bits of an Int; so it is in 2 places`,
		`workflowLogs.nodes.1.workflowRun.totalTokens b 2: app "b": ` + said + `total_tokens is not a whole number of 64 bits; so it is in 2 places`,
	}
	if diff := cmp.Diff(want, got); diff != "" || strings.Contains(string(answer.text), "secret") {
		t.Errorf("(-want +got):\n%s%s", diff, answer.text)
	}
}

// TestErrorsOfValuesNameTheApp: whatever is wrong with a value, where several apps are asked, and by whichever field.
func TestErrorsOfValuesNameTheApp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ was, is, query, place string }{
		"steps":      {`"total_steps": 0`, `"total_steps": 3000000000`, `{workflowLogs {nodes {workflowRun {totalSteps}}}}`, "workflowLogs.nodes.0.workflowRun.totalSteps"},
		"exceptions": {`"exceptions_count": 0`, `"exceptions_count": 3000000000`, `{workflowLogs {nodes {workflowRun {exceptionsCount}}}}`, "workflowLogs.nodes.0.workflowRun.exceptionsCount"},
		"total":      {`"total": 1`, `"total": 3000000000`, `{workflowLogs {totalCount nodes {uuid}}}`, "workflowLogs.totalCount"},
		"start":      {`"created_at": 1772323201, "finished_at"`, `"created_at": null, "finished_at"`, `{workflowLogs {nodes {workflowRun {createdAt}}}}`, "workflowLogs.nodes.0.workflowRun.createdAt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a", "b"}})
			a.apps["b"].Insert(run(1))
			a.rewrites(test.was, test.is)
			answer := a.post(t, test.query, nil)
			if len(answer.Errors) != 1 {
				t.Fatalf("%s", answer.text)
			}
			e := answer.Errors[0]
			if pathOf(e) != test.place || e.Extensions["app"] != "b" || !strings.HasPrefix(e.Message, `app "b": `) || e.Extensions["code"] != "UPSTREAM_BAD_RESPONSE" {
				t.Errorf("%s", answer.text)
			}
		})
	}
}

// TestOneErrorForRunsThatAreNoJSON: so it is where a call for each of the rows has found it.
func TestOneErrorForRunsThatAreNoJSON(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 3}, "a")
	a.rewrites(`"outputs": {}`, `"outputs": {"secret": NaN}`)
	answer := a.post(t, `{workflowLogs {nodes {workflowRun {uuid outputs}}}}`, nil)
	if len(answer.Errors) != 1 || pathOf(answer.Errors[0]) != "workflowLogs.nodes.0.workflowRun.outputs" || answer.Errors[0].Extensions["count"] != 3.0 ||
		!strings.Contains(answer.Errors[0].Message, difyapi.ErrVariablesNotJSON.Error()) || strings.Contains(string(answer.text), "secret") {
		t.Errorf("%s", answer.text)
	}
}

// TestStatusThatCantBeRead: where a filter looks at it, the page says that runs may be missing, whoever applies the filter.
func TestStatusThatCantBeRead(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{`null`, `""`, `{"a": 1}`, `"SUCCEEDED"`} {
		a := serveRows(t, map[int]int{1: 1, 2: 1}, "a")
		a.rewrites(`"status": "succeeded"`, `"status": `+odd)
		for _, statuses := range [][]string{{"SUCCEEDED"}, {"RUNNING", "SUCCEEDED"}} {
			bySide := len(statuses) > 1 && odd != `null` && odd != `""` // a status that this API has no name for is another
			p := a.page(t, withFilter("status", statuses))
			if len(p.Edges) != 0 || p.Scan.Complete != bySide {
				t.Errorf("%s, %v: %d rows, %+v", odd, statuses, len(p.Edges), p.Scan)
			}
		}
	}
}

// TestRowWithoutItsTimeFailsThePage, and it is said where; so does a row without its id.
func TestRowWithoutItsTimeFailsThePage(t *testing.T) {
	t.Parallel()
	for odd, place := range map[string]string{
		`"created_at": 1772323203}`: "data[0].created_at", `"created_at": 1772323201}`: "data[2].created_at",
	} {
		a := serveRows(t, map[int]int{1: 1, 2: 1, 3: 1}, "a")
		a.rewrites(odd, `"created_at": "soon"}`)
		answer := a.post(t, `{workflowLogs {nodes {uuid}}}`, nil)
		want := `app "a": what answered is not Dify's API: ` + place + ` is missing or can't be read (HTTP 200)`
		if len(answer.Errors) != 1 || answer.Errors[0].Message != want || answer.Errors[0].Extensions["code"] != "UPSTREAM_BAD_RESPONSE" {
			t.Errorf("%s", answer.text)
		}
	}
}

// TestNotANumberInARun costs the one value, by its id as in lists; a long keyword looks at what is readable.
func TestNotANumberInARun(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	row := run(0)
	row.ID, row.Run.ID = uuid.New(), uuid.New()
	row.Run.Outputs = `{"score": 0.125, "text": "` + longKeyword + `"}`
	a.apps["a"].Insert(row)
	a.rewrites("0.125", "NaN")
	answer := a.post(t, runQuery(row.Run.ID, `status inputs outputs`), nil)
	if len(answer.Errors) != 1 || pathOf(answer.Errors[0]) != "workflowRun.outputs" || !slices.Equal(answer.codes(), []string{"UPSTREAM_BAD_RESPONSE"}) ||
		!strings.Contains(string(answer.Data), `"status":"SUCCEEDED","inputs":{},"outputs":null`) {
		t.Errorf("%s", answer.text)
	}
	if p := a.page(t, withFilter("keyword", longKeyword)); len(p.Edges) != 1 || !p.Scan.Complete {
		t.Errorf("%+v", p)
	}
}

// TestValuesNestedTooDeepForClients are errors at their fields, while Go's own decoder reads the answer.
func TestValuesNestedTooDeepForClients(t *testing.T) {
	t.Parallel()
	for _, depth := range []int{500, 501, 9_990, 50_000} {
		a := serve(t, options{keys: []string{"a"}})
		row := run(0)
		row.Run.ID = uuid.New()
		row.Run.Inputs = strings.Repeat("[", depth) + strings.Repeat("]", depth)
		row.Run.Outputs = `{"deep": 4.75}`
		a.apps["a"].Insert(row)
		a.rewrites("4.75", row.Run.Inputs[1:len(row.Run.Inputs)-1]) // outputs are the value itself
		answer := a.post(t, runQuery(row.Run.ID, `status inputs outputs`), nil)
		if ok := depth <= 500; ok != (len(answer.Errors) == 0) || !ok && len(answer.Errors) != 2 || !strings.Contains(string(answer.Data), "SUCCEEDED") {
			t.Errorf("%d: %.400s", depth, answer.text)
		}
	}
}

// TestSessionIDsAreLeftOutAtAnyDepth for who may not see people: of inputs, outputs and details.
func TestSessionIDsAreLeftOutAtAnyDepth(t *testing.T) {
	t.Parallel()
	const text = `"{\"sys.user_id\": \"bob-4\", \"b\": \"{\\\"sys.user_id\\\": \\\"bob-5\\\"}\"}"`
	const variables = `{"text": ` + text + `, "a": [{"sys.user_id": "bob-1", "b": {"SYS.USER_ID": {"c": "bob-2"}, "kept": 1}}], "sys.user_id": "bob-3", "sys.app_id": "x"}`
	const shown = `{"text":"{\"b\":\"{}\"}","a":[{"b":{"kept":1}}],"sys.app_id":"x"}`
	a := serveTo(t, viewer.Logs, viewer.Content)
	row := run(0)
	row.Run.ID = uuid.New()
	row.Run.Inputs, row.Run.Outputs = variables, variables
	a.apps["a"].Insert(row)
	a.rewrites(`"details": null`, `"details": `+variables)
	answer := a.post(t, `{workflowLogs(apps: ["a"], first: 1, order: OLDEST_FIRST) {nodes {details}} `+runQuery(row.Run.ID, `inputs outputs`)[1:], nil)
	if n := strings.Count(string(answer.Data), shown); n != 3 || strings.Contains(string(answer.text), "bob-") || len(answer.Errors) > 0 {
		t.Errorf("%d times as it should be: %s", n, answer.text)
	}
}

// TestSameIDsInTwoApps are two rows: ids are Dify's own, and two apps may be on a copied database.
func TestSameIDsInTwoApps(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, apart: map[string]apart{"b": {dify: &difytest.Options{}}}})
	row := run(0)
	row.ID, row.Run.ID = uuid.New(), uuid.New()
	again := row
	again.Run = new(*row.Run)
	a.apps["a"].Insert(row)
	a.apps["b"].Insert(again)
	for _, first := range []int{1, 2} {
		v, seen := vars{"first": first}, map[string]int{}
		for more := true; more; {
			p := a.page(t, v)
			for _, edge := range p.Edges {
				seen[edge.Node.App.Key]++
			}
			more, v["after"] = p.PageInfo.HasNextPage, p.PageInfo.EndCursor
		}
		if seen["a"] != 1 || seen["b"] != 1 {
			t.Errorf("by %d: %v", first, seen)
		}
	}
}

// TestWhatOthersAskIsNotTold: an answer that a cache gives, or another's request under way, says of itself what one says that
// was asked for. In a bubble, where each answer takes a second.
func TestWhatOthersAskIsNotTold(t *testing.T) {
	t.Parallel()
	const ttl = 10 * time.Second
	const query = `{workflowLogs(first: 20) {totalCount nodes {id workflowRun {workflowId} app {description}} scan {upstreamCalls asOf}}}`
	told := func(wait time.Duration, asked bool) (calls, spent int, age time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			dify := difytest.New(difytest.Options{})
			dify.AddApp(difytest.AppOptions{Name: "a", APIKey: "app-secret-a"}).Insert(runsOf(pairs(30))...)
			dify.SetFault(func(*http.Request) *difytest.Fault { return difytest.Delay(time.Second) })
			o := options{keys: []string{"a"}, ttl: ttl, unprovenClocks: true}
			handler := newServer(t, o, map[string]difyapi.Options{"a": appOf(direct{dify})})
			if asked {
				go handler.ServeHTTP(httptest.NewRecorder(), question(t.Context(), query))
			}
			time.Sleep(wait)
			asked := time.Now()
			var data struct {
				WorkflowLogs struct {
					Scan struct {
						UpstreamCalls int
						AsOf          time.Time
					}
				}
			}
			spent = askCost(t, handler, query, &data)
			scan := data.WorkflowLogs.Scan
			calls, age = scan.UpstreamCalls, asked.Sub(scan.AsOf).Round(10*time.Millisecond)
			time.Sleep(ttl) // until what is renewed in the background has come
		})
		return calls, spent, age
	}
	calls, spent, age := told(0, false)
	if calls != 1 || age != ttl {
		t.Errorf("%d calls, as of %v before", calls, age)
	}
	for _, wait := range []time.Duration{100 * time.Millisecond, 4 * time.Second, 9 * time.Second, 15 * time.Second} {
		if c, s, a := told(wait, true); c != calls || s != spent || a != age {
			t.Errorf("%v after another has asked: %d calls, %d spent, as of %v before; want %d, %d, %v", wait, c, s, a, calls, spent, age)
		}
	}
}

// askCost asks, and returns what was spent.
func askCost(t *testing.T, handler http.Handler, query string, into any) int {
	t.Helper()
	var answer struct {
		Extensions struct{ Cost struct{ Spent int } }
	}
	if err := json.Unmarshal(ask(t, handler, query, into), &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Extensions.Cost.Spent
}

// TestLogOfAnOddAnswer has a line for each answer that can't be read, or not all of it, and never what it says.
func TestLogOfAnOddAnswer(t *testing.T) {
	t.Parallel()
	mark := "odd-" + strconv.Itoa(int(time.Now().UnixNano()))
	a := serve(t, options{keys: []string{mark}})
	row := run(0)
	row.Run.TotalTokens = 17
	a.apps[mark].Insert(row, run(1))
	a.rewrites(`"total_tokens": 17`, `"total_tokens": {"bob": 1}`)
	a.post(t, `{bobsAlias: workflowLogs {nodes {workflowRun {totalTokens}}}}`, nil)
	a.dify.SetFault(func(*http.Request) *difytest.Fault { return proxyAnswer(http.StatusForbidden) })
	a.post(t, `{bobsAlias: workflowLogs(filter: {keyword: "bob"}) {nodes {uuid}}}`, nil)
	a.dify.SetFault(func(*http.Request) *difytest.Fault { return refusedQuestion })
	a.post(t, `{bobsAlias: workflowLogs(filter: {keyword: "bob"}) {nodes {uuid}}}`, nil)
	want := []string{
		`level=WARN msg="parts of Dify's answer can't be read" app=` + mark + ` route="GET /workflows/logs" places=[data[1].workflow_run.total_tokens] count=1`,
		`level=WARN msg="what answered is not Dify's API" app=` + mark + ` failure.kind="error status" failure.route="GET /workflows/logs" ` +
			`failure.status=403 failure.contentType=text/html failure.cause="a refusal that Dify did not write, as from a proxy or a firewall"`,
		` error.app=` + mark + ` error.kind="error status" error.route="GET /workflows/logs" error.status=400 error.contentType=application/json`,
	}
	lines := slices.DeleteFunc(logs.with(mark), func(line string) bool { return strings.Contains(line, "msg=operation ") })
	for i, line := range lines {
		if i >= len(want) || !strings.HasSuffix(line, want[i]) || strings.Contains(line, "bob") {
			t.Errorf("the log has %s", line)
		}
	}
	if len(lines) != len(want) || !strings.Contains(lines[2], `level=ERROR msg="internal error"`) || !strings.Contains(lines[2], `field=Query.workflowLogs`) {
		t.Errorf("%d lines, want %d: %s", len(lines), len(want), fmt.Sprint(lines))
	}
}
