package loader

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// SizeError says that an operation's answers from Dify are together larger than it may hold.
type SizeError struct {
	// Limit is in bytes of JSON.
	Limit int64
}

func (e *SizeError) Error() string {
	return fmt.Sprintf("Dify's answers to this operation are together larger than %d MiB; ask for fewer rows at once, or for "+
		"fewer runs with inputs and outputs", e.Limit>>20)
}

// FullError says that all operations together hold as much of Dify's answers as they may.
type FullError struct {
	// Limit is in bytes of JSON.
	Limit int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("Dify's answers to all operations under way are together larger than %d MiB", e.Limit>>20)
}

// pool is what all operations hold together, in bytes; without a limit if that is 0.
type pool struct {
	limit int64
	held  atomic.Int64
}

// budget is how much one operation may hold of Dify's answers, shared ones included, out of the pool. Where either is
// overdrawn, the operation waits for no further answer.
type budget struct {
	limit int64
	pool  *pool
	end   context.CancelCauseFunc

	mu     sync.Mutex
	taken  int64
	closed bool // what comes now is nobody's
}

// take counts bytes as they come, so that an answer which is too large is not read to its end. A nil budget has no limit.
func (b *budget) take(bytes int) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.taken += int64(bytes)
	switch held := b.pool.held.Add(int64(bytes)); {
	case b.taken > b.limit:
		b.end(&SizeError{b.limit})
	case b.pool.limit > 0 && held > b.pool.limit:
		b.end(&FullError{b.pool.limit})
	}
}

// close gives back to the pool what the operation held.
func (b *budget) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.pool.held.Add(-b.taken)
}
