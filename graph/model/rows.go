package model

import (
	"context"
	"io"
)

// Rows is a list of a page's rows as the answer has it. It writes itself where gqlgen would go through the list.
type Rows struct{ pieces []Piece }

// Piece is a part of a list's text. Done is called once it is written, and may use its memory again.
type Piece struct {
	JSON []byte
	Done func(json []byte)
}

// NewRows takes over the text of a list.
func NewRows(pieces ...Piece) *Rows { return &Rows{pieces} }

// restBytes is what mostly comes after a list in an answer.
const restBytes = 2 << 10

// MarshalGQLContext writes the list, once.
func (r *Rows) MarshalGQLContext(_ context.Context, w io.Writer) error {
	pieces := r.pieces
	r.pieces = nil
	for _, piece := range pieces {
		if err := piece.write(w); err != nil {
			return err
		}
	}
	return nil
}

func (p Piece) write(w io.Writer) error {
	if answer, ok := w.(interface {
		Insert(text []byte, done func([]byte)) bool
	}); ok && answer.Insert(p.JSON, p.Done) {
		return nil
	}
	if buffer, ok := w.(interface{ Grow(bytes int) }); ok {
		buffer.Grow(len(p.JSON) + restBytes) // else a few bytes more would make it twice as large
	}
	_, err := w.Write(p.JSON)
	p.Done(p.JSON)
	return err
}

// UnmarshalGQLContext is never called: no input has rows.
func (r *Rows) UnmarshalGQLContext(_ context.Context, v any) error {
	return notA("list of rows", v, "an input")
}
