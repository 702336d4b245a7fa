package loader

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/internal/rescue"
)

// windows answers one operation's questions for windows of an app's lists.
type windows struct {
	upstream *Upstream
	app      string
	mu       sync.Mutex
	asked    map[difyapi.LogQuery]*windowAnswer // by windowKey, the one with the largest limit
}

// windowAnswer answers all questions that became one. Its requests count for whoever looks at it first.
type windowAnswer struct {
	limit int
	done  chan struct{} // closed once page and err are set
	page  *difyapi.LogPage
	err   error
	sent  atomic.Int32
}

// answer is the batch function: it makes as few calls as the questions need, side by side. A question that comes after a batch for
// the same window takes that batch's answer, if its limit was large enough.
func (w *windows) answer(ctx context.Context, questions []difyapi.LogQuery) []*dataloader.Result[*windowAnswer] {
	answers := make(map[difyapi.LogQuery]*windowAnswer)
	for key, q := range largest(questions) {
		answers[key] = w.begin(ctx, key, q)
	}
	results := make([]*dataloader.Result[*windowAnswer], len(questions))
	for i, q := range questions {
		answer := answers[windowKey(q)]
		<-answer.done
		results[i] = &dataloader.Result[*windowAnswer]{Data: answer}
	}
	return results
}

// begin asks, unless a call is under way or answered that serves as well.
func (w *windows) begin(ctx context.Context, key, q difyapi.LogQuery) *windowAnswer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if answer := w.asked[key]; answer != nil && answer.limit >= q.Limit {
		return answer
	}
	answer := &windowAnswer{limit: q.Limit, done: make(chan struct{})}
	if w.asked == nil {
		w.asked = make(map[difyapi.LogQuery]*windowAnswer)
	}
	w.asked[key] = answer
	go func() {
		defer close(answer.done)
		answer.ask(ctx, w.upstream, w.app, q)
	}()
	return answer
}

func (a *windowAnswer) ask(ctx context.Context, u *Upstream, app string, q difyapi.LogQuery) {
	a.err = rescue.Call(func() error {
		began := time.Now()
		page, err := u.page(ctx, app, q)
		a.sent.Store(int32(requests(page, err)))
		a.page = u.withOldestTime(page, began)
		return err
	})
}

// withOldestTime is a page that says to be as old as a shared one can be that was asked for at a time. So nobody learns from it
// whether another operation has asked the same, and when.
func (u *Upstream) withOldestTime(page *difyapi.LogPage, asked time.Time) *difyapi.LogPage {
	if page == nil || u.logs.ttl <= 0 {
		return page
	}
	oldest := *page
	oldest.SentAt = asked.Add(-u.logs.ttl).UTC()
	return &oldest
}

func asFailure(err error) (*difyapi.Error, bool) { return errors.AsType[*difyapi.Error](err) }

// requests is how many requests a call took.
func requests(page *difyapi.LogPage, err error) int {
	if failure, ok := asFailure(err); ok {
		return failure.Requests
	}
	if page == nil {
		return 0 // the caller is gone
	}
	return page.Requests
}

// largest leaves one question for each window: the one with the largest limit, whose answer has the others' rows, too.
func largest(questions []difyapi.LogQuery) map[difyapi.LogQuery]difyapi.LogQuery {
	byWindow := make(map[difyapi.LogQuery]difyapi.LogQuery)
	for _, q := range questions {
		if key := windowKey(q); byWindow[key].Limit < q.Limit {
			byWindow[key] = q
		}
	}
	return byWindow
}

// windowKey is the same for questions that one answer can serve: those for page 1 of a window, whatever their limit. The limit
// decides where a later page begins, so such pages have keys of their own.
func windowKey(q difyapi.LogQuery) difyapi.LogQuery {
	if q.Page <= 1 {
		q.Limit = 0
	}
	return q
}
