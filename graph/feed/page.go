package feed

import (
	"slices"
	"time"
)

// Page is a part of a list, in the list's order.
type Page struct {
	Rows []Row
	// HasNextPage and HasPreviousPage speak of the whole list under its filter.
	HasNextPage, HasPreviousPage bool
	// StartCursor and EndCursor are empty where there is nothing to go on from. They are those of the first and the last
	// row, but where a budget ended: there, the one in the direction read is where reading stopped.
	StartCursor, EndCursor string
	// Total is how many rows match; nil where it was not asked for, where Dify can't count them, or where TotalErr says
	// why not.
	Total    *int
	TotalErr error
	Scan     Scan

	digest [digestSize]byte
	pace   int
	newest *Position // of the row that was the newest of the list, if the page has it
}

// Reason is why a page may be short of what it could have.
type Reason string

// The reasons, in the order in which they are reported.
const (
	ScanBudget    Reason = "SCAN_BUDGET"
	CrowdedSecond Reason = "CROWDED_SECOND"
	AppFailed     Reason = "APP_FAILED"
	BadResponse   Reason = "BAD_RESPONSE"
)

// Scan is what it took to make a page.
type Scan struct {
	Reasons []Reason
	// UpstreamCalls counts requests for log entries that the page is made of; RowsScanned the rows of all answers.
	UpstreamCalls, RowsScanned int
	// AsOf is when the oldest request behind the page was sent or, where answers may be shared, could have been, in UTC.
	AsOf       time.Time
	FailedApps []*AppError
}

// Complete tells whether the page has all that it could have.
func (s Scan) Complete() bool { return len(s.Reasons) == 0 }

// Cursor is the cursor of a row of this page.
func (p *Page) Cursor(row *Row) string { return string(p.AppendCursor(nil, row)) }

// AppendCursor appends it to b.
func (p *Page) AppendCursor(b []byte, row *Row) []byte {
	hints := row.hints
	if p.newest == nil || row.Position != *p.newest {
		hints.Pace = p.pace // beyond the newest row, nobody knows how dense the next ones will be
	}
	return Cursor{Digest: p.digest, Position: row.Position, Hints: hints}.Append(b)
}

// orient turns what was read into the list's order and says what reading on leads to. ahead and behind are whether there
// is more in the direction read, and on the other side; stop is where reading stopped, if the page does not reach a row.
func (p *Page) orient(toward direction, backward, ahead, behind bool, stop *Position) {
	p.HasNextPage, p.HasPreviousPage = ahead, behind
	if n := len(p.Rows); n > 0 && toward == older && !behind {
		p.newest = &p.Rows[0].Position
	} else if n > 0 && toward == newer && !ahead {
		p.newest = &p.Rows[n-1].Position
	}
	var first, last string
	if n := len(p.Rows); n > 0 {
		first, last = p.Cursor(&p.Rows[0]), p.Cursor(&p.Rows[n-1])
	}
	if stop != nil {
		last = Cursor{Digest: p.digest, Position: *stop, Hints: Hints{Pace: p.pace}}.String()
	}
	p.StartCursor, p.EndCursor = first, last
	if backward {
		slices.Reverse(p.Rows)
		p.HasNextPage, p.HasPreviousPage = behind, ahead
		p.StartCursor, p.EndCursor = last, first
	}
}
