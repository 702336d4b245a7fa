package feed

import (
	"context"

	"github.com/difygraph/difygraph/graph/list"
)

// Where a zone changes its clocks, rows of different times can be shown in one second. A page that ends among them is read on from a
// row whose time may be right, and whose second then lacks the others. So these are looked for while it is known which they are.

// checkTies makes sure that the rows behind a page's last one in its second are compared with the time that they are shown at, in hours
// in which clocks may change.
func (r *reader) checkTies(ctx context.Context, m merged, count int) error {
	ties := m.ties(count)
	if len(ties) == 0 || !mayChangeClocks(ties[0].Second) {
		return nil
	}
	return r.eachClock(ctx, func(c clock, ctx context.Context) error { return c.checkTies(ctx, ties) })
}

// ties are the rows that share their second with the last of count rows, and stand behind it.
func (m merged) ties(count int) (ties []list.Position) {
	if count == 0 {
		return nil
	}
	for _, row := range m.rows[count:] {
		if row.Second != m.rows[count-1].Second {
			break
		}
		ties = append(ties, row.Position)
	}
	return ties
}

// checkTies looks for those of the app's rows that are not in the second of all of them.
func (c clock) checkTies(ctx context.Context, ties []list.Position) error {
	second := span{ties[0].Second, ties[0].Second}
	var answer map[list.Position]bool
	for _, tie := range ties {
		if tie.App != c.app {
			continue
		}
		if answer == nil {
			page, err := c.askAny(ctx, second, maxLimit)
			if err != nil || len(page.Rows) == maxLimit {
				return err // of a crowded second not all rows are seen
			}
			answer = make(map[list.Position]bool, len(page.Rows))
			for _, row := range page.Rows {
				answer[c.position(row)] = true
			}
		}
		if answer[tie] {
			continue
		}
		if err := c.find(ctx, tie); err != nil {
			return err
		}
	}
	return nil
}
