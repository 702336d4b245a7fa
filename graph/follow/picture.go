package follow

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/difygraph/difygraph/difyapi"
)

// maxRows bounds how many rows a picture has, open ones aside.
const maxRows = 10_000

// span is a range of seconds, both ends included. Its end may be latest: no bound.
type span struct{ from, to int64 }

const latest = math.MaxInt64

func (s span) has(second int64) bool { return s.from <= second && second <= s.to }

// picture is what is known of an app's log. It is pure: answers in, events out.
type picture struct {
	settle  time.Duration
	from    int64 // the first second from which on all rows are known; latest where nothing is
	settled int64 // the last second in which nothing is expected any more; 0 where none is known to be
	newest  int64 // the newest second that has a row; 0 where none was seen
	rows    map[uuid.UUID]*known
}

// known is a row as it was last told, or could have been.
type known struct {
	row      *difyapi.WorkflowLog
	seen     time.Time // when it was last seen to be so
	gone     bool
	due      time.Time // when it is to be asked for again; zero where it need not
	bySecond bool      // its second is to be read, not the run's detail
}

func newPicture(settle time.Duration) picture {
	return picture{settle: settle, from: latest, rows: make(map[uuid.UUID]*known)}
}

func (k *known) second() int64 { return secondOf(k.row) }

// isReady tells whether all is known that is not settled.
func (p *picture) isReady() bool { return p.from <= p.settled+1 }

// note takes in the rows of a window, oldest first. All of its rows are there, unless it is partial.
func (p *picture) note(w span, rows []*difyapi.WorkflowLog, partial bool, now time.Time) (events []Event) {
	shown := make(map[uuid.UUID]bool, len(rows))
	for _, row := range rows {
		shown[row.ID] = true
		if e, happened := p.meet(row, now); happened {
			events = append(events, e)
		}
	}
	for id, k := range p.rows {
		if !partial && !shown[id] && w.has(k.second()) {
			k.gone, k.due = true, time.Time{} // deletions are not told
		}
	}
	return events
}

// meet notes a row. One that is older than all that is known was there before.
func (p *picture) meet(row *difyapi.WorkflowLog, now time.Time) (e Event, happened bool) {
	p.newest = max(p.newest, secondOf(row))
	k := p.rows[row.ID]
	if k == nil {
		p.rows[row.ID] = &known{row: row, seen: now, due: nextLook(row, now)}
		return Event{Kind: Appeared, Row: row}, secondOf(row) >= p.from
	}
	k.gone = false
	return k.become(row, now)
}

// become notes what the row is like now.
func (k *known) become(row *difyapi.WorkflowLog, now time.Time) (e Event, happened bool) {
	before := k.row
	if happened = differs(before, row); happened || row.WorkflowRun == nil && !row.Unreadable.Has("workflow_run") {
		k.row = row
	}
	k.seen, k.bySecond, k.due = now, false, nextLook(k.row, now)
	return Event{Kind: Changed, Row: row, Before: before}, happened
}

// extend makes the seconds from one on known, which were read down to it.
func (p *picture) extend(from int64) { p.from = min(p.from, from) }

// advance settles seconds after all that is not settled was read, from an answer of that date on.
func (p *picture) advance(date time.Time) {
	second := date.Unix() - int64(quiet/time.Second)
	if p.newest > 0 {
		second = max(second, min(p.newest, date.Unix())-int64(p.settle/time.Second))
	}
	p.settled = max(p.settled, second)
}

// leave gives up the seconds before one, which nobody has read.
func (p *picture) leave(before int64) {
	p.from, p.settled = max(p.from, before), max(p.settled, before-1)
}

// trim forgets the oldest rows where there are too many. Open ones stay, and so does what is not settled.
func (p *picture) trim() {
	if len(p.rows) <= maxRows {
		return
	}
	byAge := slices.SortedFunc(maps.Values(p.rows), func(a, b *known) int { return cmp.Compare(a.second(), b.second()) })
	p.from = max(p.from, min(byAge[len(byAge)-maxRows*9/10].second()+1, p.settled+1))
	maps.DeleteFunc(p.rows, func(_ uuid.UUID, k *known) bool { return k.second() < p.from && k.due.IsZero() })
}
