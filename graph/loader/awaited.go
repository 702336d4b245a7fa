package loader

import (
	"context"
	"sync"

	"github.com/graph-gophers/dataloader/v7"
)

// awaited is a loader whose answers are waited for no longer than who asks lives. Its thunks listen to the operation's context alone, so
// each takes a goroutine: one for a key, however many fields of the operation want its answer.
type awaited[K comparable, V any] struct {
	*dataloader.Loader[K, V]

	mu    sync.Mutex
	byKey map[K]*pending[V]
}

// pending is an answer once done is closed.
type pending[V any] struct {
	done  chan struct{}
	value V
	err   error
}

// await asks for a key by the operation's context, and waits as long as its own.
func (a *awaited[K, V]) await(ctx, operation context.Context, key K) (V, error) {
	answer := a.pending(operation, key)
	select {
	case <-answer.done:
		return unlessEnded(ctx, answer.value, answer.err)
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
}

func (a *awaited[K, V]) pending(operation context.Context, key K) *pending[V] {
	a.mu.Lock()
	defer a.mu.Unlock()
	if answer, ok := a.byKey[key]; ok {
		return answer
	}
	answer := &pending[V]{done: make(chan struct{})}
	a.byKey[key] = answer
	thunk := a.Load(operation, key)
	go func() {
		defer close(answer.done)
		answer.value, answer.err = thunk()
	}()
	return answer
}

// unlessEnded is an answer, unless the context has ended: the answer itself may have been too large for what is left of the
// operation's budget. Otherwise chance would tell, since both come at the same time.
func unlessEnded[V any](ctx context.Context, value V, err error) (V, error) {
	if cause := context.Cause(ctx); cause != nil {
		var none V
		return none, cause
	}
	return value, err
}
