package feed

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// panicking is a source that panics in one of its methods, and else has one row.
type panicking struct {
	rightClocks
	forgetful
	in string
}

func (p panicking) Logs(context.Context, string, difyapi.LogQuery, bool) (*difyapi.LogPage, int, error) {
	if p.in == "Logs" {
		panic("boom")
	}
	row := &difyapi.WorkflowLog{ID: uuid.New(), CreatedAt: time.Unix(1772323200, 0).UTC(), WorkflowRun: &difyapi.WorkflowRun{ID: uuid.New()}}
	return &difyapi.LogPage{Page: 1, Limit: maxLimit, Total: 1, Rows: []*difyapi.WorkflowLog{row}}, 1, nil
}

func (p panicking) Runs(context.Context, string, []uuid.UUID) ([]*difyapi.WorkflowRunDetail, int, bool, error) {
	panic("boom")
}

func (p panicking) Version(context.Context, string) (difyapi.Version, error) {
	panic("boom")
}

func (p panicking) Extra() bool { return true }

// TestPanicWhileReading: in whatever goroutine a page is read, a panic is that page's error, which names the app where there is
// one. It is no failure of Dify's that a list could go on without.
func TestPanicWhileReading(t *testing.T) {
	t.Parallel()
	long, account := strings.Repeat("long ", 10), "ada@example.com"
	for name, test := range map[string]struct {
		source panicking
		filter list.Filter
		slice  list.Slice
		app    string
	}{
		"in a stream":            {panicking{in: "Logs"}, list.Filter{}, list.Slice{Count: 1}, "a"},
		"in the look at details": {panicking{in: "Runs"}, list.Filter{Keyword: &long}, list.Slice{Count: 1}, "a"},
		"in the look at version": {panicking{in: "Version"}, list.Filter{AccountEmail: &account}, list.Slice{Count: 1}, "a"},
		"beside the streams":     {panicking{in: "nothing"}, list.Filter{}, list.Slice{Count: -1}, ""}, // no page has so few rows
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := list.New([]string{"a"}, false, test.filter, list.NewestFirst)
			if err != nil {
				t.Fatal(err)
			}
			f := Feed{Source: test.source, ScanCalls: 1, ScanDetails: 1}
			_, err = f.Read(t.Context(), list.Request{List: l, Slice: test.slice, Rows: true, Partial: true})
			checkPanic(t, err)
			if e, ok := errors.AsType[*list.AppError](err); ok != (test.app != "") || ok && e.App != test.app {
				t.Errorf("error %v, want one of app %q", err, test.app)
			}
		})
	}
}

// TestPanicWhileCounting: the count fails alone.
func TestPanicWhileCounting(t *testing.T) {
	t.Parallel()
	l, err := list.New([]string{"a"}, false, list.Filter{}, list.NewestFirst)
	if err != nil {
		t.Fatal(err)
	}
	f := Feed{Source: panicking{in: "Logs"}, ScanCalls: 1, ScanDetails: 1}
	page, err := f.Read(t.Context(), list.Request{List: l, Slice: list.Slice{Count: 1}, Total: true})
	if err != nil || page.Total != nil {
		t.Fatalf("page %+v, error %v", page, err)
	}
	checkPanic(t, page.TotalErr)
}

func checkPanic(t *testing.T, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "panic: ") || !strings.Contains(err.Error(), "goroutine ") {
		t.Errorf("error %v, want the panic and its stack", err)
	}
}
