package list

import (
	"encoding/base64"
	"encoding/binary"
	"errors"

	"github.com/google/uuid"
)

// Digest tells lists apart.
type Digest [digestSize]byte

// Cursor is a bookmark: a position in one list. It is opaque to clients and no secret: it opens nothing that its bearer
// may not read anyway, so it is not signed, and it holds over restarts and replicas.
type Cursor struct {
	// Digest is that of the list which the cursor belongs to, see [List.Digest].
	Digest   Digest
	Position Position
	Hints    Hints
}

// Hints are what the reading of a page taught about its neighbourhood. They choose limits and windows of the next
// calls, never what is skipped: a wrong hint costs calls, not rows.
type Hints struct {
	// Crowd is how many rows the position's second had in its app, where it was more than a few; else 0.
	Crowd int
	// Newer is how many of them are at or after the position; 0 where Crowd is.
	Newer int
	// SecondsPerHundred is how many seconds a hundred rows took thereabouts, over all streams of the list; 0 if unknown.
	SecondsPerHundred int
}

const (
	cursorVersion = 1
	digestSize    = 8
	maxAppKey     = 64
	// MaxCrowd is more than a crowded second can be read to have; see feed.SecondCalls.
	MaxCrowd = 1 << 16
	// MaxSecondsPerHundred is some thirty years.
	MaxSecondsPerHundred = 1_000_000_000
)

var errNotACursor = errors.New("not a cursor of this API")

// String gives the cursor as clients see it: base64url without padding, about 60 characters.
func (c Cursor) String() string { return string(c.Append(nil)) }

// Append appends what [Cursor.String] gives to text.
func (c Cursor) Append(text []byte) []byte {
	b := make([]byte, 0, 128)
	b = append(b, cursorVersion)
	b = append(b, c.Digest[:]...)
	b = binary.AppendVarint(b, c.Position.Second)
	b = append(b, c.Position.ID[:]...)
	b = binary.AppendUvarint(b, uint64(len(c.Position.App)))
	b = append(b, c.Position.App...)
	for _, hint := range []int{c.Hints.Crowd, c.Hints.Newer, c.Hints.SecondsPerHundred} {
		b = binary.AppendUvarint(b, uint64(hint))
	}
	return base64.RawURLEncoding.AppendEncode(text, b)
}

// ParseCursor reads what [Cursor.String] wrote, and nothing else: there is one text for each cursor.
func ParseCursor(text string) (Cursor, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Cursor{}, errNotACursor
	}
	c := decodeCursor(b)
	if c.check() != nil || c.String() != text {
		return Cursor{}, errNotACursor
	}
	return c, nil
}

// decodeCursor is lenient: what is wrong or missing shows when the cursor is written again.
func decodeCursor(b []byte) (c Cursor) {
	if len(b) == 0 || b[0] != cursorVersion {
		return c
	}
	d := decoder{b[1:]}
	copy(c.Digest[:], d.bytes(digestSize))
	c.Position.Second = d.varint()
	c.Position.ID, _ = uuid.FromBytes(d.bytes(len(uuid.UUID{})))
	c.Position.App = string(d.bytes(d.uvarint(maxAppKey)))
	c.Hints = Hints{Crowd: d.uvarint(MaxCrowd), Newer: d.uvarint(MaxCrowd), SecondsPerHundred: d.uvarint(MaxSecondsPerHundred)}
	return c
}

// check refuses what no row has, and no edge between the seconds of rows.
func (c Cursor) check() error {
	last := int64(LastSecond)
	if c.Position.IsEdge() {
		last++ // reading toward older rows stops above the second that it has not read
	}
	if c.Position.Second < FirstSecond || c.Position.Second > last || c.Hints.Newer > c.Hints.Crowd {
		return errNotACursor
	}
	return nil
}

// decoder takes bytes off the front, and zeros where there are none or the number is out of range.
type decoder struct{ rest []byte }

func (d *decoder) bytes(n int) []byte {
	n = min(n, len(d.rest))
	head := d.rest[:n]
	d.rest = d.rest[n:]
	return head
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.rest)
	d.bytes(max(n, 0))
	return v
}

func (d *decoder) uvarint(limit uint64) int {
	v, n := binary.Uvarint(d.rest)
	d.bytes(max(n, 0))
	if v > limit {
		return 0
	}
	return int(v)
}
