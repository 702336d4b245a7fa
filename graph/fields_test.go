package graph_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph/fields"
	"github.com/difygraph/difygraph/graph/viewer"
)

// owners are where each type stands below a log entry, and the field of the run that is asked for by itself.
var owners = map[string]string{
	"WorkflowLog": "%s", "WorkflowRun": "workflowRun {%s}", "DifyAccount": "createdByAccount {%s}", "EndUser": "createdByEndUser {%s}",
	"DifyApp": "app {%s}", "WorkflowLogEdge": "",
}

// callsOf are the calls that a field of a source takes in a list of three rows, two of them of one end user.
var callsOf = map[fields.Source]map[string]int{
	fields.Object: {}, fields.Entry: {},
	fields.Detail:  {difytest.RunRoute: 3},
	fields.Profile: {difytest.EndUserRoute: 1},
	fields.Info:    {difytest.InfoRoute: 1},
	fields.List:    {difytest.LogsRoute: 1},
}

// TestFieldsAreAsTheTableSays holds the table of fields against the resolvers: what each field calls, which scope it is refused
// without, and which scope hides a part of it.
func TestFieldsAreAsTheTableSays(t *testing.T) {
	t.Parallel()
	for _, typeName := range fields.Types() {
		for source, calls := range callsOf {
			for _, name := range fields.From(source, typeName) {
				if owners[typeName] == "" || told[typeName+"."+name] {
					continue
				}
				t.Run(typeName+"."+name, func(t *testing.T) {
					t.Parallel()
					known, _ := fields.Of(typeName, name)
					query := fmt.Sprintf("{workflowLogs {nodes {"+owners[typeName]+"}}}", name+below[typeName+"."+name])
					a := servePerson(t, viewer.Scopes()...)
					whole := a.post(t, query, nil)
					for _, route := range []string{difytest.RunRoute, difytest.EndUserRoute, difytest.InfoRoute} {
						if got := a.dify.Calls(route); got != calls[route] {
							t.Errorf("%d calls of %s, want %d", got, route, calls[route])
						}
					}
					if got := a.dify.Calls(difytest.LogsRoute); got != 1+calls[difytest.LogsRoute] {
						t.Errorf("%d calls of the log, want %d", got, 1+calls[difytest.LogsRoute])
					}
					for _, lacking := range []viewer.Scope{viewer.Content, viewer.People} {
						others := slices.DeleteFunc(viewer.Scopes(), func(s viewer.Scope) bool { return s == lacking })
						part := servePerson(t, others...).post(t, query, nil)
						if refused := len(part.Errors) > 0; refused != (known.Needs == lacking) {
							t.Errorf("without %q refused: %v, %s", lacking, refused, part.text)
						}
						if redacted := len(part.text) < len(whole.text) && len(part.Errors) == 0; redacted != (known.Redacts == lacking) {
							t.Errorf("without %q something is left out: %v", lacking, redacted)
						}
					}
				})
			}
		}
	}
}

// told are fields that the rows' answer may tell, or that no row of difytest has.
var told = map[string]bool{"DifyApp.difyVersion": true, "WorkflowLog.details": true}

// servePerson is [serveTo], where outputs have the end user's session id too.
func servePerson(t *testing.T, scopes ...viewer.Scope) *api {
	t.Helper()
	a := serveTo(t, scopes...)
	row := run(3)
	row.EndUser = &difytest.EndUser{SessionID: "sess-a", Type: "browser"}
	row.Run.Outputs = `{"o": 1, "sys.user_id": "sess-a"}`
	a.apps["a"].Insert(row)
	return a
}

// below are selections of the fields that have fields.
var below = map[string]string{
	"WorkflowLog.app": "{key}", "WorkflowLog.workflowRun": "{uuid}", "WorkflowLog.createdByAccount": "{__typename}",
	"WorkflowLog.createdByEndUser": "{uuid}", "WorkflowRun.app": "{key}", "WorkflowRun.workflowLog": "{uuid}", "EndUser.app": "{key}",
	"EndUser.workflowLogs": "{totalCount}", "DifyApp.workflowLogs": "(filter: {status: FAILED}) {totalCount}",
}
