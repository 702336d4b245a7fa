// Package apart keeps large parts of an answer beside it until it is sent. So they are not copied into the rest, and their memory
// is used again once the last byte is out.
package apart

import "context"

// Parts are those of one answer. They are of one goroutine at a time.
type Parts struct{ inserts []insert }

// insert is a text that belongs at an offset of the rest.
type insert struct {
	at   int
	text []byte
	done func(text []byte)
}

type contextKey struct{}

// NewContext has parts of the answer to the context's request kept apart. Whoever sends the answer puts them together.
func NewContext(ctx context.Context) (context.Context, *Parts) {
	p := new(Parts)
	return context.WithValue(ctx, contextKey{}, p), p
}

// Of is what [NewContext] made; nil where an answer is to be in one piece.
func Of(ctx context.Context) *Parts {
	p, _ := ctx.Value(contextKey{}).(*Parts)
	return p
}

// Insert takes over a text that comes at an offset of the rest, after those that were inserted before. done is called once nobody
// needs it any more.
func (p *Parts) Insert(at int, text []byte, done func(text []byte)) {
	p.inserts = append(p.inserts, insert{at, text, done})
}

// Size is how many bytes are held; 0 of nil.
func (p *Parts) Size() (bytes int) {
	if p == nil {
		return 0
	}
	for _, i := range p.inserts {
		bytes += cap(i.text)
	}
	return bytes
}

// Join is the answer, in order, whose rest is given.
func (p *Parts) Join(rest []byte) [][]byte {
	all := make([][]byte, 0, 2*len(p.inserts)+1)
	from := 0
	for _, i := range p.inserts {
		all = append(all, rest[from:i.at], i.text)
		from = i.at
	}
	return append(all, rest[from:])
}

// Drop ends the use of all parts; nil has none.
func (p *Parts) Drop() {
	if p == nil {
		return
	}
	for _, i := range p.inserts {
		i.done(i.text)
	}
	p.inserts = nil
}
