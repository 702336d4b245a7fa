package graph_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
)

// mapping is the table in docs/field-mapping.md from Dify's fields of a row to ours. A field of Dify's without one of ours is not shown.
var mapping = []struct {
	dify, ours string
	convert    func(any) any
}{
	{"id", "uuid", verbatim},
	{"workflow_run.id", "workflowRun.uuid", verbatim},
	{"workflow_run.version", "workflowRun.version", verbatim},
	{"workflow_run.status", "workflowRun.status", upper},
	{"workflow_run.status", "workflowRun.statusText", verbatim},
	{"workflow_run.triggered_from", "workflowRun.triggeredFrom", verbatim},
	{"workflow_run.error", "workflowRun.error", verbatim},
	{"workflow_run.elapsed_time", "workflowRun.elapsedTime", verbatim},
	{"workflow_run.total_tokens", "workflowRun.totalTokens", verbatim},
	{"workflow_run.total_steps", "workflowRun.totalSteps", verbatim},
	{"workflow_run.exceptions_count", "workflowRun.exceptionsCount", verbatim},
	{"workflow_run.created_at", "workflowRun.createdAt", instant},
	{"workflow_run.finished_at", "workflowRun.finishedAt", instant},
	{"details", "details", verbatim},
	{"created_from", "createdFrom", hyphen},
	{"created_by_role", "createdByRole", upper},
	{"created_by_account.id", "createdByAccount.uuid", verbatim},
	{"created_by_account.name", "createdByAccount.name", verbatim},
	{"created_by_account.email", "createdByAccount.email", verbatim},
	{"created_by_end_user.id", "createdByEndUser.uuid", verbatim},
	{"created_by_end_user.type", "createdByEndUser.type", hyphen},
	{"created_by_end_user.session_id", "createdByEndUser.sessionId", verbatim},
	{"created_by_end_user.is_anonymous", "", nil}, // always false in lists, whatever the end user is
	{"created_at", "createdAt", instant},
}

// objects are Dify's objects within a row, null where ours are.
var objects = map[string]string{
	"workflow_run": "workflowRun", "created_by_account": "createdByAccount", "created_by_end_user": "createdByEndUser",
}

func verbatim(v any) any { return v }

// notYet are fields that are null until they are known, by the statuses of runs.
var notYet = map[string][]string{
	"workflow_run.elapsed_time": {"running", "paused"},
	"workflow_run.total_tokens": {"running"},
	"workflow_run.total_steps":  {"running"},
}

// upper is how enums are written.
func upper(v any) any { return strings.ToUpper(strings.ReplaceAll(v.(string), "-", "_")) }

func hyphen(v any) any { return strings.ReplaceAll(v.(string), "service_api", "service-api") }

func instant(v any) any { return time.Unix(int64(v.(float64)), 0).UTC().Format(time.RFC3339) }

// at is the value at a path, nil where the path or a part of it is null or missing.
func at(object map[string]any, path string) any {
	head, rest, deeper := strings.Cut(path, ".")
	if !deeper {
		return object[head]
	}
	inner, _ := object[head].(map[string]any)
	return at(inner, rest)
}

// leaves are the values within an object that are no objects, by their paths.
func leaves(object map[string]any, prefix string) map[string]any {
	found := map[string]any{}
	for name, value := range object {
		inner, isObject := value.(map[string]any)
		if !isObject {
			found[prefix+name] = value
			continue
		}
		maps.Copy(found, leaves(inner, prefix+name+"."))
	}
	return found
}

// selection names all fields of a type and of the objects in it, the app's aside from its id and key.
func selection(t *testing.T, typeName string) string {
	t.Helper()
	var text strings.Builder
	schema := graph.Schema()
	for _, field := range inRow(schema.Types[typeName]) {
		text.WriteString(field.Name + " ")
		switch kind := schema.Types[field.Type.Name()]; {
		case kind.Name == "DifyApp":
			text.WriteString("{id key} ")
		case kind.Kind == ast.Object:
			text.WriteString("{" + selection(t, kind.Name) + "} ")
		}
	}
	return text.String()
}

