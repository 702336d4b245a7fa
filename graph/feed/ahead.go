package feed

import (
	"context"
	"hash/fnv"
	"math/bits"
)

// This file plans windows toward newer rows where many streams are merged. Each of them has few of a page's rows, if any. So a
// window holds what several pages need of its stream, and its answer serves these as long as it is kept: for that, windows end at
// marks, which do not depend on where a page begins. Each stream has marks of its own, lest all of them come to one on the same page.

const (
	// many streams are more than are asked for their first rows at once, see [reader.next].
	many = atOnce
	// aheadRows is how many rows of a stream a window should hold, and aheadPages how many pages of the list, on average.
	aheadRows, aheadPages = 8, 4
)

// ahead is what is known of the list that a stream is merged into.
type ahead struct {
	rows  int     // of the list that a window should span; 0 where few streams are merged
	page  int     // rows of the list that it should span at least
	pace  float64 // seconds that a row of the list takes; 0 if that is not known
	shown int64   // the last second that a page from the list's end can show; 0 if that is not known
}

// aheadOf plans for pages of so many rows of a list of so many streams; whole is that of the streams.
func aheadOf(streams, page int, whole bool) ahead {
	switch {
	case streams <= many:
		return ahead{}
	case !whole:
		return ahead{rows: min(scanLimit(streams), fitting) * streams, page: page}
	default:
		return ahead{rows: max(aheadRows*streams, aheadPages*page), page: page}
	}
}

// window is the next one of the rest of a stream; false where a page of the list may reach the present or the end of the rest.
func (a ahead) window(key streamKey, rest span, now int64) (span, bool) {
	if a.rows == 0 || a.pace == 0 {
		return rest, false
	}
	from := max(rest.from, a.shown)
	for length := markLength(reach(a.pace, a.rows)); length >= reach(a.pace, a.page); length /= 4 {
		if end := mark(key, from, length); end < min(now, rest.to) {
			return span{rest.from, end}, true
		}
	}
	return rest, false
}

// markLength is the largest power of four that is not more: a little change of pace moves no mark.
func markLength(seconds int64) int64 { return 1 << ((bits.Len64(uint64(seconds)) - 1) &^ 1) }

// mark is the first mark of a stream at or after a second, where it has one every length seconds.
func mark(key streamKey, from, length int64) int64 {
	h := fnv.New64a()
	for _, part := range []string{key.app, string(key.query.Status), key.query.EndUserSessionID} {
		h.Write(append([]byte(part), 0))
	}
	offset := int64(h.Sum64() % uint64(length))
	into := ((from-offset)%length + length) % length
	return from - into + length - 1
}

// readAhead reads on within a window that ends at a mark.
func (s *stream) readAhead(ctx context.Context, w span, wanted int) error {
	head, err := s.askHead(ctx, w, maxLimit, false)
	if err != nil {
		return err
	}
	if ended(head) {
		s.takeWindow(w, head.Rows, wanted)
		return nil
	}
	// A busy stream: how close its own rows come tells more than how close those of the list do.
	s.density.secondsPerRow = float64(length(w, head.Rows)) / float64(head.Total)
	return s.readWindow(ctx, span{w.from, min(w.to, s.guess(wanted).to)}, maxLimit, wanted)
}
