package list

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/google/uuid"
)

// Position is a place in the order of all lists: by second, then by the log entry's id, then by the app's key. The order
// is total and the same for every list, so that a position means the same in a list of one app and in one of many.
type Position struct {
	// Second is created_at in Unix seconds, UTC. Dify keeps whole seconds.
	Second int64
	// ID is the log entry's id. The nil UUID is before every row of its second; see [Edge].
	ID uuid.UUID
	// App is the key by which the configuration names the app.
	App string
}

// compare returns -1 if p is older than q, 0 if they are the same, and +1 if p is newer.
func (p Position) compare(q Position) int {
	if p.Second != q.Second { // as it mostly is
		return cmp.Compare(p.Second, q.Second)
	}
	return cmp.Or(bytes.Compare(p.ID[:], q.ID[:]), strings.Compare(p.App, q.App))
}

// Edge is the position between the rows of second and those of the second before it. It is no row's.
func Edge(second int64) Position { return Position{Second: second} }

// IsEdge tells whether the position is between two seconds, and no row's.
func (p Position) IsEdge() bool { return p.ID == uuid.Nil && p.App == "" }

// Order is the order of a list.
type Order string

// The two orders of a list.
const (
	NewestFirst Order = "NEWEST_FIRST"
	OldestFirst Order = "OLDEST_FIRST"
)

// Direction is the way in which time runs while a list is read: a list that is newest first is read toward older rows
// from its start, and toward newer ones from its end.
type Direction int

// The two directions.
const (
	Older Direction = -1
	Newer Direction = +1
)

func (o Order) direction(backward bool) Direction {
	if (o == OldestFirst) != backward {
		return Newer
	}
	return Older
}

// Compare orders positions as they are met while reading.
func (d Direction) Compare(p, q Position) int { return int(d) * p.compare(q) }
