package graph_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/difygraph/difygraph/difyapi/difytest"
	"github.com/difygraph/difygraph/graph"
)

// TestNullsWhereNoneIsAllowed: null in a variable that can be null is an error of the field in whose arguments it stands, and
// of nothing else; of none where the field is skipped.
func TestNullsWhereNoneIsAllowed(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	for _, arg := range everyArgument() {
		if !arg.top.Type.NonNull || len(arg.path) > 1 {
			continue
		}
		t.Run(arg.String(), func(t *testing.T) {
			t.Parallel()
			for directive, errors := range map[string]int{"": 1, " @skip(if: true)": 0, " @include(if: false)": 0} {
				checkNull(t, arg, a.post(t, arg.withNull(directive), vars{"v": nil}), errors)
			}
		})
	}
}

func checkNull(t *testing.T, arg argument, answer *response, errors int) {
	t.Helper()
	goesOn := !arg.field.Type.NonNull || errors == 0
	if goesOn != strings.Contains(string(answer.Data), `"beside":`) || len(answer.Errors) != errors || strings.Contains(string(answer.Data), `"x":[`) {
		t.Errorf("%d errors are wanted: %s", errors, answer.text)
	}
	for _, e := range answer.Errors {
		if e.Path[len(e.Path)-1] != "x" || len(e.Locations) != 1 || !strings.Contains(e.Message, ": $v is null, and "+arg.top.Type.String()+" is expected") || e.Extensions["code"] != "BAD_USER_INPUT" || e.Extensions["argument"] != arg.top.Name {
			t.Errorf("%s", answer.text)
		}
	}
}

// withNull is a query in which the argument is a variable that has a default, beside a field that needs nothing.
func (arg argument) withNull(directive string) string {
	otherwise := required[arg.top.Name]
	if otherwise == "" {
		otherwise = arg.top.DefaultValue.String()
	}
	nullable := strings.TrimSuffix(arg.top.Type.String(), "!")
	arguments := []string{arg.top.Name + ": $v"}
	for _, other := range arg.field.Arguments {
		if other != arg.top && other.Type.NonNull && other.DefaultValue == nil {
			arguments = append(arguments, other.Name+": "+required[other.Name])
		}
	}
	field := "x: " + arg.field.Name + "(" + strings.Join(arguments, ", ") + ")" + directive + " "
	if graph.Schema().Types[arg.field.Type.Name()].IsCompositeType() {
		field += "{__typename}"
	}
	query := strings.ReplaceAll(ways[arg.parent], "%[2]s", alice().ID.String())
	query = strings.NewReplacer("%s", field+" beside: __typename", "%[1]s", field+" beside: __typename").Replace(query)
	return fmt.Sprintf("query ($v: %s = %s) %s", nullable, otherwise, query)
}

// TestNullsWithinArguments: so it is where the variable is a part of a value, whatever its type: of every list in the schema, in
// an argument or in an input object within one, and as what a reference to an entity is.
func TestNullsWithinArguments(t *testing.T) {
	t.Parallel()
	a := serveRunsOfAlice(t, difytest.Options{})
	lists := 0
	for _, arg := range everyArgument() {
		if arg.of.Elem == nil || !arg.of.Elem.NonNull {
			continue
		}
		lists++
		t.Run(arg.String(), func(t *testing.T) {
			t.Parallel()
			before := a.listCalls()
			answer := a.post(t, arg.withNullElement(), vars{"v": nil})
			want := fmt.Sprintf("%s[1]: $v is null, and %s is expected where it stands", strings.Join(arg.path, "."), arg.of.Elem)
			if len(answer.Errors) != 1 || answer.Errors[0].Message != want || len(answer.Errors[0].Locations) != 1 || pathOf(answer.Errors[0]) != "x" && !strings.HasSuffix(pathOf(answer.Errors[0]), ".x") {
				t.Errorf("want %q: %s", want, answer.text)
			}
			if e := answer.Errors[0]; e.Extensions["code"] != "BAD_USER_INPUT" || e.Extensions["argument"] != strings.Join(arg.path, ".")+"[1]" || a.listCalls() > before {
				t.Errorf("%s", answer.text)
			}
		})
	}
	if lists < 8 {
		t.Errorf("%d lists in the schema's arguments, there were more", lists)
	}
}

// withNullElement is a query in which the second element of a list is a variable that has a default.
func (arg argument) withNullElement() string {
	literals := map[string]string{"WorkflowRunStatus": "FAILED", "_Any": "{__typename: \"DifyApp\"}"}
	literal := cmp.Or(literals[arg.of.Elem.Name()], `"a"`)
	value := "[" + literal + ", $v]"
	for _, name := range slices.Backward(arg.path[1:]) {
		value = "{" + name + ": " + value + "}"
	}
	field := "x: " + arg.field.Name + "(" + arg.top.Name + ": " + value + ") {__typename} "
	query := strings.ReplaceAll(ways[arg.parent], "%[2]s", alice().ID.String())
	query = strings.NewReplacer("%s", field, "%[1]s", field).Replace(query)
	return fmt.Sprintf("query ($v: %s = %s) %s", strings.TrimSuffix(arg.of.Elem.String(), "!"), literal, query)
}
