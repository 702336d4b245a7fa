package feed

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// memory is a source over rows in memory, whose ties come in their order of insertion. It notes the questions.
type memory struct {
	rightClocks
	forgetful

	mu        sync.Mutex
	rows      []*difyapi.WorkflowLog
	questions []question
	most      int         // questions; more are an error, so that what would ask forever fails
	between   func(n int) // is called before the n-th question, from 0
	extra     int         // questions that may be asked beyond those that were foreseen
}

// rightClocks are those of apps whose times are known to be right.
type rightClocks struct{}

func (rightClocks) ClockProven(string, int64) bool { return true }
func (rightClocks) ProveClock(string, int64)       {}
func (rightClocks) DoubtClock(string)              {}
func (rightClocks) Probe(context.Context, string, difyapi.LogQuery) (*difyapi.LogPage, error) {
	return nil, errors.ErrUnsupported
}

func (rightClocks) Combines(string, difyapi.Version) (works, tried bool) { return false, true }
func (rightClocks) NoteCombines(string, difyapi.Version, bool)           {}

// forgetful sources keep no answers.
type forgetful struct{}

func (forgetful) Recall(context.Context, string, difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	return nil, 0, nil
}

func (forgetful) RecallAround(context.Context, string, difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	return nil, 0, nil
}

type question struct {
	difyapi.LogQuery
	fresh bool
}

var errTooManyQuestions = errors.New("too many questions")

func (m *memory) Logs(_ context.Context, _ string, q difyapi.LogQuery, fresh bool) (*difyapi.LogPage, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.questions) == m.most {
		return nil, 0, errTooManyQuestions
	}
	if m.between != nil {
		m.between(len(m.questions))
	}
	m.questions = append(m.questions, question{q, fresh})
	within := slices.DeleteFunc(slices.Clone(m.rows), func(row *difyapi.WorkflowLog) bool { return contradiction(q, row) == "createdAt" })
	slices.SortStableFunc(within, func(a, b *difyapi.WorkflowLog) int { return b.CreatedAt.Compare(a.CreatedAt) })
	from := min((q.Page-1)*q.Limit, len(within))
	return &difyapi.LogPage{
		Rows: within[from:min(from+q.Limit, len(within))], Page: q.Page, Limit: q.Limit, Total: len(within),
		Receipt: difyapi.Receipt{SentAt: time.Unix(1, 0)},
	}, 1, nil
}

func (*memory) Runs(context.Context, string, []uuid.UUID) ([]*difyapi.WorkflowRunDetail, int, bool, error) {
	return nil, 0, false, errors.ErrUnsupported
}

func (*memory) Version(context.Context, string) (difyapi.Version, error) {
	return difyapi.Version{}, nil
}

func (m *memory) Extra() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.extra--
	return m.extra >= 0
}

// insert adds n rows of a second.
func (m *memory) insert(second int64, n int) {
	for range n {
		m.rows = append(m.rows, &difyapi.WorkflowLog{
			ID: uuid.New(), CreatedAt: time.Unix(second, 0).UTC(), WorkflowRun: &difyapi.WorkflowRun{ID: uuid.New(), Status: difyapi.StatusSucceeded},
		})
	}
}

// read reads the first page of app a's list.
func (m *memory) read(t *testing.T, order list.Order, filter list.Filter, first int) (*list.Page, error) {
	t.Helper()
	return readList(t, m, order, filter, first, nil)
}

func readList(t *testing.T, source Source, order list.Order, filter list.Filter, first int, after *string) (*list.Page, error) {
	t.Helper()
	l := newList(t, []string{"a"}, false, filter, order)
	slice, err := list.NewSlice(l, &first, after, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &Feed{Source: source, ScanCalls: 10, ScanDetails: 1}
	return f.Read(t.Context(), list.Request{List: l, Slice: slice, Rows: true, Flags: true})
}
