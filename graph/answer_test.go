package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/viewer"
)

// These tests hold what an operation's own answer may take.

// insertLarge inserts a run whose inputs have so many bytes, and more with what is around them.
func (a *api) insertLarge(size int) difytest.Row {
	row := run(5)
	row.Run.Inputs = `{"text": "` + strings.Repeat("x", size) + `", "sys.user_id": "secret"}`
	return a.apps["a"].Insert(row)[0]
}

// TestHundredAliasesOfALargeValue: as many as there is room for are there, the others say why they are not.
func TestHundredAliasesOfALargeValue(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]*someone{"who may see all": nil, "who may not see people": {apps: []string{"a"}, scopes: []viewer.Scope{viewer.Logs, viewer.Content}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := serve(t, options{keys: []string{"a"}, bytes: 16 << 20, viewer: v})
			row := a.insertLarge(megabyte)
			r := a.post(t, runQuery(row.Run.ID, "status"+fieldsOf("inputs", 100)), nil)
			c := costOf(t, r)
			if shown := strings.Count(string(r.Data), "xxx\""); shown != 7 || len(r.Errors) != 93 || len(r.Data) > 8<<20 || !strings.Contains(string(r.Data), `"status":"SUCCEEDED"`) {
				t.Errorf("%d are shown, %d errors, %d bytes", shown, len(r.Errors), len(r.Data))
			}
			for _, e := range r.Errors {
				if e.Extensions["code"] != "COST_LIMIT_EXCEEDED" || !strings.HasPrefix(pathOf(e), "workflowRun.f") || !strings.Contains(e.Message, "8192 KiB") {
					t.Fatalf("%+v", e)
				}
			}
			if bytes := c.Spent - 10*len(a.dify.Requests()); bytes < 6<<20/(16<<10) {
				t.Errorf("%+v: its bytes have cost %d", c, bytes)
			}
		})
	}
}

// TestLargeTextsByManyAliases: a list that is too large is null, and another answer that is, is none.
func TestLargeTextsByManyAliases(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, bytes: 16 << 20})
	var small difytest.Row
	for i := range 50 {
		row := run(i)
		row.Run.Status, row.Run.Error = "failed", new(strings.Repeat("e", 10_000))
		small = a.apps["a"].Insert(row)[0]
	}
	row := run(-1)
	row.Run.Status, row.Run.Error = "failed", new(strings.Repeat("e", 100_000))
	large := a.apps["a"].Insert(row)[0]
	errors := fieldsOf("error", 100)
	for query, data := range map[string]string{
		`{workflowLogs(first: 50) {nodes {workflowRun {` + errors + `}}} difyApps {key}}`:                    `{"workflowLogs":null,"difyApps":[{"key":"a"}]}`,
		`{workflowLogs(order: OLDEST_FIRST, first: 1) {edges {cursor node {workflowRun {` + errors + `}}}}}`: `{"workflowLogs":null}`,
		`{node(id: "` + oldIDOfEntry(large) + `") {... on WorkflowLog {workflowRun {` + errors + `}}}}`:      `null`,
	} {
		r := a.post(t, query, nil)
		if !slices.Equal(r.codes(), []string{"COST_LIMIT_EXCEEDED"}) || string(r.Data) != data || len(r.text) > 1000 {
			t.Errorf("%d bytes: %.400s", len(r.text), r.text)
		}
	}
	for _, query := range []string{`{workflowLogs(first: 50) {nodes {workflowRun {error}}}}`, `{node(id: "` + oldIDOfEntry(small) + `") {... on WorkflowLog {workflowRun {` + errors + `}}}}`} {
		if r := a.post(t, query, nil); len(r.Errors) > 0 {
			t.Errorf("%.300s", r.text)
		}
	}
}

// TestAnswerIsHeldUntilItIsSent: what somebody does not take from the wire is not given to others. A caller may hold half of all.
func TestAnswerIsHeldUntilItIsSent(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, bytes: 64 << 20, allBytes: 128 << 20})
	row := a.insertLarge(megabyte)
	query := runQuery(row.Run.ID, fieldsOf("inputs", 24))
	body, err := json.Marshal(vars{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, a.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept-Encoding", "identity") // else it is small enough to be sent at once
	slow, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()
	if r := a.post(t, query, nil); !slices.Contains(r.codes(), "OVERLOADED") {
		t.Errorf("beside: %v", r.codes())
	}
	if answer, err := io.ReadAll(slow.Body); err != nil || len(answer) < 24<<20 {
		t.Errorf("%d bytes, %v", len(answer), err)
	}
	for range 100 { // the server learns a moment later that all is taken
		if r := a.post(t, query, nil); len(r.Errors) == 0 {
			return
		}
	}
	t.Error("what was held is not given back")
}

// TestIntrospectionHasAPrice: that of as many fields as it shows, however it asks for them.
func TestIntrospectionHasAPrice(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, price: 20_000})
	check := func(query string) {
		t.Helper()
		r := a.post(t, query, nil)
		c := costOf(t, r)
		if len(r.Errors) > 0 || c.Price != c.Spent {
			t.Errorf("%+v: %.300s", c, r.text)
		}
		if values := countFields(t, r.Data); c.Price != 1+(values+9)/10 {
			t.Errorf("%+v for %d fields: %s", c, values, query)
		}
	}
	check(`{__schema {types {name fields(includeDeprecated: true) {name type {name kind ofType {name ofType {kind ofType {name}}}} args {name type {name}}}}}}`)
	check(`{__type(name: "WorkflowRun") {name interfaces {name} fields(includeDeprecated: true) {name type {name}} enumValues(includeDeprecated: true) {name}}}`)
	check(`{__type(name: "WorkflowRunStatus") {enumValues(includeDeprecated: true) {name} possibleTypes {name} kind}}`)
	check(`{__type(name: "Nothing") {name}}`)
	check(`{__schema {directives {name args {name type {kind}}} queryType {name} mutationType {name}}}`)
	check(`query {__schema {types {...T}}} fragment T on __Type {possibleTypes {name} inputFields {name} ...U} fragment U on __Type {kind enumValues(includeDeprecated: true) {name}}`)
	one, thirty := `__schema {types {name fields {name args {name}}}}`, ""
	for i := range 30 {
		thirty += fmt.Sprintf(" s%d: %s", i, one)
	}
	c, all := costOf(t, a.post(t, `{`+one+`}`, nil)), costOf(t, a.post(t, `{`+thirty+`}`, nil))
	if all.Price < 29*c.Price || c.Price < 20 {
		t.Errorf("one costs %d, thirty %d", c.Price, all.Price)
	}
	dear := serve(t, options{keys: []string{"a"}, price: 5000}).post(t, `{__schema {`+strings.ReplaceAll(fieldsOf("types", 60), "types", "types {...T}")+`}}
		fragment T on __Type {fields {name description args {name type {name kind}} type {name kind description ofType {name kind}}}}`, nil)
	if !slices.Equal(dear.codes(), []string{"COST_LIMIT_EXCEEDED"}) {
		t.Errorf("%.300s", dear.text)
	}
}

// countFields counts the members of all objects of an answer, but for the one at the root.
func countFields(t *testing.T, data []byte) int {
	t.Helper()
	var value any
	if err := json.Unmarshal(data, &value); err != nil {
		t.Fatal(err)
	}
	var count func(any) int
	count = func(value any) (n int) {
		switch value := value.(type) {
		case map[string]any:
			for _, member := range value {
				n += 1 + count(member)
			}
		case []any:
			for _, element := range value {
				n += count(element)
			}
		}
		return n
	}
	return count(value) - 1
}
