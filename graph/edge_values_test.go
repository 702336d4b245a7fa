package graph_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/difygraph/difygraph/graph/list"
)

// Values at the edge of what can be written are answered like any others: by rows or by a clear refusal.

func TestTimesAtTheEdge(t *testing.T) {
	t.Parallel()
	for _, r := range []vars{
		{"until": "9999-12-31T23:59:59.5Z"},
		{"since": "9999-12-31T23:59:59.5Z"},
		{"until": "0001-01-01T00:00:00Z"},
	} {
		answer := serve(t, options{keys: []string{"a"}}).post(t, besideQuery, withFilter("createdAt", r))
		if len(answer.Errors) > 0 {
			t.Errorf("%v: %s", r, answer.text)
		}
	}
}

// TestRowsAtTheEndsOfTime can be fetched again by their ids, and be found by a range that begins or ends with them.
func TestRowsAtTheEndsOfTime(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for _, second := range []int64{1, 253402300799} {
		row := run(0)
		row.CreatedAt = time.Unix(second, 0).UTC()
		a.apps["a"].Insert(row)
		var data struct {
			WorkflowLogs struct{ Nodes []struct{ ID string } }
		}
		at := row.CreatedAt.Format(time.RFC3339)
		query := `query ($filter: WorkflowLogFilter) {workflowLogs(filter: $filter) {nodes {id}}}`
		a.get(t, query, withFilter("createdAt", vars{"since": at, "until": "9999-12-31T23:59:59.5Z"}), &data)
		if nodes := data.WorkflowLogs.Nodes; len(nodes) == 0 {
			t.Errorf("%s is not found", at)
		} else {
			checkData(t, a, `{node(id: "`+nodes[len(nodes)-1].ID+`") {... on WorkflowLog {createdAt}}}`, `{"node": {"createdAt": "`+at+`"}}`)
		}
	}
}

func TestNotANumber(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for _, text := range []string{"NaN", "Infinity", "-Inf"} {
		answer := a.post(t, besideQuery, withFilter("elapsedTime", vars{"min": text}))
		if !slices.Equal(answer.codes(), []string{"BAD_USER_INPUT"}) {
			t.Errorf("%v: %s", text, answer.text)
		}
	}
}

func TestMadeUpSecond(t *testing.T) {
	t.Parallel()
	a := twoApps(t)
	c, err := list.ParseCursor(cursorOf(t, vars{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, second := range []int64{-62167219200, -62135596801, 0, 253402300800} {
		c.Position.Second = second
		for _, v := range []vars{
			{"after": c.String(), "order": "NEWEST_FIRST"},
			{"last": 5, "before": c.String(), "order": "NEWEST_FIRST"},
		} {
			if answer := a.post(t, listQuery, v); !slices.Equal(answer.codes(), []string{"INVALID_CURSOR"}) {
				t.Errorf("%d: %s", second, answer.text)
			}
		}
	}
}

// TestWholeNumbers: what is allowed is said of a literal as of a variable.
func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 1}, "a")
	for _, literal := range []string{`1.5`, `1e30`, `"many"`, `"5.0"`, `true`, `[1.5]`, `{a: 1}`} {
		answer := a.post(t, `{workflowLogs(filter: {totalTokens: {max: `+literal+`}}) {nodes {id}}}`, nil)
		if !slices.Equal(answer.codes(), []string{"BAD_USER_INPUT"}) || answer.Errors[0].Extensions["argument"] != "filter.totalTokens.max" ||
			!strings.Contains(answer.Errors[0].Message, "is not a whole number of up to 64 bits") {
			t.Errorf("%s: %s", literal, answer.text)
		}
	}
	for _, literal := range []string{`9223372036854775807`, `-9223372036854775808`, `0`, `null`, `1e3`, `5.0`, `"5"`} {
		if answer := a.post(t, `{workflowLogs(filter: {totalTokens: {max: `+literal+`}}) {nodes {id}}}`, nil); len(answer.Errors) > 0 {
			t.Errorf("%s: %s", literal, answer.text)
		}
	}
	for _, number := range []string{`5`, `5.0`, `1e3`, `9223372036854775807`, `"9223372036854775807"`} {
		query := `query ($v: Int64) {workflowLogs(filter: {totalTokens: {max: $v}}) {nodes {id}}}`
		if answer := a.post(t, query, vars{"v": json.RawMessage(number)}); len(answer.Errors) > 0 {
			t.Errorf("%s in a variable: %s", number, answer.text)
		}
	}
}

// TestWrongValuesAreNamedAsTheyAre: a text in quotes, a number without, and what has members by its kind, in no language but
// GraphQL's.
func TestWrongValuesAreNamedAsTheyAre(t *testing.T) {
	t.Parallel()
	a := serveRows(t, map[int]int{0: 1}, "a")
	for value, says := range map[string]string{
		`"noon"`: `"noon" is not`, `5`: `5 is not`, `5.5`: `5.5 is not`, `true`: `true is not`, `{"a": [1]}`: `an object is not`, `["noon"]`: `a list is not`,
	} {
		for place, query := range map[string]string{
			"filter.createdAt.since": `query ($v: DateTime) {x: workflowLogs(filter: {createdAt: {since: $v}}) {nodes {id}}}`,
			"uuid":                   `query ($v: UUID!) {x: workflowRun(uuid: $v) {uuid}}`,
		} {
			answer := a.post(t, query, vars{"v": json.RawMessage(value)})
			if len(answer.Errors) != 1 || !strings.HasPrefix(answer.Errors[0].Message, place+": "+says) {
				t.Errorf("%s: %s", value, answer.text)
			}
		}
	}
}
