package loader

import (
	"context"
	"fmt"
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

// budget is how much one operation may hold of Dify's answers, shared ones included. Where it is overdrawn, the operation
// waits for no further answer.
type budget struct {
	limit int64
	taken atomic.Int64
	end   context.CancelCauseFunc
}

// take counts bytes as they come, so that an answer which is too large is not read to its end. A nil budget has no limit.
func (b *budget) take(bytes int) {
	if b != nil && b.taken.Add(int64(bytes)) > b.limit {
		b.end(&SizeError{b.limit})
	}
}
