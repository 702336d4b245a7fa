package graph_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/model"
)

// These tests hold that a Dify which shows every run to every key is never asked for a run that is not known to be the app's.

// unscoped are servers that show runs of every app, or may.
var unscoped = map[string]difytest.Options{
	"1.6.0":             {Version: "1.6.0"},
	"1.6.0, hidden":     {Version: "1.6.0", HideVersion: true},
	"1.14.2, hidden":    {HideVersion: true},
	"1.0.1":             {Version: "1.0.1"},
	"unreadable header": {Version: "next"},
}

// waysTo are queries that ask for a row of app b as if it were one of app a.
func waysTo(row difytest.Row) map[string]string {
	run, entry := idOfRun("a", row), idOfEntry("a", row)
	return map[string]string{
		"workflowRun":     `{x: workflowRun(app: "a", uuid: "` + row.Run.ID.String() + `") {uuid status inputs outputs workflowId version}}`,
		"node":            `{x: node(id: "` + run + `") {id ... on WorkflowRun {inputs}}}`,
		"node, an entry":  `{x: node(id: "` + entry + `") {id ... on WorkflowLog {workflowRun {inputs}}}}`,
		"entity by id":    `{_entities(representations: [{__typename: "WorkflowRun", id: "` + run + `"}]) {... on WorkflowRun {inputs uuid}}}`,
		"entity by uuid":  `{_entities(representations: [{__typename: "WorkflowRun", app: {key: "a"}, uuid: "` + row.Run.ID.String() + `"}]) {... on WorkflowRun {inputs uuid}}}`,
		"entity, a entry": `{_entities(representations: [{__typename: "WorkflowLog", id: "` + entry + `"}]) {... on WorkflowLog {workflowRun {inputs}}}}`,
	}
}

func idOfRun(app string, row difytest.Row) string {
	return model.ID{Kind: model.KindRun, App: app, UUID: row.Run.ID}.String()
}

func idOfEntry(app string, row difytest.Row) string {
	return model.ID{Kind: model.KindLog, App: app, UUID: row.ID, Second: row.CreatedAt.Unix()}.String()
}

// oldIDOfEntry is as ids of app a's entries once were: with the run.
func oldIDOfEntry(row difytest.Row) string {
	id := model.ID{Kind: model.KindLog, App: "a", UUID: row.ID, Second: row.CreatedAt.Unix()}
	if row.Run != nil {
		id.Run = row.Run.ID
	}
	return id.String()
}

func idOfEndUser(app string, user *difytest.EndUser) string {
	return model.ID{Kind: model.KindEndUser, App: app, UUID: user.ID}.String()
}

// serveTwo serves apps a and b, and returns a run of each. That of a names the run of b in its inputs, so that a's log finds
// it by the id of b's.
func serveTwo(t *testing.T, o options) (a *api, own, other difytest.Row) {
	t.Helper()
	o.keys = []string{"a", "b"}
	a = serve(t, o)
	other, own = run(5), run(5)
	other.Run.Inputs = `{"secret": "of b"}`
	other = a.apps["b"].Insert(other)[0]
	own.Run.Inputs = `{"about": "` + other.Run.ID.String() + `"}`
	return a, a.apps["a"].Insert(own)[0], other
}

func checkNothingShown(t *testing.T, answer *response) {
	t.Helper()
	if data := string(answer.Data); len(answer.Errors) > 0 || data != `{"x":null}` && data != `{"_entities":[null]}` {
		t.Errorf("%s", answer.text)
	}
}

func TestRunOfAnotherApp(t *testing.T) {
	t.Parallel()
	for name, server := range unscoped {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, other := serveTwo(t, options{dify: server})
			for _, query := range waysTo(other) {
				checkNothingShown(t, a.post(t, query, nil))
			}
			if n := a.dify.Calls(difytest.RunRoute); n > 0 {
				t.Errorf("%d calls for runs of another app", n)
			}
		})
	}
}

