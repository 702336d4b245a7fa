package feed

import (
	"context"

	"github.com/difygraph/difygraph/difyapi"
)

// What an answer says of itself is believed as long as it does not contradict itself. An answer that is short of its limit,
// although its counts say that more rows come, may be cut: by a proxy that caps the limit, or since Dify counts what it
// does not show. It then stands for a full one of as many rows, so that reading goes on below it. Only where it has no
// row to go on from, the pages behind it are looked at, and the list says that it may not be whole.

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
