package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
)

// argument is one of a field, or a field of an input object within one.
type argument struct {
	parent string // type of which the field is
	field  *ast.FieldDefinition
	top    *ast.ArgumentDefinition
	path   []string // from the argument's name on
	of     *ast.Type
}

func (arg argument) String() string {
	return arg.parent + "." + arg.field.Name + "." + strings.Join(arg.path, ".")
}

// everyArgument are all of the schema, those of introspection aside.
func everyArgument() (all []argument) {
	schema := graph.Schema()
	for _, name := range slices.Sorted(maps.Keys(schema.Types)) {
		if name == schema.Subscription.Name {
			continue // queries reach none of its fields
		}
		for _, field := range schema.Types[name].Fields {
			for _, arg := range field.Arguments {
				if !strings.HasPrefix(name, "__") && !strings.HasPrefix(field.Name, "__") {
					all = append(all, within(schema, argument{name, field, arg, []string{arg.Name}, arg.Type})...)
				}
			}
		}
	}
	return all
}

// within are the argument itself and what it is made of.
func within(schema *ast.Schema, a argument) []argument {
	all := []argument{a}
	definition := schema.Types[a.of.Name()]
	if definition.Kind != ast.InputObject {
		return all
	}
	for _, field := range definition.Fields {
		deeper := a
		deeper.path, deeper.of = append(slices.Clone(a.path), field.Name), field.Type
		all = append(all, within(schema, deeper)...)
	}
	return all
}

// ways lead to an object of each type that has fields with arguments.
var ways = map[string]string{
	"Query":   `{%s}`,
	"DifyApp": `{difyApp(key: "a") {%s}}`,
	"EndUser": `{endUser(app: "a", uuid: "%[2]s") {%[1]s}}`,
}

// required are literals for arguments that can't be left out.
var required = map[string]string{
	"key": `"a"`, "id": `"x"`, "ids": `[]`, "representations": `[]`, "uuid": `"11111111-1111-4111-8111-111111111111"`,
}

// ask asks for the field with a value at the argument's place; as if it were left out if given is false.
func (arg argument) ask(t *testing.T, a *api, value any, given bool) *response {
	t.Helper()
	var arguments []string
	for _, other := range arg.field.Arguments {
		if other != arg.top && other.Type.NonNull && other.DefaultValue == nil {
			arguments = append(arguments, other.Name+": "+required[other.Name])
		}
	}
	declared, variables := "", vars{}
	if given {
		declared = fmt.Sprintf("query ($v: %s) ", arg.top.Type)
		arguments = append(arguments, arg.top.Name+": $v")
		for _, name := range slices.Backward(arg.path[1:]) {
			value = vars{name: value}
		}
		variables["v"] = value
	}
	field := "x: " + arg.field.Name
	if len(arguments) > 0 {
		field += "(" + strings.Join(arguments, ", ") + ")"
	}
	selection := " {__typename}"
	if arg.field.Type.Name() == "WorkflowLogConnection" {
		selection = " {nodes {uuid}}"
	}
	query := strings.ReplaceAll(ways[arg.parent], "%[2]s", alice().ID.String())
	return a.post(t, declared+strings.NewReplacer("%s", field+selection, "%[1]s", field+selection).Replace(query), variables)
}

// isNoCursor tells whether an empty text in the argument means none: Apollo's clients send it for null.
func (arg argument) isNoCursor() bool {
	name := arg.path[len(arg.path)-1]
	return name == "after" || name == "before"
}

// looksUp tells whether the argument says what is looked up, so that nothing is found under an empty one.
func (arg argument) looksUp() bool { return arg.String() == "Query.difyApp.key" }

// TestEmptyArguments: what is left out, null or an object without members is no condition. An empty text is no cursor, and
// elsewhere refused like an empty list: nobody who asks for the runs of no one is shown everybody's.
func TestEmptyArguments(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	for _, arg := range everyArgument() {
		t.Run(arg.String(), func(t *testing.T) {
			t.Parallel()
			checkNulls(t, a, arg)
			checkTexts(t, a, arg)
			if arg.of.Elem == nil || len(arg.path) == 1 && required[arg.path[0]] != "" {
				return // of no objects, no objects
			}
			checkRefusedAt(t, arg, arg.ask(t, a, []any{}, true))
		})
	}
}

func checkNulls(t *testing.T, a *api, arg argument) {
	t.Helper()
	if arg.of.NonNull {
		return
	}
	absent := outcome(arg.ask(t, a, nil, false))
	same := []any{nil}
	if of := graph.Schema().Types[arg.of.Name()]; of.Kind == ast.InputObject {
		if slices.ContainsFunc(of.Fields, func(f *ast.FieldDefinition) bool { return f.Type.NonNull }) {
			checkIncomplete(t, arg.ask(t, a, vars{}, true))
		} else {
			same = append(same, vars{})
		}
	}
	for _, value := range same {
		if diff := cmp.Diff(absent, outcome(arg.ask(t, a, value, true))); diff != "" {
			t.Errorf("%v (-left out +given):\n%s", value, diff)
		}
	}
}

// checkIncomplete wants an object that lacks a member to be refused, and nothing to be shown.
func checkIncomplete(t *testing.T, r *response) {
	t.Helper()
	if len(r.Errors) != 1 || r.codes()[0] != "BAD_USER_INPUT" || !strings.Contains(r.Errors[0].Message, "is required") || strings.Contains(string(r.Data), "uuid") {
		t.Errorf("%s", r.text)
	}
}

// outcome is an answer without places in the query.
func outcome(r *response) string {
	text := string(r.Data)
	for _, e := range r.Errors {
		text += "\n" + e.Message
	}
	return text
}

func checkTexts(t *testing.T, a *api, arg argument) {
	t.Helper()
	switch arg.of.Name() {
	case "String", "ID", "UUID", "DateTime":
	default:
		return // nothing that a text can be
	}
	for _, text := range []string{"", " ", " \t\u3000"} {
		value := any(text)
		if arg.of.Elem != nil {
			value = []any{text}
		}
		answer := arg.ask(t, a, value, true)
		switch {
		case text == "" && arg.isNoCursor():
			if diff := cmp.Diff(outcome(arg.ask(t, a, nil, false)), outcome(answer)); diff != "" {
				t.Errorf("%q (-left out +given):\n%s", text, diff)
			}
		case arg.looksUp():
			checkAnswer(t, answer, `{"x": null}`, none)
		default:
			checkRefusedAt(t, arg, answer)
		}
	}
}

// checkRefusedAt wants one error that names the argument, and nothing in the field's place.
func checkRefusedAt(t *testing.T, arg argument, answer *response) {
	t.Helper()
	if len(answer.Errors) != 1 || strings.Contains(string(answer.Data), `"uuid"`) {
		t.Errorf("want one error and no rows: %s", answer.text)
		return
	}
	e := answer.Errors[0]
	code, named := e.Extensions["code"], fmt.Sprint(e.Extensions["argument"])
	if code != "BAD_USER_INPUT" && !arg.isNoCursor() || !strings.HasPrefix(named, arg.path[0]) && named+"s" != arg.path[0] {
		t.Errorf("%v: %s", arg, answer.text)
	}
}
