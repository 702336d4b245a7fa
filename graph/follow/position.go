package follow

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/graph/list"
)

// Position is how far an app has been told. Any follower of the app can go on from it, in this process or another. It is a value.
type Position struct {
	follower uint64 // whose number it is
	number   int64  // of the last event that was told
	settled  int64  // rows of the seconds up to this one were told or there before
	told     map[mark]told
	partial  bool // told lacks rows that were told, or there before
}

// told is a row that matters to what comes: one of a second that is not settled, or one whose run has not ended.
type told struct {
	second int64
	state  state
}

// skew is how much the clock of a Dify's database may differ from ours.
const skew = 2 * time.Minute

// PositionAt is that of somebody who knows what was there at a time, such as the AsOf of a list, and no more of it. Rows of some
// minutes before it may be told again.
func PositionAt(t time.Time, settle time.Duration) Position {
	return Position{settled: t.Add(-skew - settle).Unix(), partial: true}
}

// snapshot is the position of somebody who knows all that is known here.
func (p *picture) snapshot(follower uint64, number int64) Position {
	at := Position{follower: follower, number: number, settled: p.settled, told: make(map[mark]told)}
	for _, k := range p.rows {
		if at.matters(told{k.second(), stateOf(k.row)}) {
			at.tell(k.row)
		}
	}
	return at
}

// join is the position of somebody who was told what the other one says, too. Of that, this picture may not know all yet.
func (p *picture) join(at, other Position) Position {
	at.settled = max(at.settled, other.settled)
	marks := make(map[mark]bool, len(p.rows))
	for id := range p.rows {
		marks[markOf(id)] = true
	}
	for m, t := range at.told {
		if _, known := other.told[m]; !known && t.second <= other.settled && !other.partial {
			delete(at.told, m) // it has ended, as they know
		}
	}
	for m, t := range other.told {
		if t.state.isFinal() || !marks[m] && (t.second > p.settled || t.second < p.from) {
			at.told[m] = t
		}
	}
	maps.DeleteFunc(at.told, func(_ mark, t told) bool { return !at.matters(t) })
	return at
}

// matters tells whether what was told of a row bears on what comes.
func (p *Position) matters(t told) bool {
	return t.second > p.settled || t.state != 0 && !t.state.isFinal()
}

func (p Position) clone() Position {
	p.told = maps.Clone(p.told)
	return p
}

// tell notes that a row was told.
func (p *Position) tell(row *difyapi.WorkflowLog) {
	if p.told == nil {
		p.told = make(map[mark]told)
	}
	p.told[markOf(row.ID)] = told{secondOf(row), stateOf(row)}
}

// reach notes that all was told up to an event of a follower.
func (p *Position) reach(follower uint64, number, settled int64) {
	p.follower, p.number = follower, number
	if settled > p.settled {
		p.settled = settled
		maps.DeleteFunc(p.told, func(_ mark, t told) bool { return !p.matters(t) })
	}
}

const (
	positionVersion = 1
	// maxTold bounds the rows of a position that is written.
	maxTold = 256
)

var errNotAPosition = errors.New("not a position of a follower")

// Append writes the position: some 20 bytes, and about 11 for each row that may still change or get company in its second, at most
// 256 of them. Of more, those that matter least are left out, and may be told again.
func (p Position) Append(b []byte) []byte {
	marks, partial := p.written()
	b = append(b, positionVersion, toByte(partial))
	b = binary.BigEndian.AppendUint64(b, p.follower)
	b = binary.AppendUvarint(b, uint64(p.number))
	b = binary.AppendVarint(b, p.settled)
	b = binary.AppendUvarint(b, uint64(len(marks)))
	for _, m := range marks {
		t := p.told[m]
		b = binary.AppendVarint(b, t.second-p.settled)
		b = append(append(b, m[:]...), byte(t.state))
	}
	return b
}

func toByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// written are the rows to write: the open ones first, and the newest first.
func (p Position) written() (marks []mark, partial bool) {
	marks = slices.SortedFunc(maps.Keys(p.told), func(a, b mark) int {
		x, y := p.told[a], p.told[b]
		return cmp.Or(cmp.Compare(toByte(x.state.isFinal()), toByte(y.state.isFinal())), cmp.Compare(y.second, x.second), slices.Compare(a[:], b[:]))
	})
	return marks[:min(len(marks), maxTold)], p.partial || len(marks) > maxTold
}

// ParsePosition reads what Append wrote at the beginning of b, and returns what comes after it. A position that is made up is an error
// or, at worst, makes its bearer miss rows or be told them again.
func ParsePosition(b []byte) (p Position, rest []byte, err error) {
	d := decoder{rest: b}
	if d.bytes(1)[0] != positionVersion {
		return Position{}, nil, errNotAPosition
	}
	p.partial = d.bytes(1)[0] == 1
	p.follower = binary.BigEndian.Uint64(d.bytes(8))
	p.number = int64(d.uvarint())
	p.settled = d.varint()
	n := d.uvarint()
	if d.failed || n > maxTold || p.number < 0 || !isSecond(p.settled) {
		return Position{}, nil, errNotAPosition
	}
	p.told = make(map[mark]told, n)
	for range n {
		second := p.settled + d.varint()
		m := mark(d.bytes(len(mark{})))
		s := state(d.bytes(1)[0])
		if d.failed || !isSecond(second) || !s.known() {
			return Position{}, nil, errNotAPosition
		}
		p.told[m] = told{second, s}
	}
	return p, d.rest, nil
}

func isSecond(n int64) bool { return 0 <= n && n <= list.LastSecond }

// decoder takes values off the front; once there are none left it has failed, and gives zeros.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) bytes(n int) []byte {
	if d.failed = d.failed || len(d.rest) < n; d.failed {
		return make([]byte, n)
	}
	head := d.rest[:n]
	d.rest = d.rest[n:]
	return head
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	if n <= 0 {
		d.failed = true
	}
	d.bytes(max(n, 0))
	return v
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.failed = true
	}
	d.bytes(max(n, 0))
	return v
}
