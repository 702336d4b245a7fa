package loader

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/difygraph/difygraph/difyapi"
	"github.com/difygraph/difygraph/internal/rescue"
)

// sharedCalls are calls under way that several may wait for. A call runs under its own context, which keeps the values of the
// first waiter's but ends when the last waiter is gone.
type sharedCalls[K comparable, V any] struct {
	mu    sync.Mutex
	byKey map[K]*sharedCall[V]
}

type sharedCall[V any] struct {
	sent    time.Time
	cancel  context.CancelFunc
	done    chan struct{} // closed once value and err are set
	value   V
	err     error
	company difyapi.Company // the waiters, to Dify's client
	mu      sync.Mutex
	waiters []payer // each pays for the whole answer
	bytes   int     // of the answer, as far as it has come
	tried   bool    // a request was asked for
}

// join waits for a call of the key that began less than maxAge ago, or starts one, and tells whether it did. The answer is at
// the payer's expense.
func (f *sharedCalls[K, V]) join(ctx context.Context, key K, maxAge time.Duration, by payer, call func(context.Context) (V, error)) (v V, started bool, err error) {
	f.mu.Lock()
	fl := f.byKey[key]
	var part func()
	if started = fl == nil || time.Since(fl.sent) >= maxAge; started {
		fl, part = f.start(ctx, key, by, call)
	} else {
		part = fl.join(ctx, by)
	}
	f.mu.Unlock()
	defer part()
	select {
	case <-fl.done:
		return fl.value, started, fl.err
	case <-ctx.Done():
		f.leave(key, fl, by)
		return v, started, context.Cause(ctx)
	}
}

// start is called with the lock held. The call asks its waiters at once, of whom the payer is the first.
func (f *sharedCalls[K, V]) start(ctx context.Context, key K, by payer, call func(context.Context) (V, error)) (fl *sharedCall[V], part func()) {
	fl = &sharedCall[V]{sent: time.Now(), done: make(chan struct{})}
	part = fl.join(ctx, by)
	ctx, fl.cancel = context.WithCancel(difyapi.WithCompany(context.WithoutCancel(ctx), &fl.company))
	if f.byKey == nil {
		f.byKey = make(map[K]*sharedCall[V])
	}
	f.byKey[key] = fl
	go func() {
		defer fl.cancel()
		fl.err = rescue.Call(func() (err error) {
			fl.value, err = call(difyapi.WithAllowance(difyapi.WithMeter(ctx, fl.charge), fl.request))
			return err
		})
		f.forget(key, fl)
		close(fl.done)
	}()
	return fl, part
}

// join adds a waiter, who pays for what was sent and has come, too. Where the call waits for its turn it does so on the waiter's
// behalf as well, until part.
func (fl *sharedCall[V]) join(ctx context.Context, by payer) (part func()) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	fl.waiters = append(fl.waiters, by)
	if fl.tried {
		by.pay()
	}
	by.take(fl.bytes)
	return fl.company.Join(ctx)
}

// charge lets all waiters pay for what comes.
func (fl *sharedCall[V]) charge(bytes int) {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	fl.bytes += bytes
	for _, payer := range fl.waiters {
		payer.take(bytes)
	}
}

// request lets all waiters pay for the first request, and the first of them who can for what is sent again; whoever began the
// call may be gone.
func (fl *sharedCall[V]) request() bool {
	fl.mu.Lock()
	defer fl.mu.Unlock()
	if !fl.tried {
		fl.tried = true
		for _, payer := range fl.waiters {
			payer.pay()
		}
		return true
	}
	return slices.ContainsFunc(fl.waiters, func(p payer) bool { return p.request(true) })
}

// leave ends the call with its last waiter. Nobody can join it any more by then.
func (f *sharedCalls[K, V]) leave(key K, fl *sharedCall[V], by payer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fl.mu.Lock()
	defer fl.mu.Unlock()
	i := slices.Index(fl.waiters, by)
	fl.waiters = slices.Delete(fl.waiters, i, i+1)
	if len(fl.waiters) == 0 {
		f.remove(key, fl)
		fl.cancel()
	}
}

func (f *sharedCalls[K, V]) forget(key K, fl *sharedCall[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.remove(key, fl)
}

// remove is called with the lock held. The key may be another call's by now.
func (f *sharedCalls[K, V]) remove(key K, fl *sharedCall[V]) {
	if f.byKey[key] == fl {
		delete(f.byKey, key)
	}
}
