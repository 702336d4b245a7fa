package model

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/google/uuid"
)

// Node is an object with an id that is unique across the whole API.
type Node interface {
	IsNode()
	ID() string
}

// Kind begins an id, so that no two objects of different types share one.
type Kind byte

// The kinds of objects that have an id.
const (
	KindApp     Kind = 'A'
	KindLog     Kind = 'L'
	KindRun     Kind = 'R'
	KindEndUser Kind = 'E'
	KindAccount Kind = 'M'
	// KindExecution is of what can't be fetched again: there is no such id for [ParseID].
	KindExecution Kind = 'N'
)

const idVersion = 1

// ID is what an object's id says: what it takes to fetch the object again, and nothing that not every caller may see. It is
// opaque to clients, and the same on all servers that name the app alike.
type ID struct {
	Kind Kind
	// App is the app's key.
	App string
	// UUID is Dify's own id, of all but apps.
	UUID uuid.UUID
	// Second is of log entries, for which Dify has no way to ask: when it was made, in Unix seconds.
	Second int64
	// Run is of ids of log entries as they once were: the entry's run. It is read, and no longer given away.
	Run uuid.UUID
}

func (i ID) String() string { return string(i.Append(nil)) }

// Append appends the id to text.
func (i ID) Append(text []byte) []byte {
	b := append(make([]byte, 0, 128), idVersion, byte(i.Kind), byte(len(i.App)))
	b = append(b, i.App...)
	if i.Kind != KindApp {
		b = append(b, i.UUID[:]...)
	}
	if i.Kind == KindLog {
		b = binary.AppendVarint(b, i.Second)
	}
	if i.Run != uuid.Nil {
		b = append(b, i.Run[:]...)
	}
	return base64.RawURLEncoding.AppendEncode(text, b)
}

var errNoID = errors.New("not an id of this API; take one from a field `id`")

// ParseID reads an id. That the app and the object are there, and that the caller may read them, is not known by that.
func ParseID(text string) (ID, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 3 || b[0] != idVersion || len(b) < 3+int(b[2]) {
		return ID{}, errNoID
	}
	i := ID{Kind: Kind(b[1]), App: string(b[3 : 3+int(b[2])])}
	if !i.parse(b[3+int(b[2]):]) || i.String() != text {
		return ID{}, errNoID // there is one way to write an id, so that caches hold no object twice
	}
	return i, nil
}

// parse reads what comes after the app.
func (i *ID) parse(rest []byte) bool {
	switch i.Kind {
	case KindApp:
		return len(rest) == 0
	case KindRun, KindEndUser, KindAccount:
		return cut(&rest, i.UUID[:]) && len(rest) == 0
	case KindLog:
		if !cut(&rest, i.UUID[:]) {
			return false
		}
		second, n := binary.Varint(rest)
		if n <= 0 {
			return false
		}
		i.Second, rest = second, rest[n:]
		return len(rest) == 0 || cut(&rest, i.Run[:]) && len(rest) == 0
	default:
		return false
	}
}

// cut moves bytes from the beginning of rest.
func cut(rest *[]byte, to []byte) bool {
	if len(*rest) < len(to) {
		return false
	}
	copy(to, *rest)
	*rest = slices.Clone((*rest)[len(to):])
	return true
}
