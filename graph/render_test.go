package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/viewer"
)

// oddRows are rows with all that a row may have or lack.
func oddRows() []difytest.Row {
	rows := []difytest.Row{run(0), run(1), run(2), run(2), run(3), run(4), run(5), run(6)}
	rows[1].Run = nil
	rows[2].EndUser = nil
	rows[3].EndUser, rows[3].CreatedByRole = nil, "account"
	rows[3].Account = &difytest.Account{ID: uuid.New(), Name: "京 \"quoted\" \\ \u0001\n\t", Email: "a@example.org"}
	rows[4].EndUser, rows[4].CreatedFrom = endUser("<é&\u2028😀>\x7f"), "web-app"
	rows[4].Run.Status, rows[4].Run.Error = difytest.StatusFailed, new("it failed:\r\n\"so\"")
	rows[5].Run.Status, rows[5].CreatedByRole = "novel", "novel"
	rows[5].Run.ElapsedTime, rows[5].Run.TotalTokens = 1234567.25, 9_000_000_000
	rows[6].Run.ElapsedTime, rows[6].Run.Inputs = 0.00001234, `{"a": "b"}`
	rows[7].Run.Status = difytest.StatusRunning
	return rows
}

// withOddValues gives rows details, and some a value that can't be read.
func withOddValues(page []byte) []byte {
	page = bytes.ReplaceAll(page, []byte(`"total_tokens": 9000000000`), []byte(`"total_tokens": []`))
	page = bytes.ReplaceAll(page, []byte(`"web-app"`), []byte(`NaN`))
	page = bytes.Replace(page, []byte(`"total_steps": 0`), []byte(`"total_steps": 3000000000`), 1)
	return bytes.ReplaceAll(page, []byte(`"details": null`), []byte(`"details": {"sys.user_id": "secret", "a": [1, 2]}`))
}

// TestRowsAreWrittenAsGqlgenWouldWriteThem runs operations through the renderer, and through gqlgen's field by field execution: the
// answers are equal to the byte, but for the order of errors, which come as they come.
func TestRowsAreWrittenAsGqlgenWouldWriteThem(t *testing.T) {
	t.Parallel()
	for name, who := range map[string][]viewer.Scope{
		"all": {viewer.Logs, viewer.Content, viewer.People}, "logs": {viewer.Logs}, "content": {viewer.Logs, viewer.Content},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options{keys: []string{"a", "b", "broken"}, viewer: &someone{"", []string{"*"}, who}}
			rendered := serve(t, o)
			rendered.apps["a"].Insert(oddRows()...)
			rendered.apps["b"].Insert(oddRows()...)
			rendered.apps["broken"].SetState(difytest.AppAPIDisabled)
			rendered.dify.SetFault(func(r *http.Request) *difytest.Fault {
				if at := r.URL.Path; strings.HasPrefix(at, "/v1/workflows/run/") && at[len(at)-1] < '8' {
					return difytest.UnknownError() // of half of the runs
				}
				if r.Header.Get("Authorization") == "Bearer app-secret-b" && r.URL.Path == "/v1/workflows/logs" {
					return difytest.Rewrite(withOddValues)
				}
				return nil
			})
			o.ordinary = true
			ordinary := *rendered
			ordinary.url = serveApps(t, o, rendered.reached)
			rapid.Check(t, func(rt *rapid.T) {
				query, variables := drawOperation(rt)
				want, got := inOrder(ordinary.post(rt, query, variables)), inOrder(rendered.post(rt, query, variables))
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Fatalf("(-gqlgen +renderer) %s\n%s\n%v", diff, query, variables)
				}
			})
		})
	}
}

// upstreamCalls are counted by the list that started them: of two that run side by side either may.
var upstreamCalls = regexp.MustCompile(`("upstreamCalls\d*":)\d+`)

// inOrder is an answer's data to the byte, but for who started a call, and its errors in an order.
func inOrder(r *response) []string {
	var errors []json.RawMessage
	var whole struct{ Errors []json.RawMessage }
	_ = json.Unmarshal(r.text, &whole) // it has been read before
	errors = whole.Errors
	texts := make([]string, 0, len(errors)+1)
	for _, e := range errors {
		texts = append(texts, string(e))
	}
	slices.Sort(texts)
	return append(texts, string(upstreamCalls.ReplaceAll(r.Data, []byte("$1_"))))
}
