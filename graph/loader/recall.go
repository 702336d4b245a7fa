package loader

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/difygraph/difygraph/difyapi"
)

// maxRecent bounds how many lists are remembered in [recent].
const maxRecent = 100_000

// recent remembers which window of each list was asked for last. A kept answer can only be found by its exact question, which this
// tells. A list is an app with its filters, without bounds of time and page.
type recent struct {
	// questions are for windows of which the answer may serve those that end before.
	questions *otter.Cache[logKey, difyapi.LogQuery]
	// whole are for windows that had ended, of which the answer has all rows: it serves those within.
	whole *otter.Cache[logKey, difyapi.LogQuery]
}

func newRecent(ttl time.Duration) recent {
	if ttl <= 0 {
		return recent{}
	}
	options := &otter.Options[logKey, difyapi.LogQuery]{
		MaximumSize: maxRecent, ExpiryCalculator: otter.ExpiryWriting[logKey, difyapi.LogQuery](ttl),
	}
	return recent{otter.Must(options), otter.Must(options)}
}

// note remembers a question that was answered. One for a single row, as for a count, says too little.
func (r recent) note(key logKey, page *difyapi.LogPage) {
	if r.questions == nil || key.query.Page != 1 || key.query.Limit == 1 {
		return
	}
	r.questions.Set(listOf(key), key.query)
	if end := key.query.CreatedBefore; page.Last() && !end.IsZero() && end.Before(page.SentAt) {
		r.whole.Set(wholeListOf(key), key.query)
	}
}

// of is the last question for the key's list; its Page is 0 if there was none.
func (r recent) of(key logKey) difyapi.LogQuery {
	if r.questions == nil {
		return difyapi.LogQuery{}
	}
	q, _ := r.questions.GetIfPresent(listOf(key))
	return q
}

// around is the last question for a window that has all of the key's; its Page is 0 if there was none.
func (r recent) around(key logKey) difyapi.LogQuery {
	if r.whole == nil {
		return difyapi.LogQuery{}
	}
	q, _ := r.whole.GetIfPresent(wholeListOf(key))
	if q.CreatedAfter.After(key.query.CreatedAfter) || key.query.CreatedBefore.IsZero() || q.CreatedBefore.Before(key.query.CreatedBefore) {
		return difyapi.LogQuery{}
	}
	return q
}

func (r recent) close() {
	if r.questions == nil {
		return
	}
	for _, c := range []*otter.Cache[logKey, difyapi.LogQuery]{r.questions, r.whole} {
		c.InvalidateAll()
		c.StopAllGoroutines()
	}
}

// listOf is the same for all windows with the same beginning.
func listOf(key logKey) logKey {
	key.query.CreatedBefore, key.query.Page, key.query.Limit = time.Time{}, 0, 0
	return key
}

// wholeListOf is the same for all windows.
func wholeListOf(key logKey) logKey {
	key.query.CreatedAfter = time.Time{}
	return listOf(key)
}

// Recall returns a kept answer to a question for a window that ends later, where it answers this one as well; else nil. It costs
// what the request would: nobody is to learn what others have asked.
func (l *Loaders) Recall(_ context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	u := l.upstream
	key := logKey{u.clients[app].Identity(), q}
	wider := u.recent.of(key)
	a, ok := u.logs.young(logKey{key.identity, wider})
	if !ok || !serves(wider, a.value, q) {
		return nil, 0, nil
	}
	return l.recalled(a)
}

// RecallAround returns a kept answer that has all rows of a window around the one that is asked for, which had ended; else nil.
// It costs what the request would, too.
func (l *Loaders) RecallAround(_ context.Context, app string, q difyapi.LogQuery) (*difyapi.LogPage, int, error) {
	u := l.upstream
	key := logKey{u.clients[app].Identity(), q}
	a, ok := u.logs.young(logKey{key.identity, u.recent.around(key)})
	if !ok {
		return nil, 0, nil
	}
	return l.recalled(a)
}

// recalled is a kept answer, at the operation's expense.
func (l *Loaders) recalled(a *dated[*difyapi.LogPage]) (*difyapi.LogPage, int, error) {
	u := l.upstream
	if !l.budget.request(false) {
		return nil, 0, difyapi.ErrAllowanceSpent
	}
	u.logs.stats.hits.Add(1)
	l.budget.take(a.value.Size())
	return u.withOldestTime(a.value, time.Now()), requests(a.value, nil), nil
}

// serves tells whether the answer to a question for a wider window has the same rows as that to q.
func serves(wider difyapi.LogQuery, page *difyapi.LogPage, q difyapi.LogQuery) bool {
	if q.CreatedBefore.IsZero() {
		return false // what ends nowhere is part of nothing else
	}
	if !wider.CreatedBefore.IsZero() && wider.CreatedBefore.Before(q.CreatedBefore) || page.Contradicts() || page.Limit < q.Limit && !page.Last() {
		return false
	}
	for _, row := range page.Rows {
		if row.CreatedAt.Unix() >= q.CreatedBefore.Unix() {
			return false
		}
	}
	return true
}
