package graph

import (
	"bytes"
	"context"
	"io"
	"maps"
	"sync"
	"sync/atomic"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/graph/loader"
	"github.com/difygraph/difygraph/internal/apart"
)

// account is what one operation has taken so far.
type account struct {
	estimate  *estimate
	loaders   *loader.Loaders
	rows      atomic.Int64 // that its lists have shown
	rowsPrice atomic.Int64
	stripped  sync.Map // inputs and the like without what names a person, by where they came from
	answer    answerRoom

	mu       sync.Mutex
	claimed  int64                // bytes of the answer that have room already
	rendered int64                // bytes of rows that have been written
	failed   map[string]code.Code // of apps that lists have left out; nil if none
}

type accountKey struct{}

// fieldBytes is about what a field holds until it is written.
const fieldBytes = 200

func newAccount(e *estimate, l *loader.Loaders) *account {
	l.Hold(e.described * fieldBytes)
	return &account{estimate: e, loaders: l, answer: answerRoom{loaders: l, left: roomAtOnce}}
}

func accountOf(ctx context.Context) *account {
	a, _ := ctx.Value(accountKey{}).(*account)
	return a
}

// countRows notes the rows of a page that an operation shows.
func countRows(ctx context.Context, n int) {
	a := accountOf(ctx)
	shown := a.estimate.extents[graphql.GetFieldContext(ctx).Field.Field]
	a.rows.Add(int64(n))
	a.rowsPrice.Add(int64(n * shown.price))
	a.loaders.Hold(n * shown.fields * fieldBytes)
}

// leaveOut notes that a list goes without an app that failed.
func (a *account) leaveOut(app string, c code.Code) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed == nil {
		a.failed = make(map[string]code.Code)
	}
	a.failed[app] = c
}

// claim makes room in the answer for a large value, before there are as many of it as it has aliases.
func claim(ctx context.Context, value jsontext.Value) (jsontext.Value, error) {
	a := accountOf(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	return value, a.claim(int64(len(value)))
}

// claim is called with the lock held.
func (a *account) claim(bytes int64) error {
	err := a.loaders.Write(int(bytes))
	if err == nil {
		a.claimed += bytes
	}
	return err
}

// renderRows makes room for rows that are about to be written, as far as what is in them has none yet.
func renderRows(ctx context.Context, bytes int) error {
	a := accountOf(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rendered += int64(bytes)
	if a.rendered <= a.claimed {
		return nil
	}
	return a.claim(a.rendered - a.claimed)
}

// cost is what the operation has taken.
func (a *account) cost(limit int) Cost {
	a.mu.Lock()
	defer a.mu.Unlock()
	return Cost{
		Price: a.estimate.price, Foreseen: a.estimate.foreseen, Limit: limit, Spent: a.spent(), Rows: int(a.rows.Load()),
		FailedApps: maps.Clone(a.failed),
	}
}

// spent is the price of what the operation has taken.
func (a *account) spent() int {
	return a.estimate.spent(a.loaders.Taken(), int(a.rowsPrice.Load()))
}

// settle gives the bytes that an answer holds. One that had no room is none.
func (a *account) settle(ctx context.Context, response *graphql.Response) (bytes int) {
	if response == nil {
		return 0
	}
	if err := a.answer.err; err != nil {
		a.answer.apart.Drop()
		response.Data = []byte("null")
		response.Errors = append(gqlerror.List{Present(ctx, err)}, response.Errors...)
	}
	return cap(response.Data) + a.answer.apart.Size()
}

// InterceptRootField counts what a field writes into the answer.
func (operations) InterceptRootField(ctx context.Context, next graphql.RootResolver) graphql.Marshaler {
	field := next(ctx)
	if field == graphql.Null || field == graphql.RequiredNull {
		return field // which gqlgen has to know again
	}
	a := accountOf(ctx)
	return graphql.WriterFunc(func(w io.Writer) {
		a.answer.apart = apart.Of(ctx)
		a.answer.open(w, a.claimed, a.rendered)
		field.MarshalGQL(&a.answer)
	})
}

// roomAtOnce is for how many bytes of an answer room is made at once. The first of them are not counted: an answer without any
// large value has no more.
const roomAtOnce = 64 << 10

// answerRoom passes an answer on as long as there is room for it. It is written by one goroutine.
type answerRoom struct {
	loaders *loader.Loaders
	to      io.Writer
	apart   *apart.Parts // nil where all goes to the writer
	left    int64
	claimed int64 // part of what there was room for
	err     error // why there is no more room
}

// open begins a field of an answer of which so many bytes have room already, and so many of these are rows.
func (r *answerRoom) open(to io.Writer, claimed, rows int64) {
	r.to = to
	if more := claimed - r.claimed; more > 0 {
		r.claimed = claimed
		r.left += more
		if r.apart != nil {
			more = max(0, more-rows)
		}
		r.Grow(int(more))
	}
}

// Grow is for a buffer, which need not grow by and by where it is known how large it will be.
func (r *answerRoom) Grow(n int) {
	if buffer, ok := r.to.(interface{ Grow(n int) }); ok && r.err == nil {
		buffer.Grow(n)
	}
}

// Insert takes over a text as if it were written, and is false where it has to be.
func (r *answerRoom) Insert(text []byte, done func([]byte)) bool {
	buffer, ok := r.to.(*bytes.Buffer)
	if !ok || r.apart == nil {
		return false
	}
	if r.take(len(text)) {
		r.apart.Insert(buffer.Len(), text, done)
	} else {
		done(text)
	}
	return true
}

// Write never fails: whoever writes an answer does not look.
func (r *answerRoom) Write(p []byte) (int, error) {
	if r.take(len(p)) {
		_, _ = r.to.Write(p)
	}
	return len(p), nil
}

// WriteString is [answerRoom.Write].
func (r *answerRoom) WriteString(s string) (int, error) {
	if r.take(len(s)) {
		_, _ = io.WriteString(r.to, s)
	}
	return len(s), nil
}

func (r *answerRoom) take(n int) bool {
	r.left -= int64(n)
	if r.left >= 0 || r.err != nil {
		return r.err == nil
	}
	more := max(-r.left, roomAtOnce)
	r.err = r.loaders.Write(int(more))
	r.left += more
	return r.err == nil
}
