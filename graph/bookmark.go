package graph

import (
	"encoding/base64"
	"errors"
	"maps"
	"slices"

	"github.com/difygraph/difygraph/graph/follow"
	"github.com/difygraph/difygraph/graph/list"
)

// A bookmark is the `cursor` of an event: the digest of what is subscribed to, and how far each app was told. Its version is none that
// cursors of lists have.
const bookmarkVersion = 'F'

var errNoBookmark = errors.New("not a cursor of an event; take one from `cursor` of this subscription")

func writeBookmark(digest list.Digest, told map[string]follow.Position) string {
	b := append([]byte{bookmarkVersion}, digest[:]...)
	for _, app := range slices.Sorted(maps.Keys(told)) {
		b = append(b, byte(len(app)))
		b = told[app].Append(append(b, app...))
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// readBookmark is lenient with apps that are there no more, whose positions nobody asks for.
func readBookmark(text string, of list.Digest) (map[string]follow.Position, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) < 1+len(of) || b[0] != bookmarkVersion {
		return nil, &list.CursorError{Argument: "after", Reason: errNoBookmark.Error()}
	}
	if list.Digest(b[1:1+len(of)]) != of {
		return nil, &list.CursorError{Argument: "after", Reason: "a cursor of another subscription; one is valid only with the apps and filter of its own"}
	}
	told := make(map[string]follow.Position)
	for rest := b[1+len(of):]; len(rest) > 0; {
		name := int(rest[0])
		if len(rest) < 1+name {
			return nil, &list.CursorError{Argument: "after", Reason: errNoBookmark.Error()}
		}
		app := string(rest[1 : 1+name])
		if told[app], rest, err = follow.ParsePosition(rest[1+name:]); err != nil {
			return nil, &list.CursorError{Argument: "after", Reason: errNoBookmark.Error()}
		}
	}
	return told, nil
}
