package loader

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/difygraph/difygraph/graph/code"
	"github.com/difygraph/difygraph/internal/fairshare"
)

// sizeError says that an operation's answers from Dify are together larger than it may hold.
type sizeError struct {
	// Limit is in bytes of JSON.
	Limit int64
}

// Code is the error's code.
func (e *sizeError) Code() code.Code { return code.CostLimitExceeded }

func (e *sizeError) Error() string {
	return fmt.Sprintf("Dify's answers to this operation are together larger than %d MiB; ask for fewer rows at once, or for "+
		"fewer runs with inputs and outputs", e.Limit>>20)
}

// answerError says that an operation's own answer would be larger than it may be.
type answerError struct {
	// Limit is in bytes of JSON.
	Limit int64
}

// Code is the error's code.
func (e *answerError) Code() code.Code { return code.CostLimitExceeded }

func (e *answerError) Error() string {
	return fmt.Sprintf("the answer to this operation may have %d KiB, and would have more; ask for fewer rows at once, for fewer "+
		"of them with inputs, outputs and errors, and for each field once", e.Limit>>10)
}

// fullError says that all operations together hold as much as they may, or that their caller's do.
type fullError struct {
	// Limit of all together is in bytes of JSON.
	Limit int64
}

// Code is the error's code.
func (e *fullError) Code() code.Code { return code.Overloaded }

func (e *fullError) Error() string {
	return fmt.Sprintf("the operations under way, yours or all together, hold as much as they may of %d MiB of answers; try again later", e.Limit>>20)
}

// Allowance is what one operation may take.
type Allowance struct {
	// Calls is how many requests to Dify were foreseen. Extra is how many may come on top of them: second tries, and what
	// nobody could foresee ([Loaders.Extra]).
	Calls, Extra int
	// AnswerBytes is how large the operation's own answer may be, if OperationBytes allow it.
	AnswerBytes int64
}

// pool is what all operations hold together, in bytes, of which each caller has its share.
type pool struct {
	mu    sync.Mutex
	limit int64 // none if 0
	bytes *fairshare.Bytes
}

func newPool(limit int64) *pool { return &pool{limit: limit, bytes: fairshare.New(limit)} }

// claim takes bytes if the caller may have them. An operation without a caller has no share, and may take all that is free.
func (p *pool) claim(caller string, bytes int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	allowed := p.limit == 0 || caller == "" && bytes <= p.bytes.Free() || caller != "" && p.bytes.Allow(p.bytes.Of(caller), bytes)
	if allowed {
		p.bytes.Add(caller, bytes)
	}
	return allowed
}

func (p *pool) giveBack(caller string, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes.Add(caller, -bytes)
}

// operationBytes is what an operation holds from its admission to its end, beside answers and its variables: the stacks of its
// goroutines, and what gqlgen makes of it. It was measured at two thousand that wait.
const operationBytes = 96 << 10

// Hold takes what an operation of the caller holds as long as it is under way, even if it does nothing but wait. The error is a
// [FullError].
func (u *Upstream) Hold(caller string) (release func(), err error) {
	if !u.pool.claim(caller, operationBytes) {
		return nil, u.pool.full()
	}
	return func() { u.pool.giveBack(caller, operationBytes) }, nil
}

func (p *pool) resize(limit int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.limit = limit
	p.bytes.Resize(limit)
}

func (p *pool) full() *fullError {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &fullError{p.limit}
}

// budget is how much one operation may take: requests to Dify, and bytes of answers. Bytes are taken from its caller's share of the
// pool, those of shared answers too. Where Dify's answers need more than there is, the operation's context ends.
type budget struct {
	limit  int64
	pool   *pool
	caller string
	end    context.CancelCauseFunc

	mu      sync.Mutex
	left    Allowance // Calls are those that were foreseen and those beyond
	waiting int       // calls of which nothing is sent
	sent    int       // requests
	taken   int64     // of Dify's answers, and what is made of them
	written int64     // of the operation's own
	closed  bool      // what comes now is nobody's
}

// heldTwice is how many bytes of memory a byte of the operation's own answer takes: one as a value, and one in the answer; or both in
// a buffer that is half full.
const heldTwice = 2

// take counts bytes as they come, so that an answer which is too large is not read to its end. A nil budget has no limit.
// Those for which there is no room end the operation, and are not held.
func (b *budget) take(bytes int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
	case b.taken+int64(bytes) > b.limit:
		b.end(&sizeError{b.limit})
	case !b.pool.claim(b.caller, int64(bytes)):
		b.end(b.pool.full())
	default:
		b.taken += int64(bytes)
	}
}

// write makes room for bytes of the operation's own answer, before they are made; or it says why there is none.
func (b *budget) write(bytes int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if most := min(b.left.AnswerBytes, b.limit/heldTwice); b.written+bytes > most {
		return &answerError{most}
	}
	if !b.pool.claim(b.caller, heldTwice*bytes) {
		return b.pool.full()
	}
	b.written += bytes
	return nil
}

// begin takes one call of the allowance. Its request is counted once it is sent, see pay. It is false where no call is left.
func (b *budget) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.left.Calls == 0 {
		return false
	}
	b.left.Calls--
	b.waiting++
	return true
}

// pay counts the request of a call that has begun. An answer that is shared counts like a request. A nil budget counts nothing.
func (b *budget) pay() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed {
		b.waiting--
		b.sent++
	}
}

// request takes one request to Dify; again says that it is not the first one of its call. It is false where none is left.
func (b *budget) request(again bool) bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.left.Calls == 0 || again && b.left.Extra == 0 {
		return false
	}
	if again {
		b.left.Extra--
	}
	b.left.Calls--
	b.sent++
	return true
}

// probe takes a call of the allowance that [Loaders.Taken] does not count. Whether it is made depends on what other operations have
// asked, which nobody is to learn.
func (b *budget) probe() (payer, bool) {
	if !b.begin() {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting--
	return unreportedCall{b}, true
}

// payer pays for a call, and for what it brings.
type payer interface {
	take(bytes int)
	pay()
	request(again bool) bool
}

// unreportedCall pays for a call that does not count in what the operation reports.
type unreportedCall struct{ *budget }

func (unreportedCall) pay() {}

// call returns what asks, for each request of one call, whether it may be sent: the first is foreseen, those after it are extra.
func (b *budget) call() (allow func() bool) {
	var tried atomic.Bool
	return func() bool { return b.request(tried.Swap(true)) }
}

// extra counts the next call among those that were not foreseen. It is false where no more of these may be made.
func (b *budget) extra() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left.Extra == 0 {
		return false
	}
	b.left.Extra--
	return true
}

// close gives back to the pool what the operation held, but for bytes that it still holds.
func (b *budget) close(still int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.pool.giveBack(b.caller, b.taken+heldTwice*b.written-still)
}
