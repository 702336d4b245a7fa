package feed

import (
	"github.com/difygraph/difygraph/graph/list"
)

// density is how close together a stream's rows come, as far as it has met them. It plans the windows toward newer rows. It is
// pure: numbers in, numbers out.
type density struct {
	before        float64 // seconds a row of the pages before, as the cursor says; 0 if it does not
	secondsPerRow float64 // seconds a row, as far as known; else 0
	misses        int     // windows in succession that held far fewer rows than wanted
	crowd         int     // rows of the most crowded second met, or likely

	rows    int   // of the seconds that are known, matching or not
	lead    int64 // the second that was met first
	leading int   // how many rows it has
	met     span  // from the oldest to the newest of them
}

const (
	// maxMisses is how many windows in succession may hold next to nothing before one without an upper end is asked for.
	maxMisses = 3
	// stride is how much longer the next window is after an empty one.
	stride = 8
	// few rows of one second are not worth a hint.
	few = 2
)

// densityAfter is what is known behind a cursor.
func densityAfter(before float64) density { return density{before: before, secondsPerRow: before} }

// meet notes a row of a second that is known.
func (d *density) meet(second int64) {
	if d.rows == 0 {
		d.met, d.lead = span{second, second}, second
	}
	if second == d.lead {
		d.leading++
	}
	d.met = span{min(d.met.from, second), max(d.met.to, second)}
	d.rows++
}

// crowded notes that a second has so many rows, or likely has.
func (d *density) crowded(rows int) { d.crowd = max(d.crowd, rows) }

// spread is how many rows to divide the seconds covered by. Those of the second met first do not count, since the time before that
// second is not covered; but at least half of all do, lest one crowded second leaves none.
func (d *density) spread() int { return max(d.rows-d.leading, d.rows/2) }

// guides tells whether there is enough to guess a window by.
func (d *density) guides() bool { return d.secondsPerRow > 0 && d.misses < maxMisses }

// window is how many seconds the next window should span to hold the rows that are wanted, where it begins at a second of which
// a cursor says that it has so many rows, if it does.
func (d *density) window(begins int64, hinted, wanted int) int64 {
	return reach(d.secondsPerRow, d.windowRows(begins, hinted, wanted))
}

// windowRows is how many rows the next window should hold. Crowded seconds are mostly some time apart, and windows should end
// halfway between two: so one that begins with a crowded second is shorter, and one right behind it is longer by half that time.
func (d *density) windowRows(begins int64, hinted, wanted int) int {
	crowd := max(d.crowd, hinted)
	rows := windowRows(wanted, crowd)
	switch {
	case crowd <= few:
		return rows
	case hinted > few:
		return rows - crowd/2
	case d.rows > 0 && d.met.to == begins-1:
		return rows + crowd/2
	default:
		return rows
	}
}

// learn notes what a window of so many seconds held, covered being all that the stream has read: how many seconds a row took, and
// whether the window was far too small. Where seconds are crowded a single window tells little: then all that is known
// counts, and what the cursor says of the rows before.
func (d *density) learn(rows int, seconds, covered int64, wanted int) {
	switch crowded := d.crowd > few && d.secondsPerRow > 0; {
	case rows == 0 && crowded:
		d.secondsPerRow *= 2
	case rows == 0:
		d.secondsPerRow *= stride
	case crowded:
		d.secondsPerRow = (d.before*maxLimit + float64(covered)) / float64(maxLimit+d.spread())
	default:
		d.secondsPerRow = float64(seconds) / float64(rows)
	}
	if rows*4 < min(wanted, fitting) {
		d.misses++
	} else {
		d.misses = 0
	}
}

// reading is what a stream has met of a page, and in how many seconds.
type reading struct {
	density
	covered int64
}

// smoothed is how many seconds a hundred rows took in all streams together, smoothed over the pages of a walk: before is that of the
// cursor, 0 if there is none.
func smoothed(before int, streams []reading) int {
	var rowsPerSecond float64
	var gap int64
	var lead, beyond int // rows of the second met first, and others
	for _, s := range streams {
		rowsPerSecond += float64(s.spread()) / float64(s.covered)
		gap, lead, beyond = max(gap, s.covered), max(lead, s.leading), beyond+s.rows-s.leading
	}
	switch {
	case beyond == 0 && lead > few && (before == 0 || gap*100 <= int64(before*lead)):
		return before // little more than one crowded second was read, which tells nothing of the time between two
	case rowsPerSecond == 0: // a gap: the next page should take longer strides
		return clampSeconds(max(float64(before), 100*float64(gap)) * stride)
	case before == 0:
		return clampSeconds(100 / rowsPerSecond)
	default:
		return clampSeconds((3*float64(before) + 100/rowsPerSecond) / 4)
	}
}

func clampSeconds(seconds float64) int { return int(min(max(seconds, 1), list.MaxSecondsPerHundred)) }
