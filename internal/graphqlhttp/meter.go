package graphqlhttp

import (
	"context"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// meter counts the steps of all passes over one document: a selection, an argument or a value that is looked at. It ends them
// where they have taken too many, or where the request is over.
type meter struct {
	ended <-chan struct{}
	cause func() error
	most  int
	taken int
	next  int // how many are taken when the request is looked at again
}

// stepsBetweenLooks is some microseconds of work.
const stepsBetweenLooks = 256

func newMeter(ctx context.Context, most int) *meter {
	return &meter{ended: ctx.Done(), cause: func() error { return context.Cause(ctx) }, most: most}
}

// abort is what a pass panics with to end itself and all below it: gqlparser's walk has no other way out.
type abort struct{ *failure }

// step takes so many steps, or ends the passes.
func (m *meter) step(n int) {
	m.taken += n
	if m.taken > m.most {
		panic(abort{exceeds("reading the document takes more than %[2]s steps: spread fewer fragments in fragments, "+
			"send operations one by one, and long values in variables", m.taken, m.most)})
	}
	if m.taken < m.next {
		return
	}
	m.next = m.taken + stepsBetweenLooks
	select {
	case <-m.ended:
		panic(abort{&failure{errors: gqlerror.List{gqlerror.Wrap(m.cause())}}})
	default:
	}
}

// orAborted runs passes, and returns what they find or why they ended.
func orAborted(passes func() *failure) (f *failure) {
	defer func() {
		switch panicked := recover().(type) {
		case nil:
		case abort:
			f = panicked.failure
		default:
			panic(panicked)
		}
	}()
	return passes()
}
