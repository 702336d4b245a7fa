package model

import (
	"encoding/base64"
	"encoding/binary"

	"github.com/google/uuid"
)

// Node is an object with an id that is unique across the whole API.
type Node interface {
	IsNode()
	ID() string
}

// kind begins an id, so that no two objects of different types share one.
type kind byte

const (
	kindApp     kind = 'A'
	kindLog     kind = 'L'
	kindRun     kind = 'R'
	kindEndUser kind = 'E'
	kindAccount kind = 'M'
)

const idVersion = 1

// id is the beginning of an object's id: its kind and its app. What is appended is what it takes to fetch the object
// again. Ids are opaque, the same on all servers that name the app alike, and hold nothing that a caller may not see.
type id []byte

func newID(k kind, app *DifyApp) id {
	b := append(make(id, 0, 64), idVersion, byte(k), byte(len(app.Key)))
	return append(b, app.Key...)
}

func (b id) uuid(u uuid.UUID) id { return append(b, u[:]...) }

func (b id) second(s int64) id { return binary.AppendVarint(b, s) }

func (b id) String() string { return base64.RawURLEncoding.EncodeToString(b) }
