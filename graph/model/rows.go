package model

import (
	"context"
	"io"
)

// Rows is a list of a page's rows as the answer has it. It writes itself where gqlgen would go through the list.
type Rows struct {
	pieces [][]byte // of JSON
	done   func(piece []byte)
}

// NewRows takes over the text of a list, in pieces. done is called of each once it is written, and may use its memory again.
func NewRows(pieces [][]byte, done func(piece []byte)) *Rows { return &Rows{pieces, done} }

// restBytes is what mostly comes after a list in an answer.
const restBytes = 2 << 10

// MarshalGQLContext writes the list, once.
func (r *Rows) MarshalGQLContext(_ context.Context, w io.Writer) error {
	pieces := r.pieces
	r.pieces = nil
	for _, piece := range pieces {
		if err := r.write(w, piece); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) write(w io.Writer, piece []byte) error {
	if answer, ok := w.(interface {
		Insert(text []byte, done func([]byte)) bool
	}); ok && answer.Insert(piece, r.done) {
		return nil
	}
	if buffer, ok := w.(interface{ Grow(bytes int) }); ok {
		buffer.Grow(len(piece) + restBytes) // else a few bytes more would make it twice as large
	}
	_, err := w.Write(piece)
	r.done(piece)
	return err
}

// UnmarshalGQLContext is never called: no input has rows.
func (r *Rows) UnmarshalGQLContext(_ context.Context, v any) error {
	return notA("list of rows", v, "an input")
}
