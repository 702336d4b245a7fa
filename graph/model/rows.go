package model

import (
	"context"
	"io"
)

// Rows is a list of a page's rows as the answer has it. It writes itself where gqlgen would go through the list.
type Rows struct {
	json []byte
	done func(json []byte)
}

// NewRows takes over the text of a list. done is called once it is written, and may use the memory again.
func NewRows(json []byte, done func(json []byte)) *Rows { return &Rows{json, done} }

// restBytes is what mostly comes after a list in an answer.
const restBytes = 2 << 10

// MarshalGQLContext writes the list, once.
func (r *Rows) MarshalGQLContext(_ context.Context, w io.Writer) error {
	if answer, ok := w.(interface {
		Insert(text []byte, done func([]byte)) bool
	}); ok && answer.Insert(r.json, r.done) {
		r.json = nil
		return nil
	}
	if buffer, ok := w.(interface{ Grow(bytes int) }); ok {
		buffer.Grow(len(r.json) + restBytes) // else a few bytes more would make it twice as large
	}
	_, err := w.Write(r.json)
	r.done(r.json)
	r.json = nil
	return err
}

// UnmarshalGQLContext is never called: no input has rows.
func (r *Rows) UnmarshalGQLContext(_ context.Context, v any) error {
	return notA("list of rows", v, "an input")
}