// inRow are the fields of a type that take no call beside the list's, but for the way back to the row.
func inRow(definition *ast.Definition) (fields []*ast.FieldDefinition) {
	for _, field := range definition.Fields {
		if field.Name != "workflowLog" && field.Directives.ForName("cost") == nil && len(field.Arguments) == 0 && !strings.HasPrefix(field.Name, "__") {
			fields = append(fields, field)
		}
	}
	return fields
}

// TestMappingIsWhole: the table has every field that any recorded row has, and every field of the schema.
func TestMappingIsWhole(t *testing.T) {
	t.Parallel()
	var dify, ours []string
	for _, m := range mapping {
		dify = append(dify, m.dify)
		if m.ours != "" {
			ours = append(ours, m.ours)
		}
	}
	for _, r := range readRecordings(t, "logs-*.json") {
		rows, _ := r.page()["data"].([]any)
		for _, row := range rows {
			for path := range leaves(row.(map[string]any), "") {
				if !slices.Contains(dify, path) && objects[path] == "" {
					t.Errorf("%s: the table has no %s", r.name, path)
				}
			}
		}
	}
	slices.Sort(ours)
	if diff := cmp.Diff(ours, schemaPaths(t, "WorkflowLog", "")); diff != "" {
		t.Errorf("fields (-table +schema):\n%s", diff)
	}
}

// schemaPaths are the paths of all fields of a type that are no objects, without ids and apps, sorted.
func schemaPaths(t *testing.T, typeName, prefix string) []string {
	t.Helper()
	var paths []string
	schema := graph.Schema()
	for _, field := range inRow(schema.Types[typeName]) {
		switch kind := schema.Types[field.Type.Name()]; {
		case field.Name == "id" || field.Name == "app":
		case kind.Kind == ast.Object:
			paths = append(paths, schemaPaths(t, kind.Name, prefix+field.Name+".")...)
		default:
			paths = append(paths, prefix+field.Name)
		}
	}
	slices.Sort(paths)
	return paths
}

// TestOldSpelling: servers before 1.10.0 write service_api, and lack some fields; what they lack is null.
func TestOldSpelling(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}, dify: difytest.Options{Version: "1.9.2"}})
	row, other := run(1), run(2)
	row.CreatedFrom, other.CreatedFrom = "service_api", "web-app"
	a.apps["a"].Insert(row, other)
	for _, origin := range []string{"service_api", "service-api"} {
		checkData(t, a, `{workflowLogs(filter: {createdFrom: ["`+origin+`"]}) {nodes {createdFrom details createdByEndUser {type} workflowRun {triggeredFrom exceptionsCount}}}}`,
			`{"workflowLogs": {"nodes": [{"createdFrom": "service-api", "details": null, "createdByEndUser": {"type": "service-api"}, "workflowRun": {"triggeredFrom": null, "exceptionsCount": 0}}]}}`)
	}
}

// TestUnnamedValues: what is newer than this API survives.
func TestUnnamedValues(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	row := run(1)
	row.CreatedFrom, row.CreatedByRole, row.EndUser.Type = "carrier-pigeon", "robot", "bird"
	row.Run.Status, row.Run.TriggeredFrom = "half-done", "moon"
	a.apps["a"].Insert(row)
	checkData(t, a, `{workflowLogs {nodes {createdFrom createdByRole createdByEndUser {type} workflowRun {status statusText triggeredFrom}}}}`,
		`{"workflowLogs": {"nodes": [{"createdFrom": "carrier-pigeon", "createdByRole": "UNKNOWN", "createdByEndUser": {"type": "bird"},
			"workflowRun": {"status": "UNKNOWN", "statusText": "half-done", "triggeredFrom": "moon"}}]}}`)
}
