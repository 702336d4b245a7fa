package feed

import (
	"testing"

	"github.com/difygraph/difygraph/difyapi"
)

// TestWhatARowLacksContradictsNothing: people who are gone leave nulls, and those of the other kind show a filter that is ignored.
func TestWhatARowLacksContradictsNothing(t *testing.T) {
	t.Parallel()
	q := difyapi.LogQuery{AccountEmail: "ada@example.com"}
	for name, test := range map[string]struct {
		row  difyapi.WorkflowLog
		want string
	}{
		"nobody":            {difyapi.WorkflowLog{}, ""},
		"without an e-mail": {difyapi.WorkflowLog{CreatedByAccount: &difyapi.Account{}}, ""},
		"that account":      {difyapi.WorkflowLog{CreatedByAccount: &difyapi.Account{Email: new("ada@example.com")}}, ""},
		"another account":   {difyapi.WorkflowLog{CreatedByAccount: &difyapi.Account{Email: new("ben@example.com")}}, "accountEmail"},
		"an end user":       {difyapi.WorkflowLog{CreatedByEndUser: &difyapi.EndUser{}}, "accountEmail"},
	} {
		if got := contradiction(q, &test.row); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

// TestEmptySpans: no row can be in a span that ends before it begins, or lies outside of all time that rows have.
func TestEmptySpans(t *testing.T) {
	t.Parallel()
	for span, want := range map[span]bool{{5, 5}: false, {5, 6}: false, {6, 5}: true, {beginning, end}: false, {end, end}: true, {beginning, beginning}: true} {
		if span.empty() != want {
			t.Errorf("%v: empty %t", span, !want)
		}
	}
}
