package render

import (
	"sync"

	"github.com/99designs/gqlgen/graphql"

	"github.com/difygraph/difygraph/graph/model"
)

const (
	// usualRowBytes is what a row with all of its fields takes.
	usualRowBytes = 1 << 10
	// mostPooled is the size in bytes of buffers that are worth keeping.
	mostPooled = 1 << 20
	// pieceBytes is from what size on a list goes on in another buffer: one that grew would be copied again and again.
	pieceBytes = 256 << 10
	// takenFrom is from what size on a value is a piece of its own, and is not copied.
	takenFrom = 16 << 10
)

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// newBuffer is for so many rows.
func newBuffer(rows int) []byte {
	b := (*buffers.Get().(*[]byte))[:0]
	if cap(b) == 0 {
		b = make([]byte, 0, usualRowBytes*rows+2)
	}
	return b
}

func giveBack(b []byte) {
	if cap(b) <= mostPooled {
		b = b[:0]
		buffers.Put(&b)
	}
}

func keepAway([]byte) {}

// pieces are those of a list that are written, for which there was room.
type pieces struct {
	done []model.Piece
	room *room
}

// next ends a piece, and returns the buffer of another.
func (p *pieces) next(b []byte) []byte {
	p.end(b)
	return newBuffer(1)
}

// end ends a piece.
func (p *pieces) end(b []byte) { p.add(model.Piece{JSON: b, Done: giveBack}) }

func (p *pieces) add(piece model.Piece) {
	p.done = append(p.done, piece)
	p.room.past += len(piece.JSON)
}

// rows are all of them; nil where the list could not be written.
func (p *pieces) rows(ok bool) *model.Rows {
	if ok {
		return model.NewRows(p.done...)
	}
	for _, piece := range p.done {
		piece.Done(piece.JSON)
	}
	return nil
}

// members writes what is between an object's braces.
type members struct {
	b     []byte
	to    *pieces
	begun bool
}

// members appends an object without the braces around it.
func (p *pieces) members(b []byte, object graphql.Marshaler) []byte {
	w := members{b: b, to: p}
	object.MarshalGQL(&w)
	return w.b[:len(w.b)-1]
}

// Write never fails.
func (w *members) Write(text []byte) (int, error) {
	n := len(text)
	if !w.begun && n > 0 {
		text, w.begun = text[1:], true
	}
	w.b = append(w.b, text...)
	return n, nil
}

// Take makes a large value a piece of its own.
func (w *members) Take(value []byte) bool {
	if len(value) < takenFrom {
		return false
	}
	w.b = w.to.next(w.b)
	w.to.add(model.Piece{JSON: value, Done: keepAway})
	return true
}
