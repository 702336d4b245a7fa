package list

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/difygraph/difygraph/difyapi"
)

// Row is a row of a list at its position.
type Row struct {
	*difyapi.WorkflowLog
	Position
	// Hints are those of the row's cursor; SecondsPerHundred is not set, since it is the page's.
	Hints Hints
}

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

	digest            [digestSize]byte
	secondsPerHundred int
	newest            *Position // of the row that was the newest of the list, if the page has it
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
	// DetailCalls counts requests for runs that a keyword was looked for in.
	DetailCalls int
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
	return Cursor{Digest: p.digest, Position: row.Position, Hints: p.hints(row)}.Append(b)
}

// hints are those of a row's cursor.
func (p *Page) hints(row *Row) Hints {
	hints := row.Hints
	if p.newest == nil || row.Position != *p.newest {
		hints.SecondsPerHundred = p.secondsPerHundred // beyond the newest row, nobody knows how dense the next ones will be
	}
	return hints
}

// AppendIdentity appends to b what is the same for two pages exactly where they are of one list, and have the same readings of
// the same rows with the same cursors. It is false where a row was not read by a client.
func (p *Page) AppendIdentity(b []byte) ([]byte, bool) {
	b = append(b, p.digest[:]...)
	for i := range p.Rows {
		row := &p.Rows[i]
		if row.Serial() == 0 {
			return b, false
		}
		h := p.hints(row)
		for _, n := range [...]int{h.Crowd, h.Newer, h.SecondsPerHundred, len(row.App)} {
			b = binary.AppendUvarint(b, uint64(n))
		}
		b = binary.AppendUvarint(append(b, row.App...), row.Serial())
	}
	return b, true
}

// Reading is what a [Reader] has found for a request. Its rows are in the order of reading, see [Request.Toward].
type Reading struct {
	Rows []Row
	// HasMore is whether more rows match in the direction of reading, HasPassed whether some match before the first.
	HasMore, HasPassed bool
	// Stop is the position up to which all rows are known, where reading ended early beyond the last of Rows; else nil.
	Stop *Position
	// SecondsPerHundred is as in [Hints].
	SecondsPerHundred int
}

// NewPage makes the page of what was read for a request: its rows in the list's order, its flags, and its cursors.
func NewPage(req Request, r Reading) *Page {
	p := &Page{Rows: r.Rows, HasNextPage: r.HasMore, HasPreviousPage: r.HasPassed, digest: req.List.digest, secondsPerHundred: r.SecondsPerHundred}
	n, toward := len(p.Rows), req.Toward()
	if n > 0 && toward == Older && !r.HasPassed {
		p.newest = new(p.Rows[0].Position)
	} else if n > 0 && toward == Newer && !r.HasMore {
		p.newest = new(p.Rows[n-1].Position)
	}
	if n > 0 {
		p.StartCursor, p.EndCursor = p.Cursor(&p.Rows[0]), p.Cursor(&p.Rows[n-1])
	}
	if r.Stop != nil {
		p.EndCursor = Cursor{Digest: p.digest, Position: *r.Stop, Hints: Hints{SecondsPerHundred: p.secondsPerHundred}}.String()
	}
	if req.Slice.Backward {
		slices.Reverse(p.Rows)
		p.HasNextPage, p.HasPreviousPage = p.HasPreviousPage, p.HasNextPage
		p.StartCursor, p.EndCursor = p.EndCursor, p.StartCursor
	}
	return p
}
