package loader

import (
	"context"
	"sync"
	"time"
)

// flights are calls under way that several may wait for. A call runs under its own context, which keeps the values of the
// first waiter's but ends when the last waiter is gone.
type flights[K comparable, V any] struct {
	mu    sync.Mutex
	byKey map[K]*flight[V]
}

type flight[V any] struct {
	sent    time.Time
	waiters int
	cancel  context.CancelFunc
	landed  chan struct{} // closed once value and err are set
	value   V
	err     error
}

// join waits for a call of the key that began less than maxAge ago, or starts one, and tells whether it did.
func (f *flights[K, V]) join(ctx context.Context, key K, maxAge time.Duration, call func(context.Context) (V, error)) (v V, started bool, err error) {
	f.mu.Lock()
	fl := f.byKey[key]
	if started = fl == nil || time.Since(fl.sent) >= maxAge; started {
		fl = f.start(ctx, key, call)
	}
	fl.waiters++
	f.mu.Unlock()
	select {
	case <-fl.landed:
		return fl.value, started, fl.err
	case <-ctx.Done():
		f.leave(key, fl)
		return v, started, context.Cause(ctx)
	}
}

// start is called with the lock held.
func (f *flights[K, V]) start(ctx context.Context, key K, call func(context.Context) (V, error)) *flight[V] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fl := &flight[V]{sent: time.Now(), cancel: cancel, landed: make(chan struct{})}
	if f.byKey == nil {
		f.byKey = make(map[K]*flight[V])
	}
	f.byKey[key] = fl
	go func() {
		defer cancel()
		fl.value, fl.err = call(ctx)
		f.forget(key, fl)
		close(fl.landed)
	}()
	return fl
}

// leave ends the call with its last waiter. Nobody can join it any more by then.
func (f *flights[K, V]) leave(key K, fl *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.waiters--
	if fl.waiters == 0 {
		f.remove(key, fl)
		fl.cancel()
	}
}

func (f *flights[K, V]) forget(key K, fl *flight[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(key, fl)
}

// remove is called with the lock held. The key may be another call's by now.
func (f *flights[K, V]) remove(key K, fl *flight[V]) {
	if f.byKey[key] == fl {
		delete(f.byKey, key)
	}
}
