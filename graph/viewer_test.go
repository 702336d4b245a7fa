package graph_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/model"
	"github.com/difygraph/difygraph/graph/viewer"
	"github.com/difygraph/difygraph/internal/config"
)

// someone shows a token that lets it read some apps, by patterns of their keys, in some scopes.
type someone struct {
	name   string
	apps   []string
	scopes []viewer.Scope
}

// shows is a token of its own.
func (s *someone) shows() string { return token + "_" + s.name }

func (s *someone) token(shown string) config.Token {
	digest := sha256.Sum256([]byte(shown))
	scopes := make([]string, len(s.scopes))
	for i, scope := range s.scopes {
		scopes[i] = string(scope)
	}
	return config.Token{Name: s.name, SHA256: hex.EncodeToString(digest[:]), Apps: s.apps, Scopes: scopes}
}

// serveTo serves two apps, each with a run that failed, of an end user, and one of a member. The viewer may read the first.
func serveTo(t *testing.T, scopes ...viewer.Scope) *api {
	t.Helper()
	a := serve(t, options{keys: []string{"a", "b"}, viewer: &someone{"", []string{"a"}, scopes}})
	for _, key := range []string{"a", "b"} {
		failed, member := run(2), run(1)
		failed.EndUser = &difytest.EndUser{SessionID: "sess-" + key, Type: "browser", Name: new("Ann"), ExternalUserID: new("crm-77")}
		failed.Run.Status, failed.Run.Error = "failed", new("boom")
		failed.Run.Inputs, failed.Run.Outputs = `{"q": 1, "sys.user_id": "sess-`+key+`", "sys\u002euser_id": 2}`, `{"o": 1}`
		member.EndUser, member.CreatedByRole, member.Account = nil, "account", &accounts[0]
		a.apps[key].Insert(failed, member)
	}
	return a
}

const everythingQuery = `{workflowLogs {nodes {
	details
	workflowRun {status error workflowId inputs outputs}
	createdByEndUser {type sessionId name isAnonymous externalUserId workflowLogs {totalCount}}
	createdByAccount {id uuid name email}
}} difyApps {key mode authorName}}`

func TestFieldsNeedScopes(t *testing.T) {
	t.Parallel()
	content := []string{"details", "error", "inputs", "outputs"}
	people := []string{"sessionId", "name", "externalUserId", "id", "uuid", "email", "authorName"}
	for _, test := range []struct {
		scopes    []viewer.Scope
		forbidden []string
		details   int // calls
	}{
		{[]viewer.Scope{viewer.Logs, viewer.Content, viewer.People}, nil, 2},
		{[]viewer.Scope{viewer.Logs, viewer.Content}, people, 2},
		{[]viewer.Scope{viewer.Logs, viewer.People}, content, 2}, // workflowId is for all
		{[]viewer.Scope{viewer.Logs}, slices.Concat(content, people), 2},
		{[]viewer.Scope{viewer.Content, viewer.People}, []string{"workflowLogs"}, 0},
		{nil, []string{"workflowLogs", "authorName"}, 0},
	} {
		t.Run(fmt.Sprint(test.scopes), func(t *testing.T) {
			t.Parallel()
			a := serveTo(t, test.scopes...)
			r := a.post(t, everythingQuery, nil)
			var fields []string
			for _, e := range r.Errors {
				fields = append(fields, e.Path[len(e.Path)-1].(string))
				if e.Extensions["code"] != "FORBIDDEN" || !strings.Contains(e.Message, "lack the scope") {
					t.Errorf("%s %v", e.Message, e.Extensions)
				}
			}
			slices.Sort(fields)
			slices.Sort(test.forbidden)
			if got := slices.Compact(fields); !slices.Equal(got, test.forbidden) {
				t.Errorf("forbidden %v, want %v: %s", got, test.forbidden, r.text)
			}
			if n := a.dify.Calls(difytest.RunRoute); n != test.details {
				t.Errorf("%d run details, want %d", n, test.details)
			}
			for scope, secrets := range map[viewer.Scope][]string{
				viewer.Content: {"boom", `"o"`, `"q"`},
				viewer.People:  {"sess-a", "Ann", "crm-77", accounts[0].Email, accounts[0].Name, accounts[0].ID.String()},
			} {
				for _, secret := range secrets {
					if !slices.Contains(test.scopes, scope) && strings.Contains(string(r.text), secret) {
						t.Errorf("%s is shown without %q: %s", secret, scope, r.text)
					}
				}
			}
		})
	}
}

