package graph_test

import (
	"strings"
	"testing"
)

// TestNullAndEmptyTextsAreTwoThings: each text that Dify writes is shown as it is, null or empty. The three fields that are never
// null in the schema are empty then, as their descriptions say; Dify's own columns do not allow null there either.
func TestNullAndEmptyTextsAreTwoThings(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	byUser, byMember := run(1), run(0)
	byMember.EndUser, byMember.CreatedByRole, byMember.Account = nil, "account", &accounts[0]
	a.apps["a"].Insert(byUser, byMember)
	const user, member = `{workflowLogs(first: 1) {nodes {`, `{workflowLogs(last: 1) {nodes {`
	for field, test := range map[string]struct {
		was, query string
		null       string // what is shown for null
	}{
		"created_from":     {`"service-api", "created_by_role"`, user + `createdFrom}}}`, `"createdFrom":""`},
		"type":             {`"service-api", "is_anonymous"`, user + `createdByEndUser {type}}}}`, `"type":""`},
		"status":           {`"succeeded"`, user + `workflowRun {statusText}}}}`, `"statusText":""`},
		"version":          {`"1"`, user + `workflowRun {version}}}}`, `"version":null`},
		"triggered_from":   {`"app-run"`, user + `workflowRun {triggeredFrom}}}}`, `"triggeredFrom":null`},
		"error":            {`null`, user + `workflowRun {error}}}}`, `"error":null`},
		"session_id":       {`"s0"`, user + `createdByEndUser {sessionId}}}}`, `"sessionId":null`},
		"external_user_id": {`null`, user + `createdByEndUser {externalUserId}}}}`, `"externalUserId":null`},
		"email":            {`"ada@example.com"`, member + `createdByAccount {email}}}}`, `"email":null`},
		"name":             {`"Ada"`, member + `createdByAccount {name}}}}`, `"name":null`},
		"description":      {`null`, `{difyApps {description}}`, `"description":null`},
		"mode":             {`"workflow"`, `{difyApps {mode}}`, `"mode":null`},
		"author_name":      {`null`, `{difyApps {authorName}}`, `"authorName":null`},
	} {
		for written, want := range map[string]string{`null`: test.null, `""`: strings.Replace(test.null, "null", `""`, 1)} {
			value, rest, _ := strings.Cut(test.was, ",")
			if rest != "" {
				rest = "," + rest
			}
			a.rewrites(`"`+field+`": `+value+rest, `"`+field+`": `+written+rest)
			if answer := a.post(t, test.query, nil); len(answer.Errors) > 0 || !strings.Contains(string(answer.Data), want) {
				t.Errorf("%s is %s: %s", field, written, answer.text)
			}
		}
	}
}
