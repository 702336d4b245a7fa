package feed

import (
	"math"

	"github.com/difygraph/difygraph/graph/list"
)

// This file plans calls. It is pure: numbers in, numbers out.

const (
	// maxLimit and maxPage are the largest that Dify takes.
	maxLimit = 100
	maxPage  = 99_999
	// spare rows beside those that are wanted: the cursor's second is read again, and an answer's last second may be cut.
	// With at most two rows a second that is two and two; the fifth makes a page of 95 fit one call.
	spare = 5
)

// span is a range of seconds, both ends inclusive.
type span struct{ from, to int64 }

// beginning and end stand for no bound.
const (
	beginning = math.MinInt64
	end       = math.MaxInt64
)

// writable is the part of the span in which rows can be, and which Dify can be asked for.
func (s span) writable() span { return span{max(s.from, list.FirstSecond), min(s.to, list.LastSecond)} }

// empty tells whether no row can be in the span: rows have seconds from [list.FirstSecond] to [list.LastSecond].
func (s span) empty() bool {
	return s.from > s.to || s.from > list.LastSecond || s.to < list.FirstSecond
}

// limitFor is how many rows to ask for, where wanted rows are wanted beyond a second of which passed rows are skipped and
// which has about crowd rows: a second is only usable whole.
func limitFor(wanted, passed, crowd int) int {
	return min(max(passed+wanted, crowd)+spare, maxLimit)
}

const (
	// roundRows is how many rows streams that are read side by side should be asked for together: a row costs Dify a twentieth of
	// what a call does.
	roundRows = 600
	// roundScan is the same where rows are filtered here, and nobody knows how many of them match; scanRows is the least that a
	// stream is asked for.
	roundScan, scanRows = 20 * maxLimit, 20
)

// share is how many rows are wanted of each of so many streams, if not all are: of many streams most have few of a page's rows
// or none, and those that have more are asked again.
func share(streams int) int { return max(1, roundRows/max(1, streams)-spare) }

// wholeOf is how many rows of whole seconds an answer has at least that is full of the wanted ones and the spare, where seconds
// have two at most.
func wholeOf(wanted int) int { return wanted + spare - 2 }

// scanLimit is how many rows to ask each of so many streams for where rows are filtered here.
func scanLimit(streams int) int { return min(max(roundScan/max(1, streams), scanRows), maxLimit) }

// tail plans the one page that holds the oldest rows of a window of total rows: the last page at some limit, chosen so
// that it has at least wanted rows, or nearly so, and as few more as can be. The page must be short of its limit, because
// only then it is known to be the last. rows is how many it will have if nothing changes meanwhile; page is 0 where no
// page does.
func tail(total, wanted int) (page, limit, rows int) {
	for l := 2; l <= maxLimit; l++ {
		p, r := total/l+1, total%l
		if p <= maxPage && closer(r, rows, wanted) {
			page, limit, rows = p, l, r
		}
	}
	return page, limit, rows
}

// closer tells whether r rows serve better than best: enough rows before too few, then fewer before more if enough.
func closer(r, best, wanted int) bool {
	if best < wanted {
		return r > best
	}
	return r >= wanted && r < best
}

const (
	// roomy is how many times the wanted rows a window should hold, so that chance seldom makes it too small.
	roomy = 1.25
	// fitting is how many rows a window should hold at most, so that chance seldom makes it larger than one answer.
	fitting = 80
)

// reach is how many seconds a window should span to hold so many rows, at pace seconds a row.
func reach(pace float64, rows int) int64 {
	return max(1, int64(pace*float64(rows)))
}

// windowRows is how many rows a window should hold to have those that are wanted, where a second has up to crowd rows: as many
// crowded seconds as fit one answer whole, but at least one.
func windowRows(wanted, crowd int) int {
	rows := min(int(math.Ceil(float64(wanted)*roomy))+spare, fitting)
	if crowd <= few {
		return rows
	}
	return max(crowd, min(rows, (maxLimit-1)/crowd*crowd))
}
