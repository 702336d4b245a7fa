package render

import "context"

// roomAtOnce is for how many bytes of a list room is made at once. The first of them are not asked for.
const roomAtOnce = 64 << 10

// room is how large a list may become. Whoever writes it has to look now and then: texts of Dify's are of any length, and each
// can be asked for by many names.
type room struct {
	ctx  context.Context //nolint:containedctx // lives for one call
	more func(ctx context.Context, bytes int) error
	size int
	past int // bytes of pieces that are written
	err  error
}

func newRoom(ctx context.Context, more func(context.Context, int) error) *room {
	return &room{ctx: ctx, more: more, size: roomAtOnce}
}

// holds tells whether there is room for what was written, and for some more.
func (r *room) holds(b []byte) bool {
	written := r.past + len(b)
	if written <= r.size || r.err != nil {
		return r.err == nil
	}
	bytes := max(written-r.size, roomAtOnce)
	if r.err = r.more(r.ctx, bytes); r.err == nil {
		r.size += bytes
	}
	return r.err == nil
}
