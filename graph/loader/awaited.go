package loader

import (
	"context"
	"sync"

	"github.com/graph-gophers/dataloader/v7"
)

// awaited is a dataloader for fields that may give up before the operation does: each waits under a context of its own. A thunk of
// the dataloader heeds the operation's context alone. So one goroutine for each key waits for the thunk, and the fields wait for it.
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

// await asks for a key under the operation's context, and waits for the answer until ctx ends.
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

// unlessEnded is an answer, or the cause where the context has ended. An answer that is too large for the operation's budget ends
// the context as it arrives: without this look, chance would decide which of the two is returned.
func unlessEnded[V any](ctx context.Context, value V, err error) (V, error) {
	if cause := context.Cause(ctx); cause != nil {
		var none V
		return none, cause
	}
	return value, err
}
