package feed

import (
	"context"
	"slices"

	"github.com/difygraph/difygraph/difyapi"
)

// readOlder reads on toward older rows: the newest of those that are left are on page 1 of their window, so that OFFSET
// stays zero however deep the walk is.
func (s *stream) readOlder(ctx context.Context, wanted int) error {
	page, err := s.askHead(ctx, s.rest, s.limit(wanted), false)
	if err != nil {
		return err
	}
	if s.takeNewest(page) {
		return nil
	}
	if page.Limit < maxLimit {
		page, err = s.askHead(ctx, s.rest, maxLimit, true)
		if err != nil {
			return err
		}
		if s.takeNewest(page) {
			return nil
		}
	}
	return s.readSecond(ctx, s.next(), page.Rows)
}

// takeNewest takes the seconds of page 1 that are whole. Where there is none, because the answer is full of rows of one
// second, it makes that second the next one and returns false.
func (s *stream) takeNewest(page *difyapi.LogPage) bool {
	logs := page.Rows
	if ended(page) {
		s.take(logs)
		s.finish()
		return true
	}
	cut, whole := newestSeconds(page)
	s.take(whole)
	s.expect(logs[len(whole)])
	s.noteNext(logs[len(whole):])
	s.density.crowded(likelyCrowd(len(logs) - len(whole)))
	s.advance(cut)
	return len(whole) > 0
}

// newestSeconds splits a full answer: its last second may be cut, the rows of the others are all there.
func newestSeconds(page *difyapi.LogPage) (cut int64, whole []*difyapi.WorkflowLog) {
	logs := page.Rows
	cut = secondOf(logs[len(logs)-1])
	return cut, logs[:slices.IndexFunc(logs, func(l *difyapi.WorkflowLog) bool { return secondOf(l) == cut })]
}

// likelyCrowd guesses how many rows a second has of which a full answer showed the first few.
func likelyCrowd(seen int) int {
	if seen <= few {
		return seen
	}
	return 3 * seen
}

func secondOf(log *difyapi.WorkflowLog) int64 { return log.CreatedAt.Unix() }
