package graph_test

import (
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
		if e.Path[len(e.Path)-1] != "x" || e.Extensions["code"] != "BAD_USER_INPUT" || e.Extensions["argument"] != arg.top.Name {
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

// TestNullWithinAnArgument: so it is where the variable is a part of a value.
func TestNullWithinAnArgument(t *testing.T) {
	t.Parallel()
	a := serve(t, options{keys: []string{"a"}})
	for argument, query := range map[string]string{
		"filter": `query ($v: WorkflowRunStatus = FAILED) {x: workflowLogs(filter: {status: [$v]}) {nodes {uuid}} beside: difyApps {key}}`,
		"apps":   `query ($v: String = "a") {x: workflowLogs(apps: [$v]) {nodes {uuid}} beside: difyApps {key}}`,
	} {
		answer := a.post(t, query, vars{"v": nil})
		checkAnswer(t, answer, `{"x": null, "beside": [{"key": "a"}]}`, map[string]string{"x": "BAD_USER_INPUT"})
		if !strings.HasPrefix(fmt.Sprint(answer.Errors[0].Extensions["argument"]), argument) {
			t.Errorf("%s", answer.text)
		}
		if slices.Contains(answer.codes(), "INTERNAL_SERVER_ERROR") || a.listCalls() > 0 {
			t.Errorf("%s", answer.text)
		}
	}
}