// TestOwnRunOfUnscopedServer: a run that the app's log has shown is shown, and its detail asked for where it is wanted.
func TestOwnRunOfUnscopedServer(t *testing.T) {
	t.Parallel()
	for name, server := range unscoped {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, own, other := serveTwo(t, options{dify: server})
			a.get(t, `{difyApps {name}}`, nil, new(any)) // which tells the version, or that it is hidden
			a.post(t, runQuery(uuid.New(), "uuid"), nil)
			const query = `{workflowRun(app: "a", uuid: "%s") {status totalTokens version exceptionsCount%s}}`
			a.get(t, fmt.Sprintf(query, own.Run.ID, ""), nil, new(any))
			a.dify.ResetRequests()
			a.get(t, fmt.Sprintf(query, own.Run.ID, ""), nil, new(any))
			checkSpent(t, a, spent{lists: 1})
			var data struct {
				WorkflowRun struct{ Inputs struct{ About uuid.UUID } }
			}
			a.get(t, fmt.Sprintf(query, own.Run.ID, " inputs outputs"), nil, &data)
			checkSpent(t, a, spent{lists: 1, runs: 1})
			if data.WorkflowRun.Inputs.About != other.Run.ID {
				t.Errorf("inputs %v", data)
			}
		})
	}
}

// TestVersionThatIsConfiguredWrong: the header wins over the configuration, from the first answer on.
func TestVersionThatIsConfiguredWrong(t *testing.T) {
	t.Parallel()
	for name := range waysTo(difytest.Row{Run: new(difytest.Run)}) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, own, other := serveTwo(t, options{
				dify:  difytest.Options{Version: "1.6.0"},
				apart: map[string]apart{"a": {version: "1.14.2"}},
			})
			checkNothingShown(t, a.post(t, waysTo(other)[name], nil))
			a.dify.ResetRequests()
			checkNothingShown(t, a.post(t, waysTo(other)[name], nil))
			if n := a.dify.Calls(difytest.RunRoute); n > 0 {
				t.Errorf("%d calls for runs of another app", n)
			}
			var data struct{ X vars }
			if a.get(t, waysTo(own)["workflowRun"], nil, &data); data.X["uuid"] != own.Run.ID.String() || data.X["inputs"] == nil {
				t.Errorf("own run: %v", data.X)
			}
		})
	}
}

// TestAnswerOfAnOlderServer: while an upgrade goes on, one answer comes from an old server and the next from a new one. It is
// the answer with the run that counts.
func TestAnswerOfAnOlderServer(t *testing.T) {
	t.Parallel()
	a, own, other := serveTwo(t, options{})
	upgrade := &upgrading{dify: a.dify, ask: func() string { return string(a.post(t, `{difyApp(key: "a") {description}}`, nil).text) }}
	a.url = serveApps(t, options{keys: []string{"a"}}, map[string]difyapi.Options{"a": appOf(upgrade)})
	checkNothingShown(t, a.post(t, waysTo(other)["workflowRun"], nil))
	if n := upgrade.overtaken.Load(); n != 1 {
		t.Fatalf("%d answers of the old server were followed by one of the new", n)
	}
	var data struct{ X vars }
	if a.get(t, waysTo(own)["workflowRun"], nil, &data); data.X["uuid"] != own.Run.ID.String() {
		t.Errorf("own run: %v", data.X)
	}
}

// upgrading sends requests for runs to a server that is not upgraded yet. Before such an answer is read to its end, another
// request is answered by one that is.
type upgrading struct {
	dify      *difytest.Server
	ask       func() string // for something else of the app
	overtaken atomic.Int32
}

func (u *upgrading) RoundTrip(r *http.Request) (*http.Response, error) {
	if route, _ := difytest.RouteOf(r.URL.Path); route != difytest.RunRoute {
		return direct{u.dify}.RoundTrip(r)
	}
	u.dify.SetVersion("1.6.0")
	defer u.dify.SetVersion("1.14.2")
	answer, err := direct{u.dify}.RoundTrip(r)
	answer.Body = &overtakenBody{ReadCloser: answer.Body, by: func() {
		if strings.Contains(u.ask(), `{"data":{"difyApp":{`) {
			u.overtaken.Add(1)
		}
	}}
	return answer, err
}

// overtakenBody lets something happen before it is read.
type overtakenBody struct {
	io.ReadCloser
	by   func()
	once sync.Once
}

func (b *overtakenBody) Read(p []byte) (int, error) {
	b.once.Do(b.by)
	return b.ReadCloser.Read(p)
}
