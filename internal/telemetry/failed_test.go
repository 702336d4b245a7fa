package telemetry

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
)

// TestFailedAppsAreTold: an operation that was answered without the rows of some apps is not well, and its line names them, as it does
// where an app's failure is an error.
func TestFailedAppsAreTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		leftOut map[string]code.Code
		errors  gqlerror.List
		apps    []any
		class   string
	}{
		"none":         {nil, nil, nil, "ok"},
		"one left out": {map[string]code.Code{"b": code.UpstreamUnavailable}, nil, []any{"b"}, "upstream"},
		"an error": {nil, gqlerror.List{
			{Message: "x", Extensions: map[string]any{"app": "c", "code": code.UpstreamTimeout}},
		}, []any{"c"}, "upstream"},
		"both": {map[string]code.Code{"b": code.UpstreamUnauthorized}, gqlerror.List{
			{Message: "x", Extensions: map[string]any{"app": "a", "code": code.UpstreamBadResponse}},
		}, []any{"a", "b"}, "upstream"},
		"a fault of ours": {nil, gqlerror.List{
			{Message: "x", Extensions: map[string]any{"app": "a", "code": code.InternalServerError}},
		}, nil, "internal"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, healthy, func(o *Options) {
				o.Account = func(_ context.Context, response *graphql.Response) Account {
					response.Errors = test.errors
					return Account{FailedApps: test.leftOut}
				}
			})
			w.ask(t, map[string]any{"query": "{ _service }"})
			apps, _ := w.lines(t)[0]["failed_apps"].([]any)
			if !slices.Equal(apps, test.apps) || !strings.Contains(w.scrape(t), `difygraph_operations_total{class="`+test.class+`"`) {
				t.Errorf("%v, want %v and the class %s", w.lines(t), test.apps, test.class)
			}
		})
	}
}

// TestWhyThereIsNoCaller is in the line and counted.
func TestWhyThereIsNoCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t, healthy)
	w.ask(t, map[string]any{"query": "{ _service }"}, "Authorization: ")
	w.ask(t, map[string]any{"query": "{ _service }"})
	if lines := w.lines(t); lines[0]["refused"] != "no token" || lines[1]["refused"] != nil {
		t.Errorf("%v", lines)
	}
	if !strings.Contains(w.scrape(t), `difygraph_callers_refused_total{reason="no token"} 1`) {
		t.Error(w.scrape(t))
	}
}
