package graph_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi/difytest"
)

// meantStatuses are those to which some endpoint of Dify's, or a proxy before it, gives a meaning.
var meantStatuses = []int{204, 301, 302, 304, 400, 401, 403, 404, 405, 408, 409, 413, 415, 422, 429, 499, 500, 501, 502, 503, 504, 511, 524}

// TestEveryUnexpectedStatusIsSaid, whatever answers with it, whichever question got it, and whether it has a meaning here or not. Those
// without are given to one question after the other.
func TestEveryUnexpectedStatusIsSaid(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	queries := []string{
		`{workflowLogs {nodes {uuid}}}`, `{workflowLogs(filter: {keyword: "x"}) {totalCount}}`, `{difyApps {description}}`,
		runQuery(uuid.New(), `status`),
	}
	for status := 201; status < 600; status++ {
		for i, media := range []string{"text/html", "application/json"} {
			a.dify.SetFault(func(*http.Request) *difytest.Fault {
				return &difytest.Fault{Status: status, ContentType: media, Body: "{}", Proxy: true}
			})
			asked := queries
			if !slices.Contains(meantStatuses, status) {
				asked = queries[(status+i)%len(queries):][:1]
			}
			for _, query := range asked {
				answer := a.post(t, query, nil)
				if len(answer.Errors) == 0 || !strings.HasSuffix(answer.Errors[0].Message, fmt.Sprintf(" (HTTP %d)", status)) {
					t.Errorf("%d %s: %s: %s", status, media, query, answer.text)
				}
			}
		}
	}
}

// TestRefusalsOfKnownMeaningSayTheirStatus, too: a run that Dify can't read, an endpoint that it is too old for.
func TestRefusalsOfKnownMeaningSayTheirStatus(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	row := run(0)
	row.Run.ID = uuid.New()
	a.apps["a"].Insert(row)
	refuse := func(status int, body string) {
		a.dify.SetFault(func(r *http.Request) *difytest.Fault {
			if strings.HasPrefix(r.URL.Path, "/v1/workflows/logs") || r.URL.Path == "/v1/info" {
				return nil
			}
			return &difytest.Fault{Status: status, ContentType: "application/json", Body: body, Proxy: true}
		})
	}
	const profile = `{workflowLogs {nodes {createdByEndUser {name}}}}`
	for _, test := range []struct {
		status            int
		body, query, says string
	}{
		{400, `{"code": "invalid_param", "message": "secret"}`, runQuery(row.Run.ID, "inputs"), "what Dify has here can't be read: Dify can't read what the run has stored (HTTP 400)"},
		{404, `{}`, profile, "the server does not have this part of Dify's API: its Dify is too old for it, or a proxy keeps it back (HTTP 404)"},
	} {
		refuse(test.status, test.body)
		answer := a.post(t, test.query, nil)
		if len(answer.Errors) != 1 || answer.Errors[0].Message != `app "a": `+test.says {
			t.Errorf("%s", answer.text)
		}
	}
}
