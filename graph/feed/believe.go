package feed

import (
	"context"

	"github.com/difygraph/difygraph/difyapi"
)

// This file reads answers that contradict themselves: they are short of their limit, but their counts say that more rows come. A proxy
// may cap the limit, or Dify counts rows that it does not show. Such an answer is taken for a full one of as many rows, and reading
// goes on below it. Where it has no row to go on from, the pages behind it are asked for, and the list says that it may not be whole.

// emptyPages bounds the pages without a row that are passed in search of one.
const emptyPages = 10

// askHead asks for page 1 of a window or, where that is empty although it should not be, for the first that is not.
func (s *stream) askHead(ctx context.Context, w span, limit int, fresh bool) (*difyapi.LogPage, error) {
	head, err := s.askCounted(ctx, w, 1, limit, fresh)
	if err != nil || len(head.Rows) > 0 || head.Last() {
		return head, err
	}
	for page := 1; page <= emptyPages; page++ {
		answer, err := s.askOnce(ctx, w, page, maxLimit, true)
		if err != nil {
			return nil, err
		}
		s.scan.doubtful = s.scan.doubtful || page > 1
		if len(answer.Rows) > 0 || answer.Last() {
			return answer, nil
		}
	}
	return head, nil
}

// ended tells whether there is nothing to read on for below the answer, or nothing to go on from.
func ended(answer *difyapi.LogPage) bool { return answer.Last() || len(answer.Rows) == 0 }
