package difyapi

import (
	"errors"

	"github.com/google/uuid"
)

// ErrNotUUID is wrapped by the error for an id that is no UUID. Nothing was sent: Dify on PostgreSQL would answer 500.
var ErrNotUUID = errors.New("the id is not a UUID of 36 characters")

// ParseUUID reads an id in the form that Dify writes, 36 characters with hyphens, in either case. Other forms of UUIDs, such as
// urn:uuid: and braces, are refused. The error is [ErrNotUUID]; it does not repeat the text.
func ParseUUID(text string) (uuid.UUID, error) {
	if len(text) != len(uuid.Nil.String()) {
		return uuid.Nil, ErrNotUUID
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil, ErrNotUUID
	}
	return id, nil
}
