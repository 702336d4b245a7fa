package feed

import (
	"context"
	"slices"

	"github.com/difygraph/difygraph/graph/list"
)

// Where a zone changes its clocks, rows of different times can be shown in one second. A page that ends among those of one app is read on
// from one whose time may be right, and whose second then lacks the others: they are of the hours that were read before.

// checkTies makes sure of the hours that were read before the second in which a page ends, where its last row shares it with others of
// its app and clocks may be changed.
func (r *reader) checkTies(ctx context.Context, m merged, count int) error {
	last, tied := m.endsInTie(count)
	if !tied || !mayChangeClocks(last.Second) {
		return nil
	}
	before := span{last.Second - 2*hour, last.Second - 1}
	if r.toward == list.Older {
		before = span{last.Second + 1, last.Second + 2*hour}
	}
	return r.eachClock(ctx, func(c clock, ctx context.Context) error {
		if c.app != last.App {
			return nil
		}
		for _, part := range bySeason(before) {
			if err := c.checkSeason(ctx, part); err != nil {
				return err
			}
		}
		return nil
	})
}

// endsInTie tells whether a row of the same app and second stands behind the last of count rows.
func (m merged) endsInTie(count int) (last list.Position, tied bool) {
	if count == 0 {
		return last, false
	}
	last = m.rows[count-1].Position
	return last, slices.ContainsFunc(m.rows[count:], func(row candidate) bool { return row.Second == last.Second && row.App == last.App })
}
