package render

import (
	"encoding/binary"

	"github.com/maypok86/otter/v2"

	"github.com/difygraph/difygraph/graph/list"
)

// texts keep lists as they were written, by all that their text depends on: the plan, which is of one selection and of what the
// viewer may see, and which readings of which rows they show. So a text serves only who has these very rows from elsewhere, and
// may see as much of them: whether they are young enough, and the viewer's, was decided there. Nothing is kept of lists that are
// written once: a walk would only push out the others. Nil keeps nothing.
type texts struct{ byIdentity *otter.Cache[string, *text] }

// text is a list of rows; without JSON it was written once.
type text struct {
	json []byte // which nobody changes
	room int    // that was made for it in the answer
}

// textBytes is what an entry takes beside its key and its text.
const textBytes = 512

// newTexts keeps those that are asked for most often, in so many bytes. There is nothing to stop: it works in the caller's goroutine.
func newTexts(bytes int) *texts {
	return &texts{otter.Must(&otter.Options[string, *text]{
		MaximumWeight: uint64(bytes),
		Weigher:       func(key string, t *text) uint32 { return uint32(len(key) + cap(t.json) + textBytes) },
		Executor:      func(f func()) { f() },
	})}
}

// key is empty where a text can't be kept: where calls were made for it, or another operation has another plan.
func (t *texts) key(p *plan, page *list.Page) string {
	if t == nil || p.serial == 0 || len(p.parts) > 0 || len(page.Rows) == 0 {
		return ""
	}
	b, ok := page.AppendIdentity(binary.AppendUvarint(make([]byte, 0, 2<<10), p.serial))
	if !ok {
		return ""
	}
	return string(b)
}

// find is nil where there is none.
func (t *texts) find(key string) *text {
	if key == "" {
		return nil
	}
	if found, ok := t.byIdentity.GetIfPresent(key); ok && found.json != nil {
		return found
	}
	return nil
}

// keep copies a text that was written before.
func (t *texts) keep(key string, json []byte, room int) {
	if key == "" {
		return
	}
	kept := new(text)
	if _, again := t.byIdentity.GetIfPresent(key); again {
		kept.json, kept.room = append(kept.json, json...), room
	}
	t.byIdentity.Set(key, kept)
}
