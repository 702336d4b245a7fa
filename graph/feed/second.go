package feed

import (
	"context"
	"errors"
	"slices"

	"github.com/difygraph/difygraph/difyapi"
)

// SecondCalls bounds the calls for one crowded second. Dify on PostgreSQL mostly sorts alike for each page of so small a
// window, so that 3 calls do for up to 199 rows, 5 for up to 299. If each answer were in a random order, 200 rows would
// take some 26, 300 some 40.
const SecondCalls = 60

// vainRounds is after how many rounds in succession reading a second is given up, where its pages show nothing new and contradict their
// counts. Once or twice happens to an honest server, if rows go between two of its statements. One round is enough if the server has
// contradicted itself twice before (distrusts).
const vainRounds = 3

// readSecond reads a second that may have more rows than one answer. seen are rows of it that an answer showed. Its calls count
// against no budget of the list's, so that every page makes progress.
func (s *stream) readSecond(ctx context.Context, second int64, seen []*difyapi.WorkflowLog) error {
	logs, whole, err := s.readWhole(ctx, span{second, second})
	switch {
	case errors.Is(err, errSpent) && !s.moved() && len(seen)+len(logs) > 0:
		logs = union(seen, logs) // else no page would ever come past it
	case err != nil:
		return err
	}
	s.take(logs)
	s.scan.crowded = s.scan.crowded || !whole && !s.scan.doubtful
	s.hasNext = false
	s.advance(second + int64(s.toward))
	return nil
}

// readWhole returns what was seen where an error ends it, too.
func (s *stream) readWhole(ctx context.Context, w span) (logs []*difyapi.WorkflowLog, whole bool, err error) {
	var c completeness
	page, limit, known, vain := 1, maxLimit, -1, 0
	for range SecondCalls {
		answer, err := s.ask(ctx, w, page, limit, true)
		if err != nil {
			return c.seen(), false, err
		}
		c.add(answer)
		if logs, whole := c.whole(); whole {
			return logs, true, nil
		}
		if page, limit = pageAfter(answer); page > 1 {
			continue
		}
		if answer.Contradicts() && len(c.rows) == known {
			vain++
		} else {
			vain = 0
		}
		if vain == vainRounds || vain > 0 && s.distrusts {
			s.scan.doubtful = true // what is counted and not shown will not be
			break
		}
		known = len(c.rows)
	}
	return c.seen(), false, nil
}

// union has each row once.
func union(a, b []*difyapi.WorkflowLog) []*difyapi.WorkflowLog {
	for _, row := range a {
		if !slices.ContainsFunc(b, func(other *difyapi.WorkflowLog) bool { return other.ID == row.ID }) {
			b = append(b, row)
		}
	}
	return b
}

// pageAfter goes round the pages of a window, at the limit that the server really gives: that of a first page that is cut.
func pageAfter(answer *difyapi.LogPage) (page, limit int) {
	n := len(answer.Rows)
	switch {
	case answer.Contradicts() && answer.Page == 1 && n > 0:
		return 2, n
	case n < answer.Limit && !(answer.Contradicts() && n > 0) || answer.Page*answer.Limit >= answer.Total:
		return 1, answer.Limit
	default:
		return answer.Page + 1, answer.Limit
	}
}
