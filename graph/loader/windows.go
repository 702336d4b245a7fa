package loader

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/internal/rescue"
)

// windowAnswer answers all questions that became one. Its request counts for whoever looks at it first.
type windowAnswer struct {
	page *difyapi.LogPage
	err  error
	sent atomic.Int32
}

// windows is the batch function of an app's lists: as few calls as the questions need, side by side.
func (u *Upstream) windows(app string) dataloader.BatchFunc[difyapi.LogQuery, *windowAnswer] {
	return func(ctx context.Context, questions []difyapi.LogQuery) []*dataloader.Result[*windowAnswer] {
		answers := make(map[difyapi.LogQuery]*windowAnswer)
		var calls sync.WaitGroup
		for _, q := range largest(questions) {
			answer := new(windowAnswer)
			answers[alike(q)] = answer
			calls.Go(func() { answer.ask(ctx, u, app, q) })
		}
		calls.Wait()
		results := make([]*dataloader.Result[*windowAnswer], len(questions))
		for i, q := range questions {
			results[i] = &dataloader.Result[*windowAnswer]{Data: answers[alike(q)]}
		}
		return results
	}
}

func (a *windowAnswer) ask(ctx context.Context, u *Upstream, app string, q difyapi.LogQuery) {
	a.err = rescue.Call(func() error {
		page, sent, err := u.page(ctx, app, q)
		if sent {
			a.sent.Store(1)
		}
		a.page = page
		return err
	})
}

// largest leaves one question of those that are alike: the one with the largest limit, whose answer has all others'.
func largest(questions []difyapi.LogQuery) map[difyapi.LogQuery]difyapi.LogQuery {
	byWindow := make(map[difyapi.LogQuery]difyapi.LogQuery)
	for _, q := range questions {
		if key := alike(q); byWindow[key].Limit < q.Limit {
			byWindow[key] = q
		}
	}
	return byWindow
}

// alike is the same for questions that one answer can serve. On later pages the limit decides where a page begins.
func alike(q difyapi.LogQuery) difyapi.LogQuery {
	if q.Page <= 1 {
		q.Limit = 0
	}
	return q
}