// TestOneErrorPerField: what the viewer lacks a scope for is said once for each field, at the first of its places, however many
// rows, apps, nodes or references have it.
func TestOneErrorPerField(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a", "b"}, viewer: &someone{"", []string{"a", "b"}, []viewer.Scope{viewer.Logs}}})
	for _, app := range a.apps {
		app.Insert(runsOf(map[int]int{1: 20, 2: 30})...)
	}
	row := a.apps["a"].Rows()[0]
	id := idOfRun("a", row)
	for name, test := range map[string]struct {
		query string
		want  map[string]float64 // counts by the paths of errors, 0 where it is said of one place
	}{
		"rows":         {`{workflowLogs(first: 100) {nodes {details e: workflowRun {error}}}}`, map[string]float64{"workflowLogs.nodes.0.details": 100, "workflowLogs.nodes.0.e.error": 100}},
		"two aliases":  {`{workflowLogs(first: 7) {nodes {a: details b: details}}}`, map[string]float64{"workflowLogs.nodes.0.a": 7, "workflowLogs.nodes.0.b": 7}},
		"one row":      {`{workflowLogs(first: 1) {nodes {details}}}`, map[string]float64{"workflowLogs.nodes.0.details": 0}},
		"nested lists": {`{difyApps {authorName workflowLogs(first: 3) {edges {node {details}}}}}`, map[string]float64{"difyApps.0.authorName": 2, "difyApps.0.workflowLogs.edges.0.node.details": 6}},
		"an argument":  {`{difyApps {workflowLogs(filter: {keyword: "x"}) {totalCount}}}`, map[string]float64{"difyApps.0.workflowLogs": 2}},
		"nodes":        {`{nodes(ids: ["` + id + `", "` + id + `"]) {... on WorkflowRun {error}}}`, map[string]float64{"nodes.0.error": 2}},
		"references": {
			`{_entities(representations: [{__typename: "DifyApp", key: "a"}, {__typename: "DifyAccount", email: "a@b"}, {__typename: "DifyAccount", email: "b@b"}]) {__typename}}`,
			map[string]float64{"_entities.1": 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := map[string]float64{}
			answer := a.post(t, test.query, nil)
			for _, e := range answer.Errors {
				count, _ := e.Extensions["count"].(float64)
				got[pathOf(e)] = count
				if e.Extensions["code"] != "FORBIDDEN" || (count > 0) != strings.Contains(e.Message, fmt.Sprintf("; so it is in %v places", count)) {
					t.Errorf("%s %v", e.Message, e.Extensions)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" || len(answer.Errors) != len(test.want) {
				t.Errorf("errors (-want +got):\n%s%s", diff, answer.text)
			}
		})
	}
}

// TestNothingForbiddenIsAskedFor: what the viewer may not see is not asked for ahead of its fields.
func TestNothingForbiddenIsAskedFor(t *testing.T) {
	t.Parallel()
	a := serveTo(t, viewer.Logs)
	a.post(t, `{workflowLogs {nodes {workflowRun {inputs outputs} createdByEndUser {name externalUserId}}}}`, nil)
	if n := len(a.dify.Requests()) - a.listCalls(); n != 0 {
		t.Errorf("%d calls beside the list's", n)
	}
}

func TestInputsWithoutPeople(t *testing.T) {
	t.Parallel()
	query := `{workflowLogs(first: 1) {nodes {workflowRun {inputs}}}}`
	checkData(t, serveTo(t, viewer.Logs, viewer.Content), query,
		`{"workflowLogs": {"nodes": [{"workflowRun": {"inputs": {"q": 1}}}]}}`)
	var data struct {
		WorkflowLogs struct {
			Nodes []struct {
				WorkflowRun struct{ Inputs map[string]any }
			}
		}
	}
	serveTo(t, viewer.Logs, viewer.Content, viewer.People).get(t, query, nil, &data)
	if _, ok := data.WorkflowLogs.Nodes[0].WorkflowRun.Inputs["sys.user_id"]; !ok {
		t.Errorf("with the scope: %v", data)
	}
}

func TestFiltersNeedScopes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		filter string
		scopes []viewer.Scope // beside logs
		needs  string         // empty if allowed
	}{
		{`keyword: "x"`, nil, "content"},
		{`keyword: "x"`, []viewer.Scope{viewer.People}, "content"},
		{`keyword: "x"`, []viewer.Scope{viewer.Content}, "people"},
		{`keyword: "x"`, []viewer.Scope{viewer.Content, viewer.People}, ""},
		{`keyword: null`, nil, ""},
		{`endUserSessionId: ["s"]`, []viewer.Scope{viewer.Content}, "people"},
		{`endUserSessionId: ["s"]`, []viewer.Scope{viewer.People}, ""},
		{`accountEmail: "ada@example.com"`, []viewer.Scope{viewer.Content}, "people"},
		{`accountEmail: "ada@example.com"`, []viewer.Scope{viewer.People}, ""},
		{`error: {contains: "x"}`, []viewer.Scope{viewer.People}, "content"},
		{`error: {contains: "x"}`, []viewer.Scope{viewer.Content}, ""},
		{`error: null`, nil, ""},
		{`status: [FAILED], hasError: true`, nil, ""},
	} {
		t.Run(test.filter+fmt.Sprint(test.scopes), func(t *testing.T) {
			t.Parallel()
			a := serveTo(t, append(test.scopes, viewer.Logs)...)
			for _, list := range []string{"workflowLogs", "difyApp(key: \"a\") {workflowLogs", "difyApps {workflowLogs"} {
				r := a.post(t, "{"+list+"(filter: {"+test.filter+"}) {nodes {uuid}}}"+strings.Repeat("}", strings.Count(list, "{")), nil)
				name, _, _ := strings.Cut(test.filter, ":")
				argument := "filter." + name
				switch {
				case test.needs == "" && len(r.Errors) == 0:
				case test.needs != "" && len(r.Errors) == 1 && r.codes()[0] == "FORBIDDEN" &&
					r.Errors[0].Extensions["argument"] == argument && strings.Contains(r.Errors[0].Message, test.needs):
				default:
					t.Errorf("%s", r.text)
				}
			}
			if n := len(a.dify.Requests()); test.needs != "" && n != 0 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// TestRunsOfSomeoneUnknown: the server filters by a session id that the viewer may not know.
func TestRunsOfSomeoneUnknown(t *testing.T) {
	t.Parallel()
	a := serveTo(t, viewer.Logs)
	checkData(t, a, `{workflowLogs(first: 1) {nodes {createdByEndUser {workflowLogs {totalCount nodes {workflowRun {status}}}}}}}`,
		`{"workflowLogs": {"nodes": [{"createdByEndUser": {"workflowLogs": {"totalCount": 1, "nodes": [{"workflowRun": {"status": "FAILED"}}]}}}]}}`)
}

// TestAppsThatAreNotTheViewers: an app that is configured for others answers as one that does not exist.
func TestAppsThatAreNotTheViewers(t *testing.T) {
	t.Parallel()
	a := serveTo(t, viewer.Logs, viewer.Content, viewer.People)
	row := a.apps["b"].Rows()[0]
	for _, query := range []string{
		`{difyApp(key: "KEY") {key}}`,
		`{workflowLogs(apps: ["KEY"]) {totalCount}}`,
		`{workflowLogs(apps: ["a", "KEY"], onAppFailure: PARTIAL) {totalCount}}`,
		`{workflowRun(app: "KEY", uuid: "` + row.Run.ID.String() + `") {uuid}}`,
		`{endUser(app: "KEY", uuid: "` + row.EndUser.ID.String() + `") {uuid}}`,
		`{node(id: "APP") {id}}`, `{node(id: "RUN") {id}}`, `{node(id: "USER") {id}}`, `{node(id: "LOG") {id}}`,
		`{nodes(ids: ["APP", "RUN", "USER", "LOG"]) {id}}`,
		`{_entities(representations: [{__typename: "DifyApp", key: "KEY"}, {__typename: "DifyApp", id: "APP"}, {__typename: "WorkflowRun", id: "RUN"},
			{__typename: "WorkflowRun", app: {key: "KEY"}, uuid: "` + row.Run.ID.String() + `"}, {__typename: "EndUser", app: {key: "KEY"}, sessionId: "sess-b"}]) {__typename}}`,
	} {
		ask := func(key string) string {
			id := func(kind model.Kind) model.ID { return model.ID{Kind: kind, App: key} }
			user, log, of := id(model.KindEndUser), id(model.KindLog), id(model.KindRun)
			user.UUID, of.UUID = row.EndUser.ID, row.Run.ID
			log.UUID, log.Run, log.Second = row.ID, row.Run.ID, row.CreatedAt.Unix()
			text := strings.NewReplacer("KEY", key, "APP", id(model.KindApp).String(), "RUN", of.String(), "USER", user.String(), "LOG", log.String()).Replace(query)
			return strings.ReplaceAll(string(a.post(t, text, nil).text), `\"`+key+`\"`, "KEY")
		}
		if theirs, nobodys := ask("b"), ask("z"); theirs != nobodys {
			t.Errorf("%s\nanswers\n%s\nfor an app of others, and\n%s\nfor none", query, theirs, nobodys)
		}
	}
	if n := len(a.dify.Requests()); n != 0 {
		t.Errorf("%d calls", n)
	}
	checkData(t, a, `{workflowLogs {totalCount} difyApps {key}}`, `{"workflowLogs": {"totalCount": 2}, "difyApps": [{"key": "a"}]}`)
}

func TestViewerOfNothing(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, viewer: &someone{"", nil, []viewer.Scope{viewer.Logs}}})
	a.apps["a"].Insert(run(1))
	checkData(t, a, `{difyApps {key} workflowLogs {totalCount nodes {uuid} pageInfo {hasNextPage} scan {complete upstreamCalls}}}`,
		`{"difyApps": [], "workflowLogs": {"totalCount": 0, "nodes": [], "pageInfo": {"hasNextPage": false}, "scan": {"complete": true, "upstreamCalls": 0}}}`)
}

func TestPeopleByKeysNeedScope(t *testing.T) {
	t.Parallel()
	a := serveTo(t, viewer.Logs, viewer.Content)
	for _, representation := range []string{
		`{__typename: "EndUser", app: {key: "a"}, sessionId: "sess-a"}`, `{__typename: "DifyAccount", email: "ada@example.com"}`,
	} {
		r := a.post(t, `{_entities(representations: [`+representation+`]) {__typename}}`, nil)
		if string(r.Data) != `{"_entities":[null]}` || !slices.Equal(r.codes(), []string{"FORBIDDEN"}) {
			t.Errorf("%s", r.text)
		}
	}
	if n := len(a.dify.Requests()); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// TestViewer tells a frontend beforehand what there is for it to show.
func TestViewer(t *testing.T) {
	t.Parallel()
	const query = `{difygraphViewer {name scopes apps {key}}}`
	for want, who := range map[string]*someone{
		`{"name": "dashboard", "scopes": ["logs", "people"], "apps": [{"key": "b"}]}`:                   {"dashboard", []string{"b"}, []viewer.Scope{viewer.People, viewer.Logs}},
		`{"name": "nobody", "scopes": [], "apps": []}`:                                                  {"nobody", nil, nil},
		`{"name": null, "scopes": ["logs", "content", "people"], "apps": [{"key": "a"}, {"key": "b"}]}`: nil,
	} {
		a := serve(t, options{keys: []string{"a", "b"}, viewer: who})
		checkData(t, a, query, `{"difygraphViewer": `+want+`}`)
		checkSpent(t, a, spent{})
	}
	priced := serve(t, options{keys: []string{"a", "b"}}).post(t, `{difygraphViewer {apps {name}}}`, nil)
	if !strings.Contains(string(priced.text), `"foreseen":23,`) {
		t.Errorf("%s", priced.text)
	}
}
