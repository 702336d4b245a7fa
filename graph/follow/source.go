package follow

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/feed"
	"github.com/difygraph/difygraph/graph/list"
)

// Source answers questions about an app's log.
type Source interface {
	feed.Source
	// RunNow returns what Dify tells of a run now. Its answer must not be kept.
	RunNow(ctx context.Context, app string, id uuid.UUID) (*difyapi.WorkflowRunDetail, error)
}

// reading is a source for one task: its answers are fresh, its calls numbered, and all of them within the server's share.
type reading struct {
	Source
	share *share
	calls int // that may still be made
	count func()

	date time.Time     // of the first answer
	took time.Duration // for the last
}

var _ feed.Source = (*reading)(nil)

func (r *reading) call(ctx context.Context, call func() (date time.Time, err error)) error {
	leave, err := r.share.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	r.count()
	began := time.Now()
	date, err := call()
	r.took = time.Since(began)
	if r.date.IsZero() {
		r.date = date
	}
	return err
}

// Logs counts no call for a second that fits no answer: given up in the midst of it, nothing would be known of it.
func (r *reading) Logs(ctx context.Context, app string, q difyapi.LogQuery, _ bool) (page *difyapi.LogPage, sent int, err error) {
	if !q.CreatedAfter.IsZero() && q.CreatedAfter.Unix() == q.CreatedBefore.Unix() {
		r.calls++
	}
	err = r.call(ctx, func() (date time.Time, err error) {
		if page, sent, err = r.Source.Logs(ctx, app, q, true); page != nil {
			date = page.Date
		}
		return date, err
	})
	return page, sent, err
}

func (r *reading) Probe(ctx context.Context, app string, q difyapi.LogQuery) (page *difyapi.LogPage, err error) {
	err = r.call(ctx, func() (date time.Time, err error) {
		page, err = r.Source.Probe(ctx, app, q)
		return date, err
	})
	return page, err
}

func (r *reading) RunNow(ctx context.Context, app string, id uuid.UUID) (run *difyapi.WorkflowRunDetail, err error) {
	err = r.call(ctx, func() (date time.Time, err error) {
		run, err = r.Source.RunNow(ctx, app, id)
		return date, err
	})
	return run, err
}

// Version is not asked for: every answer tells it, and an older server that ignores bounds of time shows rows beyond them.
func (*reading) Version(context.Context, string) (difyapi.Version, error) {
	return difyapi.Version{}, nil
}

// Recall has nothing: what is kept is not news.
func (*reading) Recall(context.Context, string, difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	return nil, 0, nil
}

func (r *reading) Extra() bool {
	if r.calls == 0 {
		return false
	}
	r.calls--
	return r.Source.Extra()
}

// answer does a task.
func (r *reading) answer(ctx context.Context, app string, t task) answer {
	var a answer
	r.calls = t.calls
	if t.run != nil {
		a.run, a.err = r.RunNow(ctx, app, t.run.row.WorkflowRun.ID)
	} else {
		a = r.window(ctx, app, t.window)
	}
	a.date, a.took = r.date, r.took
	return a
}

// window reads the rows of a window as far as the number of calls allows, the newest first.
func (r *reading) window(ctx context.Context, app string, w span) answer {
	page, err := r.read(ctx, app, w)
	if errors.Is(err, feed.ErrCallsSpent) && w.to != latest {
		return answer{from: w.to + 1}
	}
	if err != nil {
		return answer{err: err}
	}
	a := answer{from: w.from}
	if slices.Contains(page.Scan.Reasons, list.ScanBudget) {
		stop, err := list.ParseCursor(page.EndCursor)
		if err != nil {
			return answer{err: err}
		}
		a.from = stop.Position.Second
	}
	a.partial = slices.Contains(page.Scan.Reasons, list.CrowdedSecond) || slices.Contains(page.Scan.Reasons, list.BadResponse)
	for i := range page.Rows {
		if row := page.Rows[i].WorkflowLog; secondOf(row) >= a.from {
			a.rows = append(a.rows, row)
		}
	}
	slices.Reverse(a.rows)
	return a
}

// allRows is more than any window has.
const allRows = 1 << 30

func (r *reading) read(ctx context.Context, app string, w span) (*list.Page, error) {
	times := list.TimeRange{Since: new(time.Unix(w.from, 0))}
	if w.to != latest {
		times.Until = new(time.Unix(w.to+1, 0))
	}
	l, err := list.New([]string{app}, false, list.Filter{CreatedAt: &times}, list.NewestFirst)
	if err != nil {
		return nil, err
	}
	f := feed.Feed{Source: r, ScanCalls: 1, ScanDetails: 1}
	return f.Read(ctx, list.Request{List: l, Slice: list.Slice{Count: allRows}, Rows: true, Unforeseen: true})
}
