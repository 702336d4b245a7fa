package feed

import (
	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// completeness finds out which rows a window has, where no single answer shows them all, although each answer may show its
// page of another order, and rows may come and go between any two of Dify's statements.
//
// It rests on this: a row that was seen before a moment and again after it was there at that moment, since no row comes
// back once it is gone. So if Dify counted n rows at a moment, and n ids are known to have been there, these are all.
//
// An answer offers two such moments. Its total was counted in a statement of its own, beside that which selected the
// rows: rows of this answer may have been seen before it or after. And a page that is short of its limit is the last,
// unless its counts say otherwise, so
// that its OFFSET and its rows are the number of all at the very moment in which they were seen.
//
// Equal totals alone would prove nothing: with one row gone and one come between two answers they stay the same, and the
// distinct ids can be as many while one row of them has left and another was never shown.
type completeness struct {
	rows    map[uuid.UUID]*observation
	moments []moment
	answers int
}

// observation is a row as it was seen last, and the numbers of the first and last answers that showed it.
type observation struct {
	row         *difyapi.WorkflowLog
	first, last int
}

// moment is when the window had at most count rows. What was seen in the answers up to before was seen before it or at
// it, and what was seen in those from after on was seen after it or at it.
type moment struct{ before, after, count int }

func (c *completeness) add(answer *difyapi.LogPage) {
	if c.rows == nil {
		c.rows = make(map[uuid.UUID]*observation)
	}
	for _, row := range answer.Rows {
		if c.rows[row.ID] == nil {
			c.rows[row.ID] = &observation{first: c.answers}
		}
		c.rows[row.ID].row, c.rows[row.ID].last = row, c.answers
	}
	c.moments = append(c.moments, moment{c.answers - 1, c.answers + 1, answer.Total})
	if answer.Last() {
		offset := (answer.Page - 1) * answer.Limit
		c.moments = append(c.moments, moment{c.answers, c.answers, offset + len(answer.Rows)})
	}
	c.answers++
}

// whole returns all rows that the window had at some moment, or false if there is none at which all are known.
func (c *completeness) whole() ([]*difyapi.WorkflowLog, bool) {
	for _, m := range c.moments {
		if m.count > len(c.rows) {
			continue // not all of them were ever seen
		}
		if rows := c.at(m); len(rows) >= m.count {
			return rows, true
		}
	}
	return nil, false
}

// at returns the rows that are known to have been there at the moment.
func (c *completeness) at(m moment) []*difyapi.WorkflowLog {
	var rows []*difyapi.WorkflowLog
	for _, s := range c.rows {
		if s.first <= m.before && s.last >= m.after {
			rows = append(rows, s.row)
		}
	}
	return rows
}

// seen returns all rows that any answer showed.
func (c *completeness) seen() []*difyapi.WorkflowLog {
	return c.at(moment{before: c.answers, after: 0})
}
