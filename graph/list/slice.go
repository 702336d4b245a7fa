package list

// DefaultPageSize and MaxPageSize are in rows.
const (
	DefaultPageSize = 20
	MaxPageSize     = 100
)

// Slice is the part of a list that a page shows, as Relay's arguments say it.
type Slice struct {
	Count    int
	Backward bool    // reading begins at the list's end or at before, not at its start or after
	From     *Cursor // where reading begins; nil at an end of the list
	Until    *Cursor // where the page ends at the latest
}

// NewSlice checks the arguments of a connection. Nothing is clamped in silence.
func NewSlice(list List, first *int, after *string, last *int, before *string) (Slice, error) {
	s := Slice{Count: DefaultPageSize, Backward: last != nil}
	argument, count := "first", first
	if s.Backward {
		argument, count = "last", last
	}
	switch {
	case first != nil && last != nil:
		return s, NewInputError("first", "give either first or last, not both")
	case count != nil && (*count < 1 || *count > MaxPageSize):
		return s, NewInputError(argument, "must be from 1 to %d, not %d", MaxPageSize, *count)
	case count != nil:
		s.Count = *count
	}
	var err error
	if s.From, err = list.cursor("after", after); err != nil {
		return s, err
	}
	if s.Until, err = list.cursor("before", before); err != nil {
		return s, err
	}
	if s.Backward {
		s.From, s.Until = s.Until, s.From
	}
	return s, nil
}

// cursor reads a cursor of this list. An empty text is none: clients that keep cursors as text write an empty one for the null cursor
// of an empty list.
func (l List) cursor(argument string, text *string) (*Cursor, error) {
	if text == nil || *text == "" {
		return nil, nil
	}
	c, err := ParseCursor(*text)
	if err != nil {
		return nil, &CursorError{argument, "not a cursor of this API; take one from edges.cursor or pageInfo of this list"}
	}
	if c.Digest != l.digest {
		return nil, &CursorError{argument, "a cursor of another list; one is valid only with the apps, filter and order of " +
			"the list that it came from"}
	}
	return &c, nil
}
